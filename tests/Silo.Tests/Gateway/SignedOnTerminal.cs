using Lakala.Grains.Tests;
using Lakala.Silo.Gateway;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Gateway;

/// <summary>For tests of a terminal that is signed on: each test has a new one.</summary>
public abstract class SignedOnTerminal(SwipeCluster cluster) : IClassFixture<SwipeCluster>, IAsyncLifetime
{
    private protected SwipeCluster Cluster => cluster;

    private protected FakeTimeProvider Time { get; } = new();

    private protected LineWatch Watch { get; private set; } = null!;

    private protected GatewayDevice Device { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Watch = new LineWatch(Options.Create(new TerminalGatewayOptions()), Time, NullLogger<LineWatch>.Instance);
        Device = await GatewayDevice.SignOn(cluster, Watch, Time);
    }

    public async ValueTask DisposeAsync()
    {
        await Device.DisposeAsync();
        Watch.Dispose();
        GC.SuppressFinalize(this);
    }
}
