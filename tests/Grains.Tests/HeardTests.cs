using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Lakala.Grains.Storage;
using Lakala.Silo;
using Lakala.Wire;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Grains.Tests;

/// <summary>Which terminals the gateway takes as heard.</summary>
public sealed class HeardTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_device_whose_master_key_was_replaced_is_told_to_sign_on_and_its_terminal_is_not_heard_by_it()
    {
        var terminal = await cluster.NewTerminal();
        var (master, provisioning) = (MasterKey.NewKey(), new ProvisioningStore(cluster.Books.Database));
        await provisioning.ReplaceMasterKey(terminal.Id, master, "test", Stop);
        await terminal.Grain.Refresh();
        var time = new FakeTimeProvider();
        using var watch = new LineWatch(Options.Create(new TerminalGatewayOptions()), time, NullLogger<LineWatch>.Instance);
        await using var device = new Device(cluster, watch, time, terminal.Id, new MasterKey(master));
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

    /// <summary>A terminal on a line to a gateway without a network between them.</summary>
    private sealed class Device : IAsyncDisposable
    {
        private readonly Pipe _there = new(), _back = new();
        private readonly DefaultConnectionContext _connection;
        private readonly Task _serving;
        private readonly TimeProvider _time;
        private readonly MasterKey _master;
        private readonly string _terminal;
        private MessageMac? _mac;
        private int _keySet, _stan;

        public Device(SwipeCluster cluster, LineWatch watch, TimeProvider time, string terminal, MasterKey master)
        {
            (_time, _terminal, _master) = (time, terminal, master);
            _connection = new DefaultConnectionContext("line") { RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 1), Transport = new Line(_there.Reader, _back.Writer) };
            _connection.Features.Set<IConnectionLifetimeNotificationFeature>(new Lifetime());
            var gateway = new TerminalGateway(cluster.Silos.Grains, new OpenVault(), watch, new MacFailures(time, NullLogger<MacFailures>.Instance), time, NullLogger<TerminalGateway>.Instance);
            _serving = gateway.OnConnectedAsync(_connection);
        }

        public async Task SignOn()
        {
            var request = new SignOnRequest(From(), _time.GetUtcNow(), new byte[SignOnRequest.NonceLength], "1", "en").ToIso();
            var answer = SignOnAnswer.FromIso(await Ask(request, _master.SignOnMac));
            (_mac, _keySet) = (new MessageMac(_master.Unwrap(answer.MacKey)), answer.KeySet);
        }

        /// <returns>The code of its authentic answer.</returns>
        public async Task<string> Echo() => NetworkAnswer.FromIso(await Ask(new NetworkRequest(From(), NetworkCode.Echo, _keySet).ToIso(), _mac!)).Verdict.Code;

        public async ValueTask DisposeAsync()
        {
            await _there.Writer.CompleteAsync();
            await _serving;
            await _connection.DisposeAsync();
            _master.Dispose();
        }

        private Origin From() => new(_terminal, Books.Store, ++_stan);

        private async Task<Iso8583Message> Ask(Iso8583Message request, MessageMac mac)
        {
            Iso8583Frame.Write(_there.Writer, request, mac);
            await _there.Writer.FlushAsync(Stop);
            while (true)
            {
                var read = await _back.Reader.ReadAsync(Stop);
                var buffer = read.Buffer;
                if (Iso8583Frame.TryRead(ref buffer, out var frame))
                {
                    var bytes = frame.ToArray();
                    _back.Reader.AdvanceTo(buffer.Start);
                    var answer = Iso8583Codec.Decode(bytes);
                    mac.Verify(answer, bytes).Should().BeTrue();
                    return answer;
                }

                _back.Reader.AdvanceTo(buffer.Start, buffer.End);
            }
        }
    }

    private sealed record Line(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class Lifetime : IConnectionLifetimeNotificationFeature
    {
        public CancellationToken ConnectionClosedRequested { get; set; }

        public void RequestClose()
        {
        }
    }

    /// <summary>Keeps keys as they are.</summary>
    private sealed class OpenVault : IKeyVault
    {
        public byte[] Wrap(ReadOnlySpan<byte> key) => key.ToArray();

        public byte[] Unwrap(ReadOnlySpan<byte> wrapped) => wrapped.ToArray();
    }
}
