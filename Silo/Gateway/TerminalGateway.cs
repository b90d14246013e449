using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Grains.Bills;
using Lakala.Grains.Swipes;
using Lakala.Grains.Terminals;
using Lakala.Rules.Attempts;
using Lakala.Storage;
using Lakala.Storage.Postgres;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;
using Lakala.Wire.Cards;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Lakala.Wire.Texts;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Lakala.Silo.Gateway;

/// <summary>
/// One terminal's line: frames in, authenticated and turned into grain calls, answers out. A frame that is not right closes
/// its line with one log line; nobody else notices.
/// </summary>
public sealed class TerminalGateway : ConnectionHandler
{
    private const int SignalStep = 25, BatteryStep = 10;

    private static readonly Meter Meter = new(Instrumentation.Name);
    private static readonly Counter<long> Answers = Meter.CreateCounter<long>("lakala.terminal.answers");
    private static readonly Histogram<double> SwipeTime = Meter.CreateHistogram<double>("lakala.swipe.duration", "s");

    private readonly IGrainFactory _grains;
    private readonly IKeyVault _vault;
    private readonly LineWatch _watch;
    private readonly MacFailures _macFailures;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly UnknownTerminals _unknown;
    private readonly byte[] _keyOfNobody;

    public TerminalGateway(IGrainFactory grains, IKeyVault vault, LineWatch watch, MacFailures macFailures, TimeProvider time, ILogger<TerminalGateway> log)
    {
        _grains = grains;
        _vault = vault;
        _watch = watch;
        _macFailures = macFailures;
        _time = time;
        _log = log;
        _unknown = new UnknownTerminals(time);
        _keyOfNobody = vault.Wrap(MasterKey.NewKey());
    }

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        using var line = _watch.Open(connection);
        var input = connection.Transport.Input;

        // At the end of this silo nothing more is taken from the line; what was taken is answered.
        using var ending = connection.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>()
            .ConnectionClosedRequested.Register(input.CancelPendingRead);
        try
        {
            await Serve(input, line);
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
            if (read.IsCanceled)
            {
                return;
            }

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
        using var span = Instrumentation.Source.StartActivity("terminal." + message.Mti, ActivityKind.Server);
        try
        {
            await Converse(message, frame, line, span);
        }
        catch (Iso8583Exception fault)
        {
            SayFailed(span, fault);
            _log.LogWarning("{Line}: closed, {Reason}", line, fault.Message);
            line.Abort();
        }
        catch (Exception fault) when (fault is IOException or ConnectionAbortedException or ConnectionResetException or ObjectDisposedException)
        {
            SayFailed(span, fault);
            _log.LogDebug("{Line}: lost before the answer, {Reason}", line, fault.Message);
        }
        catch (Exception fault)
        {
            // Silence: nothing is certain, and the terminal asks again.
            SayFailed(span, fault);
            _log.LogError(fault, "{Line}: {Mti} could not be answered.", line, message.Mti);
        }
        finally
        {
            // It may hold a card.
            CryptographicOperations.ZeroMemory(frame);
        }
    }

    // Its kind and no more: what it says may quote the message.
    private static void SayFailed(Activity? span, Exception fault) => span?.SetStatus(ActivityStatusCode.Error, fault.GetType().Name);

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
                _macFailures.Note(session.Terminal);
                await Reject(message, Refusal.MacInvalid, line);
            }
            else
            {
                line.Renew();
                var answer = await Answer(message, session);

                // Whose keys have ended may still hold the MAC key: only what the grain lets pass is the terminal.
                if (answer is null || answer.Text(39) is not ResponseCodes.SignOnFirst)
                {
                    line.Heard(session);
                }

                if (answer is not null)
                {
                    Answers.Add(1, new KeyValuePair<string, object?>("code", answer.Text(39)));
                    span?.SetTag(Instrumentation.CodeTag, answer.Text(39));
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

    // Whoever has sent as much as it may that was not authentic is not worth a look at the keys.
    private static void RefuseUnlessWelcome(TerminalLine line)
    {
        if (line.IsRefusedTooOften)
        {
            throw new Iso8583Exception(0, "Too much came from this address that was not authentic.");
        }
    }

    private async Task SignOn(Iso8583Message message, byte[] frame, TerminalLine line)
    {
        RefuseUnlessWelcome(line);
        var request = SignOnRequest.FromIso(message, _time);
        var row = await Find(request.From.Terminal);

        // A stranger is told one thing, after the same work, whether there is such a terminal or not.
        using var master = ClearKey.Spend(_vault.Unwrap(row?.MasterKey ?? _keyOfNobody), static key => new MasterKey(key));
        if (!master.SignOnMac.Verify(message, frame) || row is null)
        {
            if (row is not null)
            {
                _macFailures.Note(row.Id);
            }

            await Reject(message, Refusal.MacInvalid, line);
            return;
        }

        line.Heard(row.Id);
        var language = request.Language == "zh" ? "zh" : "en";
        if ((row.Store != request.From.Store ? Refusal.UnknownTerminal : row.Blocked ? Refusal.TerminalBlocked : (Refusal?)null) is { } no)
        {
            await Refuse(no);
            return;
        }

        var (pin, mac) = (NewWorkingKey(master), NewWorkingKey(master));
        var keySet = await _grains.GetGrain<ITerminalGrain>(row.Id).SignOn(pin.Kept, mac.Kept, language);
        if (keySet is null)
        {
            await Refuse(Refusal.TooManyRequests);
            return;
        }

        var answer = new SignOnAnswer(
            request.From,
            Done,
            request.Nonce,
            keySet.Number,
            pin.Sent,
            mac.Sent,
            _time.GetUtcNow(),
            row.StoreName);
        await line.Send(answer.ToIso(), master.SignOnMac);

        Task Refuse(Refusal no)
        {
            var refusal = new SignOnRefusal(request.From, Say(no, language), request.Nonce);
            Answers.Add(1, new KeyValuePair<string, object?>("code", refusal.Verdict.Code));
            return line.Send(refusal.ToIso(), master.SignOnMac);
        }
    }

    private (byte[] Kept, WrappedKey Sent) NewWorkingKey(MasterKey master) =>
        ClearKey.Spend(MasterKey.NewKey(), key => (_vault.Wrap(key), master.Wrap(key)));

    private async ValueTask<Session?> FindSession(Iso8583Message message, TerminalLine line)
    {
        var from = Origin.Of(message);
        var keySet = SecurityControl.KeySetOf(message);
        if (line.Session is { } known && known.KeySet == keySet && known.Terminal == from.Terminal && known.Store == from.Store)
        {
            return known;
        }

        RefuseUnlessWelcome(line);
        var row = await Find(from.Terminal);
        if (row is null || row.Store != from.Store || row.Find(keySet) is not { } keys)
        {
            return null;
        }

        var mac = ClearKey.Spend(_vault.Unwrap(keys.MacKey), static key => new MessageMac(key));
        return new Session(row.Id, row.Store, row.Language, keySet, mac, keys.PinKey, _grains.GetGrain<ITerminalGrain>(row.Id));
    }

    // A grain has no blank name, and neither has a terminal.
    private async Task<TerminalRow?> Find(string terminal)
    {
        if (string.IsNullOrWhiteSpace(terminal) || _unknown.Has(terminal))
        {
            return null;
        }

        var row = await _grains.GetGrain<ITerminalGrain>(terminal).Find();
        if (row is null)
        {
            _unknown.Add(terminal);
        }

        return row;
    }

    // Nobody who cannot be authenticated gets more than a hint, and a hint is never final.
    private static async Task Reject(Iso8583Message message, Refusal reason, TerminalLine line)
    {
        var verdict = Say(reason.ResponseCode(), reason, "en");
        Answers.Add(1, new KeyValuePair<string, object?>("code", verdict.Code));
        Activity.Current?.SetTag(Instrumentation.CodeTag, verdict.Code);
        await line.Send(verdict.ToHint(AnswerTo(message.Mti), message), null);
        if (reason != Refusal.TryLater)
        {
            line.Rejected();
        }
    }

    private static string AnswerTo(string mti) => mti switch
    {
        Mti.LookupRequest => Mti.LookupAnswer,
        Mti.PayRequest or Mti.PayRepeat => Mti.PayAnswer,
        Mti.Reversal or Mti.ReversalRepeat => Mti.ReversalAnswer,
        Mti.BatchClose => Mti.BatchCloseAnswer,
        Mti.NetworkRequest => Mti.NetworkAnswer,
        _ => throw new Iso8583Exception(0, "The message type is not in use."),
    };

    private Task<Iso8583Message?> Answer(Iso8583Message message, Session session) => message.Mti switch
    {
        Mti.LookupRequest => Lookup(LookupRequest.FromIso(message), session),
        Mti.PayRequest or Mti.PayRepeat => Pay(message, session),
        Mti.Reversal or Mti.ReversalRepeat => Abandon(AbandonRequest.FromIso(message), session),
        Mti.BatchClose => CloseBatch(BatchCloseRequest.FromIso(message), session),
        Mti.NetworkRequest when message.RequireNumber(70) == NetworkCode.ClerkSignIn => SignInClerk(ClerkSignInRequest.FromIso(message), session),
        Mti.NetworkRequest when message.RequireNumber(70) == NetworkCode.Parameters => GiveParameters(NetworkRequest.FromIso(message), session),
        Mti.NetworkRequest => Network(NetworkRequest.FromIso(message), session),
        _ => throw new Iso8583Exception(0, "The message type is not in use."),
    };

    private async Task<Iso8583Message?> Network(NetworkRequest request, Session session)
    {
        if (request.Code == NetworkCode.SignOff)
        {
            var no = await Ask(() => session.Grain.SignOff(session.KeySet), Refusal.Fault);
            return new NetworkAnswer(request.From, request.Code, Say(no, session.Language)).ToIso();
        }

        var beat = await Ask(() => session.Grain.Beat(session.KeySet, StateOf(request.Health)), new Heartbeat(Refusal.Fault, TerminalTask.None));
        var verdict = Say(beat.Refusal, session.Language);
        return new NetworkAnswer(request.From, request.Code, beat.Task switch
        {
            TerminalTask.SignOn => verdict with { Requirement = ProcessingRequirement.SignOn },
            TerminalTask.FetchParameters => verdict with { Requirement = ProcessingRequirement.FetchParameters },
            TerminalTask.SendStatus => verdict with { Requirement = ProcessingRequirement.SendStatus },
            _ => verdict,
        }).ToIso();
    }

    // The journal grows and swipes happen: neither is news.
    private static HealthState? StateOf(TerminalHealth? health) => health is null
        ? null
        : new HealthState(
            JsonSerializer.Serialize(health, HealthJson.Default.TerminalHealth),
            health.IsInOrder,
            (health with { JournalBytes = null, LastSwipe = null, Signal = health.Signal / SignalStep, Battery = health.Battery / BatteryStep }).ToString(),
            health.Parameters,
            health.Attention,
            health.Tamper is true);

    private async Task<Iso8583Message?> Lookup(LookupRequest request, Session session)
    {
        long? number = BillNumber.TryParse(request.Bill, out var bill) ? bill.Value : null;
        var key = new SwipeKey(request.From.Terminal, request.Batch, request.From.Stan);
        var found = await Ask(() => session.Grain.Lookup(session.KeySet, key, number), new BillFound(null, Refusal.Fault, TimeSpan.Zero));
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
        var answer = await Ask(
            () => !isWhole ? session.Grain.Refuse(session.KeySet, key, Refusal.BillMistyped)
                : request.IsEnquiry ? session.Grain.Enquire(session.KeySet, key, bill.Value, amount)
                : session.Grain.Pay(session.KeySet, new PayBill(key, session.Store, bill.Value, amount, Present(request, session), request.EntryMode, request.IsRepeat)),
            Failed);
        Activity.Current.RecordAnswer(answer);
        SwipeTime.Record(_time.GetElapsedTime(begun).TotalSeconds);
        return answer.ResponseCode is null
            ? null
            : new PayAnswer(
                request.From, Say(answer, session), request.Batch, request.Bill, request.Amount, request.Currency, Facts(answer)).ToIso();
    }

    // A grain that cannot be reached, with its silo for example, may have done what it was asked: 96 is never final, and the
    // terminal that hears it at once asks again instead of waiting in vain.
    private async Task<T> Ask<T>(Func<Task<T>> grain, T failed)
    {
        try
        {
            return await grain();
        }
        catch (Exception fault) when (fault is not Iso8583Exception)
        {
            if (fault is OrleansException or TimeoutException)
            {
                _log.LogWarning("A terminal's question could not be answered, it will ask again: {Fault}: {Reason}", fault.GetType().Name, fault.Message);
            }
            else
            {
                _log.LogError(fault, "A terminal's question could not be answered, it will ask again.");
            }

            return failed;
        }
    }

    private static PresentedCard? Present(PayRequest request, Session session) =>
        Track2.TryParse(request.Track2, out var track)
            ? new PresentedCard(track!.Masked, track.Data, request.PinBlock!, new PinKey(session.Terminal, session.KeySet, session.WrappedPinKey))
            : null;

    private async Task<Iso8583Message?> RefuseFormat(Iso8583Message message, Session session)
    {
        // Without a readable key there is no final answer: the exception closes the line.
        var (from, batch) = PayRequest.KeyOf(message);
        var key = new SwipeKey(from.Terminal, batch, from.Stan);
        var answer = Activity.Current.RecordAnswer(await Ask(() => session.Grain.Refuse(session.KeySet, key, Refusal.FormatError), Failed));
        return answer.ResponseCode is null
            ? null
            : new PayAnswer(from, Say(answer, session), batch, "", 0, CurrencyCode.Cny, Facts(answer)).ToIso();
    }

    private async Task<Iso8583Message?> Abandon(AbandonRequest request, Session session)
    {
        var key = new SwipeKey(request.From.Terminal, request.Batch, request.From.Stan);
        var answer = Activity.Current.RecordAnswer(await Ask(() => session.Grain.Abandon(session.KeySet, key), Failed));
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
        var texts = AnswerTexts.Of(answer.ResponseCode, (int?)answer.Reason, session.Language);
        var verdict = new Verdict(code, (int?)answer.Reason ?? 0, texts.Clerk, texts.Customer, ProcessingRequirement.None);
        var stored = answer.State is null ? null : answer.ResponseCode;
        return new AbandonAnswer(request.From, verdict, request.Batch, stored, Facts(answer)).ToIso();
    }

    private async Task<Iso8583Message?> GiveParameters(NetworkRequest request, Session session)
    {
        var given = await Ask(() => session.Grain.Parameters(session.KeySet), new ParametersGiven(Refusal.Fault, 0, null));
        return new ParametersAnswer(request.From, Say(given.Refusal, session.Language), given.Version, given.Body).ToIso();
    }

    private async Task<Iso8583Message?> SignInClerk(ClerkSignInRequest request, Session session)
    {
        using var cipher = ClearKey.Spend(_vault.Unwrap(session.WrappedPinKey), static key => new ClerkPasswordCipher(key));
        var signedIn = cipher.Decipher(request.Password) is { } password
            ? await Ask(
                () => session.Grain.SignInClerk(session.KeySet, request.Clerk, new ClerkPassword(password)), new ClerkSignedIn(Refusal.Fault, null, false))
            : new ClerkSignedIn(Refusal.FormatError, null, false);
        return new ClerkSignInAnswer(request.From, Say(signedIn.Refusal, session.Language), signedIn.Name, signedIn.IsSupervisor).ToIso();
    }

    private async Task<Iso8583Message?> CloseBatch(BatchCloseRequest request, Session session)
    {
        var closed = await Ask(
            () => session.Grain.CloseBatch(session.KeySet, request.Batch, request.Totals.Count, request.Totals.Amount, request.ListAfter),
            new ClosedBatch(Refusal.Fault, 0, 0, []));
        var isClosed = closed.Refusal is null or Refusal.TotalsDiffer;
        return new BatchCloseAnswer(
            request.From,
            Say(closed.Refusal, session.Language),
            request.Batch,
            isClosed ? new BatchTotals(closed.Count, closed.Amount) : null,
            [.. closed.List.Select(entry => new BatchEntry(entry.Stan, entry.Amount))]).ToIso();
    }

    private static PaymentFacts Facts(SwipeAnswer answer) => new(
        answer.Rrn,
        answer.AuthorisationCode,
        answer.MaskedPan,
        answer.State == AttemptState.Approved ? answer.SettledAt : null,
        answer.Payee,
        answer.OrderId);

    private static readonly SwipeAnswer Failed = SwipeAnswer.Refused(Refusal.Fault);

    // Says nothing of a payment: there was none.
    private static readonly Verdict Done = new(ResponseCodes.Approved, 0, null, null, ProcessingRequirement.None);

    private static Verdict Say(Refusal? reason, string language) => reason is { } no ? Say(no.ResponseCode(), no, language) : Done;

    private static Verdict Say(SwipeAnswer answer, Session session) => Say(answer.ResponseCode!, answer.Reason, session.Language);

    private static Verdict Say(string code, Refusal? reason, string language)
    {
        var (clerk, customer) = AnswerTexts.Of(code, (int?)reason, language);
        var requirement = reason is Refusal.SignOnFirst ? ProcessingRequirement.SignOn : ProcessingRequirement.None;
        return new Verdict(code, (int?)reason ?? 0, clerk, customer, requirement);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TerminalHealth))]
internal sealed partial class HealthJson : JsonSerializerContext;

/// <summary>A terminal's working keys on one line, checked against its grain on every call.</summary>
public sealed record Session(
    string Terminal, string Store, string Language, int KeySet, MessageMac Mac, byte[] WrappedPinKey, ITerminalGrain Grain)
{
    public override string ToString() => $"{Terminal}, key set {KeySet}";
}
