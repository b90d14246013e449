using Lakala.Storage.Swipes;
using Lakala.Testing;

namespace Lakala.Grains.Tests;

/// <summary>A silo whose line to PostgreSQL the test breaks, with a terminal.</summary>
public sealed class FragileSilo(TestLine line, Silos silos, TestTerminal terminal) : IAsyncDisposable
{
    public TestLine Line => line;

    public Silos Silos => silos;

    public TestTerminal Terminal => terminal;

    public static async Task<FragileSilo> Start(SwipeCluster cluster, SwipeOptions? timers = null)
    {
        var line = new TestLine(cluster.Books.ConnectionString);
        var silos = await Silos.Start(line.ConnectionString, cluster.Bank, timers);
        return new FragileSilo(line, silos, await cluster.NewTerminal(silos));
    }

    public async ValueTask DisposeAsync()
    {
        await silos.DisposeAsync();
        await line.DisposeAsync();
    }
}
