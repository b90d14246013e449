using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Lakala.Wire.Tls;

namespace Lakala.Terminal.Tests;

/// <summary>The other end of a terminal's line: signs it on, and answers everything else as the script says.</summary>
/// <param name="answer">Null is silence.</param>
public sealed class ScriptedGateway(byte[] masterKey, Func<PayRequest, PayAnswer?> answer) : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<PayRequest> _heard = new();
    private Task _run = Task.CompletedTask;
    private MessageMac? _mac;
    private int _keySet;

    /// <summary>Payments, repeats and enquiries in the order in which they came.</summary>
    public IReadOnlyList<PayRequest> Heard => [.. _heard];

    public int SignOns => _keySet;

    /// <summary>Closes the line instead of answering the next message.</summary>
    public bool DropNext { get; set; }

    /// <summary>True: refuses the keys of an earlier line with 77.</summary>
    public bool ForgetsKeys { get; init; }

    /// <summary>The next answer has a MAC of another key.</summary>
    public bool ForgeNext { get; set; }

    /// <summary>The refusal of every sign-on, under the sign-on MAC; null signs on.</summary>
    public Verdict? Refusal { get; set; }

    /// <summary>The answer to an abandonment.</summary>
    public Func<AbandonRequest, AbandonAnswer>? Abandoned { get; init; }

    /// <summary>The number of next lookups that get "sign on first".</summary>
    public int LookupsToSignOn { get; set; }

    /// <summary>The answer to a clerk's sign-in.</summary>
    public Func<ClerkSignInRequest, ClerkSignInAnswer>? SignsIn { get; init; }

    /// <summary>The payment that a lookup for a refund finds; null: the server gives no refunds, and answers as to a lookup.</summary>
    public RefundablePayment? Refundable { get; init; }

    /// <summary>The answer to a refund, its repeats and enquiries. An <see cref="IOException"/> closes the line instead.</summary>
    public Func<RefundRequest, RefundAnswer>? Refunds { get; init; }

    /// <summary>The number of batch closes; each is answered that its totals agree.</summary>
    public int Closes { get; private set; }

    /// <summary>The certificate for TLS; null: a line without TLS.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Awaited with each message, after the sign-on, before it is answered.</summary>
    public Func<Iso8583Message, Task> BeforeAnswer { get; init; } = _ => Task.CompletedTask;

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ScriptedGateway Start()
    {
        _listener.Start();
        _run = Task.Run(Run);
        return this;
    }

    public Task<Stream> Connect(CancellationToken stop) =>
        TlsLine.ConnectPlain(IPAddress.Loopback.ToString(), Port, stop);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    /// <summary>A self-signed certificate for this machine.</summary>
    /// <param name="validFrom">Days from now; it is valid for two days.</param>
    public static X509Certificate2 NewCertificate(int validFrom = -1)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=gateway", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(validFrom), now.AddDays(validFrom + 2));
    }

    private async Task Run()
    {
        while (true)
        {
            using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            try
            {
                await Serve(await Secured(client.GetStream()));
            }
            catch (Exception fault) when (fault is IOException or AuthenticationException)
            {
                // The terminal has closed the line; it connects again.
            }
        }
    }

    private async Task<Stream> Secured(NetworkStream stream)
    {
        if (Certificate is null)
        {
            return stream;
        }

        var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, _stop.Token);
        return tls;
    }

    private async Task Serve(Stream stream)
    {
        var reader = PipeReader.Create(stream);
        using var master = new MasterKey(masterKey);
        while (true)
        {
            var read = await reader.ReadAsync(_stop.Token);
            var buffer = read.Buffer;
            var reply = new ArrayBufferWriter<byte>();
            while (Iso8583Frame.TryRead(ref buffer, out var frame))
            {
                var message = Iso8583Codec.Decode(Iso8583Spec.Lakala, frame.ToArray());
                if (message.Mti == Mti.NetworkRequest && message.RequireNumber(70) == NetworkCode.SignOn)
                {
                    if (Refusal is { } refusal)
                    {
                        Iso8583Frame.Write(reply, new SignOnRefusal(Origin.ReadFrom(message), refusal, SignOnRequest.FromIso(message, TimeProvider.System).Nonce).ToIso(), master.SignOnMac);
                        continue;
                    }

                    _mac = SignOn(message, master, reply);
                    continue;
                }

                await BeforeAnswer(message).WaitAsync(_stop.Token);
                if (message.Mti == Mti.LookupRequest && Refundable is { } payment && message.RequireNumber(3) == ProcessingCode.Refund)
                {
                    Iso8583Frame.Write(reply, new RefundLookupAnswer(Origin.ReadFrom(message), new Verdict(ResponseCodes.Approved, 0, null, null), payment).ToIso(), _mac);
                }
                else if (message.Mti is Mti.Refund or Mti.RefundRepeat)
                {
                    Iso8583Frame.Write(reply, Refunds!(RefundRequest.FromIso(message)).ToIso(), _mac);
                }
                else if (message.Mti == Mti.LookupRequest)
                {
                    Iso8583Frame.Write(reply, LookUp(LookupRequest.FromIso(message)).ToIso(), _mac);
                }
                else if (message.Mti is Mti.Reversal or Mti.ReversalRepeat)
                {
                    Iso8583Frame.Write(reply, Abandoned!(AbandonRequest.FromIso(message)).ToIso(), _mac);
                }
                else if (message.Mti == Mti.BatchClose)
                {
                    var close = BatchCloseRequest.FromIso(message);
                    Closes++;
                    Iso8583Frame.Write(reply, new BatchCloseAnswer(close.From, new Verdict(ResponseCodes.Approved, 0, null, null), close.Batch, close.Totals, []).ToIso(), _mac);
                }
                else if (message.Mti == Mti.NetworkRequest && message.RequireNumber(70) == NetworkCode.ClerkSignIn)
                {
                    Iso8583Frame.Write(reply, SignsIn!(ClerkSignInRequest.FromIso(message)).ToIso(), _mac);
                }
                else if (message.Mti == Mti.NetworkRequest)
                {
                    Echo(NetworkRequest.FromIso(message), reply);
                }
                else if (!Pay(PayRequest.FromIso(message), _mac!, reply))
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

    private void Echo(NetworkRequest request, ArrayBufferWriter<byte> reply)
    {
        var verdict = new Verdict(ForgetsKeys ? ResponseCodes.SignOnFirst : ResponseCodes.Approved, 0, null, null);
        Iso8583Frame.Write(reply, new NetworkAnswer(request.From, request.Code, verdict).ToIso(), _mac);
    }

    private LookupAnswer LookUp(LookupRequest request) => LookupsToSignOn-- > 0
        ? new(request.From, new Verdict(ResponseCodes.SignOnFirst, 110, "Sign on again.", null), request.Bill, null, null, null, null, null, null)
        : Found(request);

    private static LookupAnswer Found(LookupRequest request) => new(
        request.From, new Verdict(ResponseCodes.Approved, 0, null, null), request.Bill, 500, CurrencyCode.Cny, "茶馆", "茶壶", "order-1", TimeSpan.FromMinutes(3));

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
            Iso8583Frame.Write(reply, said.ToIso(), ForgeNext ? new MessageMac(MasterKey.NewKey()) : mac);
            ForgeNext = false;
        }

        return true;
    }
}
