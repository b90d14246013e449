using Lakala.Grains.Tests;
using Lakala.Silo.Gateway;
using Lakala.Storage.Stores;
using Lakala.Vocabulary;
using Lakala.Wire.Keys;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Gateway;

/// <summary>Which terminals count as heard at the gateway.</summary>
public sealed class HeardTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_device_with_a_replaced_master_key_must_sign_on_and_does_not_count_as_heard()
    {
        var terminal = await cluster.NewTerminal();
        var (master, provisioning) = (MasterKey.NewKey(), new ProvisioningRows(cluster.Books.Database));
        await provisioning.ReplaceMasterKey(terminal.Id, master, "test", Stop);
        await terminal.Grain.Refresh();
        var time = new FakeTimeProvider();
        using var watch = new LineWatch(Options.Create(new TerminalGatewayOptions()), time, NullLogger<LineWatch>.Instance);
        await using var device = new GatewayDevice(cluster.Silos.Grains, watch, time, terminal.Id, new MasterKey(master));
        await device.SignOn();
        (await device.Echo()).Should().Be(ResponseCodes.Approved);
        watch.HeardSince(0).Should().ContainKey(terminal.Id);

        await provisioning.ReplaceMasterKey(terminal.Id, MasterKey.NewKey(), "test", Stop);
        await terminal.Grain.Refresh();
        time.Advance(TimeSpan.FromSeconds(1));
        var since = time.GetTimestamp();

        (await device.Echo()).Should().Be(ResponseCodes.SignOnFirst, "its MAC is right, and its keys have ended");
        watch.HeardSince(since).Should().BeEmpty();
    }
}
