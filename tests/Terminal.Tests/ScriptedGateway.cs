using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Lakala.Wire;

namespace Lakala.Terminal.Tests;

/// <summary>The other end of a terminal's line: signs it on, and answers everything else as the script says.</summary>
/// <param name="answer">Null is silence.</param>
public sealed class ScriptedGateway(byte[] masterKey, Func<PayRequest, PayAnswer?> answer) : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<PayRequest> _heard = new();
    private Task _run = Task.CompletedTask;
    private int _keySet;

    /// <summary>Payments, repeats and enquiries in the order in which they came.</summary>
    public IReadOnlyList<PayRequest> Heard => [.. _heard];

    public int SignOns => _keySet;

    /// <summary>Closes the line instead of answering the next message.</summary>
    public bool DropNext { get; set; }

    public ScriptedGateway Start()
    {
        _listener.Start();
        _run = Task.Run(Run);
        return this;
    }

    public Task<Stream> Connect(CancellationToken stop) =>
        TlsLine.ConnectPlain(IPAddress.Loopback.ToString(), ((IPEndPoint)_listener.LocalEndpoint).Port, stop);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task Run()
    {
        while (true)
        {
            using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            try
            {
                await Serve(client.GetStream());
            }
            catch (IOException)
            {
                // The terminal has gone; it comes again.
            }
        }
    }

    private async Task Serve(NetworkStream stream)
    {
        var reader = PipeReader.Create(stream);
        using var master = new MasterKey(masterKey);
        MessageMac? mac = null;
        while (true)
        {
            var read = await reader.ReadAsync(_stop.Token);
            var buffer = read.Buffer;
            var reply = new ArrayBufferWriter<byte>();
            while (Iso8583Frame.TryRead(ref buffer, out var frame))
            {
                var message = Iso8583Codec.Decode(frame.ToArray());
                if (message.Mti == Mti.NetworkRequest)
                {
                    mac = SignOn(message, master, reply);
                }
                else if (!Pay(PayRequest.FromIso(message), mac!, reply))
                {
                    return;
                }
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            await stream.WriteAsync(reply.WrittenMemory, _stop.Token);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private MessageMac SignOn(Iso8583Message message, MasterKey master, ArrayBufferWriter<byte> reply)
    {
        var request = SignOnRequest.FromIso(message, TimeProvider.System);
        var macKey = MasterKey.NewKey();
        var answer = new SignOnAnswer(
            request.From,
            new Verdict(ResponseCodes.Approved, 0, null, null),
            request.Nonce,
            Interlocked.Increment(ref _keySet),
            master.Wrap(MasterKey.NewKey()),
            master.Wrap(macKey),
            TimeProvider.System.GetUtcNow(),
            "Corner Store 1");
        Iso8583Frame.Write(reply, answer.ToIso(), master.SignOnMac);
        return new MessageMac(macKey);
    }

    private bool Pay(PayRequest request, MessageMac mac, ArrayBufferWriter<byte> reply)
    {
        _heard.Enqueue(request);
        if (DropNext)
        {
            DropNext = false;
            return false;
        }

        if (answer(request) is { } said)
        {
            Iso8583Frame.Write(reply, said.ToIso(), mac);
        }

        return true;
    }
}
