using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography;
using Lakala.Bills;
using Lakala.Grains;
using Lakala.Grains.Bills;
using Lakala.Grains.Storage;
using Lakala.Grains.Terminals;
using Lakala.Wire;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Lakala.Silo;

public sealed class TerminalGatewayOptions
{
    /// <summary>The address to listen on; nobody but this machine reaches the default.</summary>
    public string Address { get; set; } = "127.0.0.1";

    public int Port { get; set; } = 8583;

    /// <summary>PEM files of the server's certificate and its key.</summary>
    public string Certificate { get; set; } = "";

    public string CertificateKey { get; set; } = "";

    /// <summary>PEM file of the CA of the terminals' certificates. Empty: terminals are known by their keys alone.</summary>
    public string ClientCa { get; set; } = "";

    public int MaxConnections { get; set; } = 20_000;

    public int MaxConnectionsPerAddress { get; set; } = 20_000;

    /// <summary>More at once make the open lines wait; fewer do not end a storm of reconnects any later.</summary>
    public int MaxHandshakes { get; set; } = 8;

    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>From the first byte of a frame to its last.</summary>
    public TimeSpan FrameTimeout { get; set; } = TimeSpan.FromSeconds(10);

    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(5);

    public sealed class Validator : IValidateOptions<TerminalGatewayOptions>
    {
        public ValidateOptionsResult Validate(string? name, TerminalGatewayOptions options) =>
            !IPAddress.TryParse(options.Address, out _)
                ? ValidateOptionsResult.Fail($"TerminalGateway:Address is an IP address, or 0.0.0.0 for all; '{options.Address}' is none.")
            : !File.Exists(options.Certificate) ? Missing(nameof(Certificate), options.Certificate)
            : !File.Exists(options.CertificateKey) ? Missing(nameof(CertificateKey), options.CertificateKey)
            : ValidateOptionsResult.Success;

        private static ValidateOptionsResult Missing(string key, string path) =>
            ValidateOptionsResult.Fail($"TerminalGateway:{key} names a PEM file; '{path}' is none.");
    }
}

/// <summary>
/// One terminal's line: frames in, authenticated and turned into grain calls, answers out. A frame that is not right closes
/// its line with one log line; nobody else notices.
/// </summary>
public sealed class TerminalGateway : ConnectionHandler
{
    private static readonly Meter Meter = new(Telemetry.Name);
    private static readonly Counter<long> Answers = Meter.CreateCounter<long>("lakala.terminal.answers");
    private static readonly Histogram<double> SwipeTime = Meter.CreateHistogram<double>("lakala.swipe.duration", "s");

    private readonly IGrainFactory _grains;
    private readonly IKeyVault _vault;
    private readonly LineWatch _watch;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    public TerminalGateway(IGrainFactory grains, IKeyVault vault, LineWatch watch, TimeProvider time, ILogger<TerminalGateway> log)
    {
        _grains = grains;
        _vault = vault;
        _watch = watch;
        _time = time;
        _log = log;
    }

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        using var line = _watch.Open(connection);
        try
        {
            await Serve(connection.Transport.Input, line);
        }
        catch (Iso8583Exception fault)
        {
            _log.LogWarning("{Line}: closed, {Reason}", line, fault.Message);
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException or ConnectionResetException)
        {
            _log.LogDebug("{Line}: lost, {Reason}", line, fault.Message);
        }
        finally
        {
            await line.Drain();
        }
    }

    private async Task Serve(PipeReader input, TerminalLine line)
    {
        while (true)
        {
            var read = await input.ReadAsync();
            var buffer = read.Buffer;
            while (Iso8583Frame.TryRead(ref buffer, out var frame))
            {
                line.IsMidFrame(false);
                Begin(frame, line);
            }

            // What is left is the beginning of a frame, and the rest must come in time.
            line.IsMidFrame(!buffer.IsEmpty);
            input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    // Answers do not wait for each other: a repeat or an abandonment is heard while its swipe is with the bank.
    private void Begin(in ReadOnlySequence<byte> sequence, TerminalLine line)
    {
        var frame = sequence.ToArray();
        var message = Iso8583Codec.Decode(frame);
        line.Run(Handle(message, frame, line));
    }

    private async Task Handle(Iso8583Message message, byte[] frame, TerminalLine line)
    {
        using var span = Telemetry.Source.StartActivity("terminal." + message.Mti, ActivityKind.Server);
        try
        {
            await Converse(message, frame, line, span);
        }
        catch (Iso8583Exception fault)
        {
            _log.LogWarning("{Line}: closed, {Reason}", line, fault.Message);
            line.Abort();
        }
        catch (Exception fault) when (fault is IOException or ConnectionAbortedException or ConnectionResetException or ObjectDisposedException)
        {
            _log.LogDebug("{Line}: lost before the answer, {Reason}", line, fault.Message);
        }
        catch (Exception fault)
        {
            // Silence: nothing is certain, and the terminal asks again.
            _log.LogError(fault, "{Line}: {Mti} could not be answered.", line, message.Mti);
        }
    }

    private async Task Converse(Iso8583Message message, byte[] frame, TerminalLine line, Activity? span)
    {
        try
        {
            if (message.Mti == Mti.NetworkRequest && message.RequireNumber(70) == NetworkCode.SignOn)
            {
                await SignOn(message, frame, line);
                return;
            }

            var session = await FindSession(message, line);
            if (session is null)
            {
                await Reject(message, Refusal.SignOnFirst, line);
            }
            else if (!session.Mac.Verify(message, frame))
            {
                await Reject(message, Refusal.MacInvalid, line);
            }
            else
            {
                line.Session = session;
                var answer = await Answer(message, session);
                if (answer is not null)
                {
                    Answers.Add(1, new KeyValuePair<string, object?>("code", answer.Text(39)));
                    span?.SetTag("lakala.code", answer.Text(39));
                    await line.Send(answer, session.Mac);
                }
            }
        }
        catch (DatabaseAwayException)
        {
            // Who it is cannot be found out now. The grains answer for themselves.
            await Reject(message, Refusal.TryLater, line);
        }
    }

    private async Task SignOn(Iso8583Message message, byte[] frame, TerminalLine line)
    {
        var request = SignOnRequest.FromIso(message, _time);
        var terminal = _grains.GetGrain<ITerminalGrain>(request.From.Terminal);
        var row = await terminal.Find();
        var no = row is null || row.Store != request.From.Store ? Refusal.UnknownTerminal
            : row.Blocked ? Refusal.TerminalBlocked
            : (Refusal?)null;
        if (no is { } reason)
        {
            await Reject(message, reason, line);
            return;
        }

        using var master = new MasterKey(_vault.Unwrap(row!.MasterKey));
        if (!master.SignOnMac.Verify(message, frame))
        {
            await Reject(message, Refusal.MacInvalid, line);
            return;
        }

        var (pin, mac) = (MasterKey.NewKey(), MasterKey.NewKey());
        var keySet = await terminal.SignOn(_vault.Wrap(pin), _vault.Wrap(mac), request.Language == "zh" ? "zh" : "en");
        var answer = new SignOnAnswer(
            request.From,
            Done,
            request.Nonce,
            keySet.Number,
            master.Wrap(pin),
            master.Wrap(mac),
            _time.GetUtcNow(),
            row.StoreName);
        CryptographicOperations.ZeroMemory(pin);
        CryptographicOperations.ZeroMemory(mac);
        await line.Send(answer.ToIso(), master.SignOnMac);
    }

    private async ValueTask<Session?> FindSession(Iso8583Message message, TerminalLine line)
    {
        var from = Origin.Of(message);
        var keySet = SecurityControl.KeySetOf(message);
        if (line.Session is { } known && known.KeySet == keySet && known.Terminal == from.Terminal && known.Store == from.Store)
        {
            return known;
        }

        var row = await _grains.GetGrain<ITerminalGrain>(from.Terminal).Find();
        if (row is null || row.Store != from.Store || row.Find(keySet) is not { } keys)
        {
            return null;
        }

        return new Session(row.Id, row.Store, row.Language, keySet, new MessageMac(_vault.Unwrap(keys.MacKey)), keys.PinKey, _grains.GetGrain<ITerminalGrain>(row.Id));
    }

    // Nobody who cannot be authenticated gets more than a hint, and a hint is never final.
    private static Task Reject(Iso8583Message message, Refusal reason, TerminalLine line)
    {
        var verdict = Say(reason.ResponseCode(), reason, "en");
        Answers.Add(1, new KeyValuePair<string, object?>("code", verdict.Code));
        return line.Send(verdict.ToHint(AnswerTo(message.Mti), message), null);
    }

    private static string AnswerTo(string mti) => mti switch
    {
        Mti.LookupRequest => Mti.LookupAnswer,
        Mti.PayRequest or Mti.PayRepeat => Mti.PayAnswer,
        Mti.Reversal or Mti.ReversalRepeat => Mti.ReversalAnswer,
        Mti.NetworkRequest => Mti.NetworkAnswer,
        _ => throw new Iso8583Exception(0, "The message type is not in use."),
    };

    private Task<Iso8583Message?> Answer(Iso8583Message message, Session session) => message.Mti switch
    {
        Mti.LookupRequest => Lookup(LookupRequest.FromIso(message), session),
        Mti.PayRequest or Mti.PayRepeat => Pay(message, session),
        Mti.Reversal or Mti.ReversalRepeat => Abandon(AbandonRequest.FromIso(message), session),
        Mti.NetworkRequest => Network(NetworkRequest.FromIso(message), session),
        _ => throw new Iso8583Exception(0, "The message type is not in use."),
    };

    private static async Task<Iso8583Message?> Network(NetworkRequest request, Session session)
    {
        var no = request.Code == NetworkCode.SignOff
            ? await session.Grain.SignOff(session.KeySet)
            : await session.Grain.Echo(session.KeySet);
        return new NetworkAnswer(request.From, request.Code, Say(no, session.Language)).ToIso();
    }

    private static async Task<Iso8583Message?> Lookup(LookupRequest request, Session session)
    {
        long? number = BillNumber.TryParse(request.Bill, out var bill) ? bill.Value : null;
        var found = await session.Grain.Lookup(session.KeySet, new SwipeKey(request.From.Terminal, request.Batch, request.From.Stan), number);
        var verdict = Say(found.Refusal, session.Language);
        var row = found.Refusal is null ? found.Row : null;
        return new LookupAnswer(
            request.From,
            verdict,
            request.Bill,
            row?.Bill.Amount.Minor,
            row is null ? null : CurrencyCode.Cny,
            row?.MerchantName,
            row?.Description,
            row?.OrderId,
            row is null ? null : found.TimeLeft).ToIso();
    }

    private async Task<Iso8583Message?> Pay(Iso8583Message message, Session session)
    {
        var begun = _time.GetTimestamp();
        PayRequest request;
        try
        {
            request = PayRequest.FromIso(message);
        }
        catch (Iso8583Exception fault)
        {
            _log.LogWarning("{Terminal}: a {Mti} is refused, {Reason}", session.Terminal, message.Mti, fault.Message);
            return await RefuseFormat(message, session);
        }

        var key = new SwipeKey(request.From.Terminal, request.Batch, request.From.Stan);
        var amount = new Money(request.Amount, request.Currency == CurrencyCode.Cny ? Money.Cny : "???");
        var isWhole = BillNumber.TryParse(request.Bill, out var bill);
        var answer = !isWhole ? await session.Grain.Refuse(session.KeySet, key, Refusal.BillMistyped)
            : request.IsEnquiry ? await session.Grain.Enquire(session.KeySet, key, bill.Value, amount)
            : await session.Grain.Pay(session.KeySet, new PayBill(key, session.Store, bill.Value, amount, Present(request, session), request.EntryMode));
        SwipeTime.Record(_time.GetElapsedTime(begun).TotalSeconds);
        return answer.ResponseCode is null
            ? null
            : new PayAnswer(
                request.From, Say(answer, session), request.Batch, request.Bill, request.Amount, request.Currency, Facts(answer)).ToIso();
    }

    private static PresentedCard? Present(PayRequest request, Session session) =>
        Track2.TryParse(request.Track2, out var track)
            ? new PresentedCard(track!.Masked, track.Data, request.PinBlock!, new PinKey(session.Terminal, session.KeySet, session.WrappedPinKey))
            : null;

    private static async Task<Iso8583Message?> RefuseFormat(Iso8583Message message, Session session)
    {
        // Without a readable key there is no final answer: the exception closes the line.
        var (from, batch) = PayRequest.KeyOf(message);
        var answer = await session.Grain.Refuse(session.KeySet, new SwipeKey(from.Terminal, batch, from.Stan), Refusal.FormatError);
        return answer.ResponseCode is null
            ? null
            : new PayAnswer(from, Say(answer, session), batch, "", 0, CurrencyCode.Cny, Facts(answer)).ToIso();
    }

    private static async Task<Iso8583Message?> Abandon(AbandonRequest request, Session session)
    {
        var answer = await session.Grain.Abandon(session.KeySet, new SwipeKey(request.From.Terminal, request.Batch, request.From.Stan));
        if (answer.ResponseCode is null)
        {
            return null;
        }

        // 00 means not paid, so only what can never become paid may hear it.
        var code = answer.State switch
        {
            AttemptState.Approved => ResponseCodes.NoActionTaken,
            AttemptState.Void => ResponseCodes.NoSuchOriginal,
            AttemptState.Sent or null => answer.ResponseCode,
            _ => ResponseCodes.Approved,
        };
        var texts = AnswerTexts.Of(answer.ResponseCode, answer.Reason, session.Language);
        var verdict = new Verdict(code, (int?)answer.Reason ?? 0, texts.Clerk, texts.Customer, ProcessingRequirement.None);
        var stored = answer.State is null ? null : answer.ResponseCode;
        return new AbandonAnswer(request.From, verdict, request.Batch, stored, Facts(answer)).ToIso();
    }

    private static PaymentFacts Facts(SwipeAnswer answer) => new(
        answer.Rrn,
        answer.AuthorisationCode,
        answer.MaskedPan,
        answer.State == AttemptState.Approved ? answer.SettledAt : null,
        answer.Payee,
        answer.OrderId);

    // Says nothing of a payment: there was none.
    private static readonly Verdict Done = new(ResponseCodes.Approved, 0, null, null, ProcessingRequirement.None);

    private static Verdict Say(Refusal? reason, string language) => reason is { } no ? Say(no.ResponseCode(), no, language) : Done;

    private static Verdict Say(SwipeAnswer answer, Session session) => Say(answer.ResponseCode!, answer.Reason, session.Language);

    private static Verdict Say(string code, Refusal? reason, string language)
    {
        var (clerk, customer) = AnswerTexts.Of(code, reason, language);
        var requirement = reason is Refusal.SignOnFirst ? ProcessingRequirement.SignOn : ProcessingRequirement.None;
        return new Verdict(code, (int?)reason ?? 0, clerk, customer, requirement);
    }
}

/// <summary>A terminal's working keys on one line, checked against its grain on every call.</summary>
public sealed record Session(
    string Terminal, string Store, string Language, int KeySet, MessageMac Mac, byte[] WrappedPinKey, ITerminalGrain Grain)
{
    public override string ToString() => $"{Terminal}, key set {KeySet}";
}
