using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Lakala.Grains.Tests;
using Lakala.Silo.Gateway;
using Lakala.Storage;
using Lakala.Storage.Stores;
using Lakala.Testing;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lakala.Silo.Tests.Gateway;

/// <summary>A terminal on a line to a gateway without a network between them.</summary>
internal sealed class GatewayDevice : IAsyncDisposable
{
    private readonly Pipe _there = new(), _back = new();
    private readonly DefaultConnectionContext _connection;
    private readonly Task _serving;
    private readonly TimeProvider _time;
    private readonly MasterKey _master;
    private readonly string _terminal;
    private MessageMac? _mac;
    private int _keySet, _stan;

    public GatewayDevice(IGrainFactory grains, LineWatch watch, TimeProvider time, string terminal, MasterKey master)
    {
        (_time, _terminal, _master) = (time, terminal, master);
        _connection = new DefaultConnectionContext("line") { RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 1), Transport = new Line(_there.Reader, _back.Writer) };
        _connection.Features.Set<IConnectionLifetimeNotificationFeature>(new Lifetime());
        var gateway = new TerminalGateway(grains, new OpenVault(), watch, new MacFailures(time, NullLogger<MacFailures>.Instance), time, NullLogger<TerminalGateway>.Instance);
        _serving = gateway.OnConnectedAsync(_connection);
    }

    public string Terminal => _terminal;

    /// <summary>A new terminal of the cluster, signed on.</summary>
    public static async Task<GatewayDevice> SignOn(SwipeCluster cluster, LineWatch watch, TimeProvider time)
    {
        var terminal = await cluster.NewTerminal();
        var master = MasterKey.NewKey();
        await new ProvisioningRows(cluster.Books.Database).ReplaceMasterKey(terminal.Id, master, "test", TestContext.Current.CancellationToken);
        await terminal.Grain.Refresh();
        var device = new GatewayDevice(cluster.Silos.Grains, watch, time, terminal.Id, new MasterKey(master));
        await device.SignOn();
        return device;
    }

    public async Task SignOn()
    {
        var answer = SignOnAnswer.FromIso(await AskToSignOn());
        (_mac, _keySet) = (new MessageMac(_master.Unwrap(answer.MacKey)), answer.KeySet);
    }

    /// <returns>An authentic answer with any content; the keys stay unchanged.</returns>
    public Task<Iso8583Message> AskToSignOn() =>
        Ask(new SignOnRequest(From(), _time.GetUtcNow(), new byte[SignOnRequest.NonceLength], "1", "en").ToIso(), _master.SignOnMac);

    /// <returns>The code of its authentic answer.</returns>
    public async Task<string> Echo() => (await AskFunction(NetworkCode.Echo)).Verdict.Code;

    /// <summary>A 0800 within the session.</summary>
    public async Task<NetworkAnswer> AskFunction(int code) =>
        NetworkAnswer.FromIso(await Ask(new NetworkRequest(From(), code, _keySet).ToIso(), _mac!));

    /// <summary>A 0200 under a new key.</summary>
    public PayRequest Swipe(long bill, long amount) => new(
        false, From(), 1, $"{bill:D14}", amount, CurrencyCode.Cny, _time.GetUtcNow(), EntryMode.Swiped, "6228480000000000000=49122010000000000", new byte[16], _keySet, null);

    public async Task<Verdict> Pay(PayRequest swipe) => PayAnswer.FromIso(await Ask(swipe.ToIso(), _mac!)).Verdict;

    /// <summary>A 0100 under a new key.</summary>
    public Task<Iso8583Message> LookUp(long bill) => Ask(new LookupRequest(From(), 1, $"{bill:D14}", _keySet).ToIso(), _mac!);

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
        await _there.Writer.FlushAsync(TestContext.Current.CancellationToken);
        while (true)
        {
            var read = await _back.Reader.ReadAsync(TestContext.Current.CancellationToken);
            var buffer = read.Buffer;
            if (Iso8583Frame.TryRead(ref buffer, out var frame))
            {
                var bytes = frame.ToArray();
                _back.Reader.AdvanceTo(buffer.Start);
                var answer = Iso8583Codec.Decode(Iso8583Spec.Lakala, bytes);
                mac.Verify(answer, bytes).Should().BeTrue();
                return answer;
            }

            read.IsCompleted.Should().BeFalse("the gateway answers before it ends the line");
            _back.Reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}

file sealed record Line(PipeReader Input, PipeWriter Output) : IDuplexPipe;

file sealed class Lifetime : IConnectionLifetimeNotificationFeature
{
    public CancellationToken ConnectionClosedRequested { get; set; }

    public void RequestClose()
    {
    }
}

/// <summary>A key vault that does not wrap.</summary>
file sealed class OpenVault : IKeyVault
{
    public byte[] Wrap(ReadOnlySpan<byte> key) => key.ToArray();

    public byte[] Unwrap(ReadOnlySpan<byte> wrapped) => wrapped.ToArray();

    public byte[] Authenticate(ReadOnlySpan<byte> data) => System.Security.Cryptography.SHA256.HashData(data);
}
