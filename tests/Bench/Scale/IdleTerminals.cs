namespace Lakala.Bench.Scale;

/// <summary>The silo's memory for a terminal that is signed on, over TLS, and sends heartbeats: of many, less that of a tenth of them.</summary>
internal sealed class IdleTerminals(int terminals) : IScalePart
{
    public const string PartName = "idle";

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(30), Settle = TimeSpan.FromSeconds(60), Span = TimeSpan.FromSeconds(30);

    public string Name => PartName;

    public long DiskBytes => 2_000_000_000;

    public async Task<IReadOnlyDictionary<string, double>> Measure(CancellationToken stop)
    {
        var few = Math.Max(1, terminals / 10);
        OpenFiles.Require(few + terminals);
        await using var network = await BenchNetwork.Start(few + terminals, 0, ScaleBench.Say, stop);
        ScaleBench.Say($"{few:N0} terminals sign on");
        await using var first = await BeatingSwarm.Start(network, "few", [.. network.Seed.Terminals.Take(few)], Heartbeat, stop);
        var before = await Read();
        ScaleBench.Say($"{terminals:N0} more sign on");
        await using var more = await BeatingSwarm.Start(network, "many", [.. network.Seed.Terminals.Skip(few).Take(terminals)], Heartbeat, stop);
        var after = await Read();
        return new Dictionary<string, double> { ["idle_terminal_kb"] = (after - before) / 1_024.0 / terminals };

        async Task<long> Read()
        {
            await Task.Delay(Settle, stop);
            return await ResidentMemory.ReadLeast(network.Silo.Id, Span, stop);
        }
    }
}
