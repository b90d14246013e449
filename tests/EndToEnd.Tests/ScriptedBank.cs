using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Lakala.Testing;
using Lakala.Vocabulary;
using Lakala.Wire.Bank;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;

namespace Lakala.EndToEnd.Tests;

/// <summary>
/// The card network, played by the test: it signs lines on, gives the test its requests, and answers a 0200 only when the
/// test says so, over any line that is up then. Refunds too wait for the test.
/// </summary>
internal sealed class ScriptedBank : IAsyncDisposable
{
    private static readonly TimeSpan Patience = HangGuard.Bound;

    private readonly MasterKey _zoneMaster;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Channel<BankAuthoriseRequest> _asked = Channel.CreateUnbounded<BankAuthoriseRequest>();
    private readonly Channel<BankReversalRequest> _reversed = Channel.CreateUnbounded<BankReversalRequest>();
    private readonly Channel<BankRefundRequest> _refunded = Channel.CreateUnbounded<BankRefundRequest>();
    private readonly ConcurrentBag<BankRefundRequest> _allRefunded = [];
    private readonly Lock _lock = new();
    private readonly Task _run;
    private TaskCompletionSource<Line> _up = NewSignal();
    private Socket? _client;
    private bool _isDown;
    private int _codes;

    /// <param name="zoneMasterKeyFile">The key agreed with the silo, in hex.</param>
    public ScriptedBank(string zoneMasterKeyFile)
    {
        _zoneMaster = new MasterKey(Convert.FromHexString(File.ReadAllText(zoneMasterKeyFile).Trim()));
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _run = Run();
    }

    public int Port { get; }

    /// <summary>False: reversals are received and not answered.</summary>
    public bool IsAcknowledging { get; set; } = true;

    /// <summary>An authorisation code that no other answer has, to find this answer.</summary>
    public string NextCode() => string.Create(null, $"Z{Interlocked.Increment(ref _codes):D5}");

    /// <summary>The next 0200.</summary>
    public Task<BankAuthoriseRequest> Asked() => _asked.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);

    /// <summary>True when <see cref="Asked"/> has returned every 0200 that has come.</summary>
    public bool IsAsked => _asked.Reader.TryPeek(out _);

    /// <summary>The next 0420 or 0421 of this RRN. Those of other RRNs are skipped.</summary>
    public async Task<BankReversalRequest> Reversed(string rrn)
    {
        while (true)
        {
            var reversal = await _reversed.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);
            if (reversal.Rrn == rrn)
            {
                return reversal;
            }
        }
    }

    /// <summary>Returns when a 0421 of this RRN has come.</summary>
    public async Task ReversedAgain(string rrn)
    {
        while (!(await Reversed(rrn)).IsRepeat)
        {
            // A 0420, which is the same reversal.
        }
    }

    /// <summary>The next 0220 or 0221.</summary>
    public Task<BankRefundRequest> Refunded() => _refunded.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);

    /// <summary>The next 0220 or 0221 of this RRN. Those of other RRNs are skipped.</summary>
    public async Task<BankRefundRequest> Refunded(string rrn)
    {
        while (true)
        {
            var refund = await Refunded();
            if (refund.Rrn == rrn)
            {
                return refund;
            }
        }
    }

    /// <summary>As <see cref="Refunded(string)"/>, but null when none has come yet.</summary>
    public BankRefundRequest? TryRefunded(string rrn)
    {
        while (_refunded.Reader.TryRead(out var refund))
        {
            if (refund.Rrn == rrn)
            {
                return refund;
            }
        }

        return null;
    }

    /// <summary>Every 0220 and 0221 that has come for a payment: those under one RRN are one credit.</summary>
    public IReadOnlyList<BankRefundRequest> RefundsOf(string originalRrn) => [.. _allRefunded.Where(refund => refund.OriginalRrn == originalRrn)];

    /// <param name="mac">Another one than the line's.</param>
    public async Task Answer(BankRefundAnswer answer, MessageMac? mac = null)
    {
        Task<Line> up;
        lock (_lock)
        {
            up = _up.Task;
        }

        (await up.WaitAsync(Patience)).Send(answer.ToIso(), mac);
    }

    public Task Approve(BankAuthoriseRequest request, string? code = null) => Answer(request, ResponseCodes.Approved, code ?? NextCode());

    public async Task Answer(BankAuthoriseRequest request, string responseCode, string? code = null)
    {
        Task<Line> up;
        lock (_lock)
        {
            up = _up.Task;
        }

        var answer = new BankAuthoriseAnswer(
            request.Rrn, request.Stan, request.Amount, request.Currency, request.Terminal, responseCode, code);
        (await up.WaitAsync(Patience)).Send(answer.ToIso());
    }

    /// <summary>Drops the line; the silo may connect again.</summary>
    public void CutLine()
    {
        lock (_lock)
        {
            _up = _up.Task.IsCompleted ? NewSignal() : _up;
            _client?.Close();
        }
    }

    /// <summary>Drops the line, and signs on no other until <see cref="GoUp"/>.</summary>
    public void GoDown()
    {
        lock (_lock)
        {
            _isDown = true;
        }

        CutLine();
    }

    public void GoUp()
    {
        lock (_lock)
        {
            _isDown = false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        CutLine();
        await _run;
        _zoneMaster.Dispose();
    }

    private static TaskCompletionSource<Line> NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task Run()
    {
        while (await _listener.NextClient() is { } client)
        {
            lock (_lock)
            {
                if (_isDown)
                {
                    client.Close();
                    continue;
                }

                _client = client;
            }

            using (client)
            {
                try
                {
                    await Serve(new NetworkStream(client));
                }
                catch (Exception fault) when (fault is IOException or ObjectDisposedException or InvalidOperationException)
                {
                    // Cut, by the test or with its silo: the next line comes.
                }
            }

            CutLine();
        }
    }

    private async Task Serve(NetworkStream stream)
    {
        var reader = PipeReader.Create(stream);
        var line = new Line(stream, _zoneMaster.SignOnMac);
        while (await reader.ReadAsync() is { IsCompleted: false } read)
        {
            var buffer = read.Buffer;
            while (Iso8583Frame.TryRead(ref buffer, out var frame))
            {
                Handle(frame.ToArray(), line);
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private void Handle(byte[] frame, Line line)
    {
        var message = Iso8583Codec.Decode(Iso8583Spec.Lakala, frame);
        line.Mac.Verify(message, frame).Should().BeTrue("the silo's messages are authentic");
        switch (message.Mti)
        {
            case Mti.NetworkRequest when message.RequireNumber(70) == NetworkCode.SignOn:
                var signOn = ZoneSignOnRequest.FromIso(message, TimeProvider.System);
                line.Send(new BankNetworkMessage(signOn.Stan, NetworkCode.SignOn, ResponseCodes.Approved, signOn.Nonce).ToIso());
                line.Mac = new MessageMac(_zoneMaster.Unwrap(signOn.MacKey));
                lock (_lock)
                {
                    _up.TrySetResult(line);
                }

                break;
            case Mti.NetworkRequest:
                line.Send((BankNetworkMessage.FromIso(message) with { ResponseCode = ResponseCodes.Approved }).ToIso());
                break;
            case Mti.PayRequest:
                _asked.Writer.TryWrite(BankAuthoriseRequest.FromIso(message, TimeProvider.System));
                break;
            case Mti.Refund or Mti.RefundRepeat:
                var refund = BankRefundRequest.FromIso(message, TimeProvider.System);
                _allRefunded.Add(refund);
                _refunded.Writer.TryWrite(refund);
                break;
            default:
                var reversal = BankReversalRequest.FromIso(message, TimeProvider.System);
                _reversed.Writer.TryWrite(reversal);
                if (IsAcknowledging)
                {
                    line.Send(new BankReversalAnswer(reversal.Rrn, reversal.Stan, ResponseCodes.Approved).ToIso());
                }

                break;
        }
    }

    private sealed class Line(NetworkStream stream, MessageMac mac)
    {
        private readonly Lock _writing = new();

        public MessageMac Mac { get; set; } = mac;

        public void Send(Iso8583Message message, MessageMac? mac = null)
        {
            var frame = new ArrayBufferWriter<byte>();
            Iso8583Frame.Write(frame, message, mac ?? Mac);
            lock (_writing)
            {
                stream.Write(frame.WrittenSpan);
            }
        }
    }
}
