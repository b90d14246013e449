using System.Globalization;
using System.Security.Cryptography;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;

namespace Lakala.Terminal.Client.Sessions;

/// <summary>The terminal's identity and its time-outs.</summary>
public sealed record SessionOptions
{
    /// <summary>8 characters.</summary>
    public required string Terminal { get; init; }

    /// <summary>15 characters.</summary>
    public required string Store { get; init; }

    public string Language { get; init; } = "en";

    /// <summary>The terminal's health for its heartbeat. Null: no health is sent, and the server's requests are ignored.</summary>
    public Func<TerminalHealth>? Health { get; init; }

    /// <summary>Gets the technical messages about faults of the line.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>Time-out of one connection with its handshake.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The idle time after which the terminal sends a heartbeat with its health.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The time for a payment or an enquiry, from its first message on.</summary>
    public TimeSpan GiveUp { get; init; } = TimeSpan.FromSeconds(90);
}

/// <summary>The result of one sign-on.</summary>
/// <param name="ClockOffset">The time by which our clock was ahead of the server's.</param>
public sealed record WorkingKeys(int KeySet, PinCipher Pin, MessageMac Mac, string StoreName, TimeSpan ClockOffset, ClerkPasswordCipher Clerk)
{
    public override string ToString() => $"key set {KeySet}";
}

/// <summary>The outcome of a payment, a refund or an enquiry for the terminal.</summary>
public abstract record PayOutcome
{
    private PayOutcome()
    {
    }

    /// <summary>The answer is final; or the server has not accepted the payment, and it is not repeated.</summary>
    /// <param name="IsWaiting">A refund was made, and waits for the merchant's money.</param>
    public sealed record Final(PayAnswer Answer, bool IsWaiting = false) : PayOutcome;

    /// <summary>Not one byte of the 0200 or 0220 was sent.</summary>
    public sealed record NotSent(string Why) : PayOutcome;

    /// <param name="Last">The last answer; none was final.</param>
    public sealed record Unknown(PayAnswer? Last) : PayOutcome;
}

/// <summary>
/// A terminal's line to the gateway: it signs on, adds MACs, matches answers, and repeats a payment until its outcome is
/// certain. One payment at a time.
/// </summary>
public sealed class TerminalSession : IAsyncDisposable
{
    private static readonly TimeSpan SignOnTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ResumeTimeout = TimeSpan.FromSeconds(3);
    private const int MaxResumes = 2, MaxInVain = 4;
    private static readonly Backoff Repeats = new(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(5), Jitter: 0.5);
    private static readonly string Version = typeof(TerminalSession).Assembly.GetName().Version!.ToString(3);

    private readonly SessionOptions _options;
    private readonly MasterKey _master;
    private readonly Func<CancellationToken, Task<Stream>> _connect;
    private readonly TimeProvider _time;
    private Iso8583Link _link;
    private WorkingKeys? _keys;
    private volatile LineTrouble _trouble = new(LineFault.NoAnswer, "no answer yet");
    private volatile LineTrouble? _signOnTrouble;
    private volatile bool _isConnected;
    private volatile string _requirement = ProcessingRequirement.None;
    private int _networkStan;
    private int _resumes;

    public TerminalSession(SessionOptions options, MasterKey master, Func<CancellationToken, Task<Stream>> connect, TimeProvider time)
    {
        (_options, _master, _connect, _time) = (options, master, connect, time);
        _link = NewLink();
    }

    /// <summary>Null when the line is up, otherwise its fault.</summary>
    public async Task<LineTrouble?> WaitUntilUp(TimeSpan bound, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(bound, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop);
        try
        {
            await _link.WaitUntilUp(either.Token);
            return null;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return Trouble;
        }
    }

    /// <summary>The same, but the time-out counts from the loss of the line: long after it the answer comes at once.</summary>
    public Task<LineTrouble?> WaitSinceLost(TimeSpan bound, CancellationToken stop)
    {
        var left = bound - _time.GetElapsedTime(_link.DownSince);
        return WaitUntilUp(left > TimeSpan.Zero ? left : TimeSpan.Zero, stop);
    }

    public bool IsUp => _link.State == LinkState.Up;

    /// <summary>The time by which this machine's clock was ahead of the server's at the last sign-on.</summary>
    public TimeSpan? ClockOffset => _keys?.ClockOffset;

    /// <summary>True when the server has asked for something at the next free moment.</summary>
    public bool HasRequirement =>
        _requirement is ProcessingRequirement.SignOn or ProcessingRequirement.FetchParameters or ProcessingRequirement.SendStatus;

    /// <summary>Does it. It never fails: the server asks again for what is not done now.</summary>
    /// <returns>New parameters, if the server asked to fetch them and they have come.</returns>
    public async Task<ParametersAnswer?> Obey(CancellationToken stop)
    {
        var requirement = _requirement;
        _requirement = ProcessingRequirement.None;
        if (requirement == ProcessingRequirement.SignOn)
        {
            await Reconnect(forgetKeys: true);
            await WaitUntilUp(SignOnTimeout, stop);
        }
        else if (requirement == ProcessingRequirement.SendStatus && _keys is { } keys)
        {
            var (key, echo) = Echo();
            await _link.Request(key, echo, keys.Mac, _options.AnswerTimeout).WaitAsync(stop);
        }
        else if (requirement == ProcessingRequirement.FetchParameters && _keys is { } current)
        {
            var stan = NextNetworkStan();
            var request = new NetworkRequest(new Origin(_options.Terminal, _options.Store, stan), NetworkCode.Parameters, current.KeySet).ToIso();
            var outcome = await _link.Request(Name(Mti.NetworkAnswer, stan), request, current.Mac, _options.AnswerTimeout).WaitAsync(stop);
            return Read(outcome, ParametersAnswer.FromIso) is { Verdict.Code: ResponseCodes.Approved } answer ? answer : null;
        }

        return null;
    }

    /// <summary>The store's name from the sign-on.</summary>
    public string? StoreName => _keys?.StoreName;

    /// <summary>Null when no valid answer came.</summary>
    public async Task<LookupAnswer?> Lookup(JournalKey key, string bill, CancellationToken stop)
    {
        if (_keys is not { } keys)
        {
            return null;
        }

        var request = new LookupRequest(From(key), key.Batch, bill, keys.KeySet).ToIso();
        var outcome = await _link.Request(Name(Mti.LookupAnswer, key.Stan), request, keys.Mac, _options.AnswerTimeout).WaitAsync(stop);
        var answer = Read(outcome, LookupAnswer.FromIso);
        await ReconnectAfter(answer?.Verdict);
        return answer?.Bill == bill ? answer : null;
    }

    /// <summary>
    /// Sends the 0200, and repeats it until the answer is final or the time is over. Under other working keys than
    /// those of the PIN block, and after a 94, it only enquires.
    /// </summary>
    /// <exception cref="OperationCanceledException">Stopped; the outcome is unknown.</exception>
    public async Task<PayOutcome> Pay(SwipePending swipe, SwipedCard card, CancellationToken stop)
    {
        if (_keys is not { } keys)
        {
            return new PayOutcome.NotSent(Trouble.Detail);
        }

        var live = Request(swipe, keys, isRepeat: false) with
        {
            Track2 = card.Track.Data,
            PinBlock = PinBlock.Encipher(card.Pin, card.Track.PrimaryAccountNumber, keys.Pin),
        };
        return await Begin(swipe, live.ToIso(), () => (live with { IsRepeat = true }).ToIso(), keys, stop);
    }

    /// <summary>What of a payment can be given back; the number is that of its bill, or its RRN.</summary>
    /// <returns>Null when no valid answer came, or the server gives no refunds yet.</returns>
    public async Task<RefundLookupAnswer?> LookupRefund(JournalKey key, string number, CancellationToken stop)
    {
        if (_keys is not { } keys)
        {
            return null;
        }

        var isBill = number.Length == BillNumber.Length;
        var request = new RefundLookupRequest(From(key), key.Batch, isBill ? number : null, isBill ? null : number, keys.KeySet).ToIso();
        var outcome = await _link.Request(Name(Mti.LookupAnswer, key.Stan), request, keys.Mac, _options.AnswerTimeout).WaitAsync(stop);
        var answer = Read(outcome, RefundLookupAnswer.FromIso);
        await ReconnectAfter(answer?.Verdict);
        return answer;
    }

    /// <summary>
    /// Sends the 0220, and repeats it until the answer is final or the time is over. Under other working keys than those of the password,
    /// and after a 94, it only enquires.
    /// </summary>
    /// <param name="password">Of the supervisor who signs.</param>
    /// <exception cref="OperationCanceledException">Stopped; the outcome is unknown.</exception>
    public async Task<PayOutcome> Refund(SwipePending refund, string password, CancellationToken stop)
    {
        if (_keys is not { } keys)
        {
            return new PayOutcome.NotSent(Trouble.Detail);
        }

        var live = RefundRequest(refund, keys, isRepeat: false) with { Password = keys.Clerk.Encipher(password) };
        return await Begin(refund, live.ToIso(), () => (live with { IsRepeat = true }).ToIso(), keys, stop);
    }

    /// <summary>Asks for the outcome of a key, without card and password; a key that the server has never seen is void from then on (25).</summary>
    public Task<PayOutcome> Enquire(SwipePending swipe, CancellationToken stop) =>
        AskAgain(swipe, null, null, null, _time.GetTimestamp(), stop);

    /// <summary>
    /// Gives the payment up: 0420, then 0421 until an answer is final or the time is over. The outcome may be that it is paid;
    /// a key that the server has never seen is void from then on (25).
    /// </summary>
    public async Task<PayOutcome> Abandon(SwipePending swipe, CancellationToken stop)
    {
        var begun = _time.GetTimestamp();
        for (var tries = 0; await KeysInTime(begun, stop) is { } keys; tries++)
        {
            var request = new AbandonRequest(tries > 0, From(swipe.Key), swipe.Key.Batch, keys.KeySet).ToIso();
            var outcome = await _link.Request(Name(Mti.ReversalAnswer, swipe.Key.Stan), request, keys.Mac, _options.AnswerTimeout).WaitAsync(stop);
            var answer = Read(outcome, AbandonAnswer.FromIso);
            if (answer is not null && FinalOf(answer, swipe) is { } final)
            {
                return final;
            }

            var code = answer?.Verdict.Code;
            if (code == ResponseCodes.SignOnFirst || IsStuck(outcome, answer?.Verdict, tries))
            {
                await Reconnect(forgetKeys: code == ResponseCodes.SignOnFirst);
            }

            await Task.Delay(Pause(tries, answer?.Verdict, Random.Shared.NextDouble()), _time, stop);
        }

        return new PayOutcome.Unknown(null);
    }

    /// <returns>Null when no valid answer came.</returns>
    public async Task<ClerkSignInAnswer?> SignInClerk(string number, string password, CancellationToken stop)
    {
        if (_keys is not { } keys)
        {
            return null;
        }

        var stan = NextNetworkStan();
        var request = new ClerkSignInRequest(
            new Origin(_options.Terminal, _options.Store, stan), number, keys.Clerk.Encipher(password), keys.KeySet).ToIso();
        var outcome = await _link.Request(Name(Mti.NetworkAnswer, stan), request, keys.Mac, _options.AnswerTimeout).WaitAsync(stop);
        return Read(outcome, ClerkSignInAnswer.FromIso);
    }

    /// <summary>Closes a batch, or asks for the server's list of a closed one; repeats until the time is over.</summary>
    /// <returns>Null when no valid answer came.</returns>
    public async Task<BatchCloseAnswer?> CloseBatch(JournalKey key, int batch, BatchTotals totals, int? listAfter, CancellationToken stop)
    {
        var begun = _time.GetTimestamp();
        for (var tries = 0; await KeysInTime(begun, stop) is { } keys; tries++)
        {
            var request = new BatchCloseRequest(From(key), batch, totals, keys.KeySet, listAfter).ToIso();
            var outcome = await _link.Request(Name(Mti.BatchCloseAnswer, key.Stan), request, keys.Mac, _options.AnswerTimeout).WaitAsync(stop);
            var answer = Read(outcome, BatchCloseAnswer.FromIso);
            if (answer?.Batch == batch
                && (answer.Verdict.Code is not (ResponseCodes.SignOnFirst or ResponseCodes.TryLater or ResponseCodes.Fault) || IsTooMuch(answer.Verdict)))
            {
                return answer;
            }

            if (answer?.Verdict.Code == ResponseCodes.SignOnFirst || IsStuck(outcome, answer?.Verdict, tries))
            {
                await Reconnect(forgetKeys: answer?.Verdict.Code == ResponseCodes.SignOnFirst);
            }

            await Task.Delay(Pause(tries, answer?.Verdict, Random.Shared.NextDouble()), _time, stop);
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync();
        _master.Dispose();
    }

    private async Task<PayOutcome> Begin(SwipePending swipe, Iso8583Message first, Func<Iso8583Message> repeat, WorkingKeys keys, CancellationToken stop)
    {
        var begun = _time.GetTimestamp();
        var outcome = await Send(swipe, first, keys, stop);
        return outcome is LinkOutcome.NotSent notSent
            ? new PayOutcome.NotSent(notSent.Why)
            : FinalIn(outcome, swipe) ?? NotTakenIn(outcome, swipe) ?? await AskAgain(swipe, repeat, keys, outcome, begun, stop);
    }

    private async Task<PayOutcome> AskAgain(
        SwipePending swipe, Func<Iso8583Message>? live, WorkingKeys? liveKeys, LinkOutcome? first, long begun, CancellationToken stop)
    {
        var last = first;
        PayAnswer? heard = null;
        for (var tries = 0; ; tries++)
        {
            heard = AnswerIn(last, swipe)?.Answer ?? heard;
            var verdict = last is LinkOutcome.Answered ? heard?.Verdict : null;
            var code = verdict?.Code;
            if (code == ResponseCodes.DuplicateKey && live is null)
            {
                return new PayOutcome.Unknown(heard);
            }

            live = code == ResponseCodes.DuplicateKey ? null : live;
            if (code == ResponseCodes.SignOnFirst || (last is not null && IsStuck(last, verdict, tries)))
            {
                await Reconnect(forgetKeys: code == ResponseCodes.SignOnFirst);
            }

            // After a wait without an answer the first repeats come at once, later ones after a pause.
            var pause = tries == 0 && last is not LinkOutcome.Answered ? TimeSpan.Zero : Pause(tries, verdict, Random.Shared.NextDouble());
            await Task.Delay(pause, _time, stop);
            if (await KeysInTime(begun, stop) is not { } keys)
            {
                return new PayOutcome.Unknown(heard);
            }

            live = keys == liveKeys ? live : null;
            last = await Send(swipe, live?.Invoke() ?? Enquiry(swipe, keys), keys, stop);
            if (FinalIn(last, swipe) is { } final)
            {
                return final;
            }
        }
    }

    // A server that repeatedly gives no final answer may be at fault: the next line goes to another.
    internal static bool IsStuck(LinkOutcome last, Verdict? verdict, int tries) =>
        tries > 0 && !IsTooMuch(verdict)
        && (last is LinkOutcome.NoAnswer || (verdict?.Code is not ResponseCodes.InProgress && tries % MaxInVain == 0));

    // The terminal caused it; another server would answer the same.
    private static bool IsTooMuch(Verdict? verdict) => verdict is { Code: ResponseCodes.TryLater, Reason: LocalReason.TooManyRequests };

    /// <returns>The keys of a line that is up; null when the time is over.</returns>
    private async Task<WorkingKeys?> KeysInTime(long begun, CancellationToken stop)
    {
        var left = _options.GiveUp - _time.GetElapsedTime(begun);
        return left > TimeSpan.Zero && await WaitUntilUp(left, stop) is null ? _keys : null;
    }

    // Above the quota the server admits requests at a constant rate: the pause has no random part that shortens it.
    internal static TimeSpan Pause(int tries, Verdict? verdict, double random) =>
        IsTooMuch(verdict) ? Repeats.Longest : Repeats.PauseAfter(tries, random);

    private Task<LinkOutcome> Send(SwipePending swipe, Iso8583Message message, WorkingKeys keys, CancellationToken stop)
    {
        var asked = _link.Request(Name(swipe.IsRefund ? Mti.RefundAnswer : Mti.PayAnswer, swipe.Key.Stan), message, keys.Mac, _options.AnswerTimeout);
        return stop.CanBeCanceled ? asked.WaitAsync(stop) : asked;
    }

    // The answer to a refund has the members of one to a payment.
    private static PayOutcome.Final? AnswerIn(LinkOutcome? outcome, SwipePending swipe) => swipe.IsRefund
        ? Read(outcome, RefundAnswer.FromIso) is { } refund
            ? new PayOutcome.Final(
                new PayAnswer(refund.To, refund.Verdict, refund.Batch, refund.Bill, refund.Amount, refund.Currency, refund.Facts), refund.IsWaiting)
            : null
        : Read(outcome, PayAnswer.FromIso) is { } answer ? new PayOutcome.Final(answer) : null;

    // An approval must be of this bill and amount; a refusal may be for a request that the server could not read.
    private static PayOutcome.Final? FinalIn(LinkOutcome outcome, SwipePending swipe) =>
        AnswerIn(outcome, swipe) is { Answer: var answer } final
        && answer.Batch == swipe.Key.Batch
        && ResponseCodes.IsFinal(answer.Verdict.Code)
        && (answer.Verdict.Code != ResponseCodes.Approved
            || (answer.Bill == swipe.Bill && answer.Amount == swipe.Amount && answer.Currency == swipe.Currency))
            ? final
            : null;

    // After the only message under the key it means that nothing is stored there, and no later message will change that.
    private static PayOutcome.Final? NotTakenIn(LinkOutcome outcome, SwipePending swipe) =>
        AnswerIn(outcome, swipe) is { Answer: var answer } final && answer.Batch == swipe.Key.Batch && IsTooMuch(answer.Verdict) ? final : null;

    // 00 means not paid, 21 that it is paid, 25 never seen. The stored answer of the payment is in it too.
    private static PayOutcome.Final? FinalOf(AbandonAnswer answer, SwipePending swipe)
    {
        var code = answer.Verdict.Code switch
        {
            ResponseCodes.NoActionTaken => ResponseCodes.Approved,
            ResponseCodes.NoSuchOriginal => ResponseCodes.NoSuchOriginal,
            ResponseCodes.Approved when answer.StoredCode is { } stored && stored != ResponseCodes.Approved => stored,
            _ => null,
        };
        return code is null || answer.Batch != swipe.Key.Batch
            ? null
            : new PayOutcome.Final(new PayAnswer(
                answer.To, answer.Verdict with { Code = code }, answer.Batch, swipe.Bill, swipe.Amount, swipe.Currency, answer.Facts));
    }

    private static T? Read<T>(LinkOutcome? outcome, Func<Iso8583Message, T> read)
        where T : class
    {
        try
        {
            return outcome is LinkOutcome.Answered answered ? read(answered.Message) : null;
        }
        catch (Iso8583Exception)
        {
            // Authentic but not readable: treated as no answer.
            return null;
        }
    }

    private static Iso8583Message Enquiry(SwipePending swipe, WorkingKeys keys) =>
        swipe.IsRefund ? RefundRequest(swipe, keys, isRepeat: true).ToIso() : Request(swipe, keys, isRepeat: true).ToIso();

    private static RefundRequest RefundRequest(SwipePending refund, WorkingKeys keys, bool isRepeat) => new(
        isRepeat,
        new Origin(refund.Terminal, refund.Store, refund.Key.Stan),
        refund.Key.Batch,
        refund.Bill,
        refund.Amount,
        refund.Currency,
        refund.At,
        refund.EntryMode,
        refund.MaskedCard,
        refund.Clerk ?? "",
        refund.Supervisor ?? "",
        null,
        keys.KeySet);

    private static PayRequest Request(SwipePending swipe, WorkingKeys keys, bool isRepeat) => new(
        isRepeat,
        new Origin(swipe.Terminal, swipe.Store, swipe.Key.Stan),
        swipe.Key.Batch,
        swipe.Bill,
        swipe.Amount,
        swipe.Currency,
        swipe.At,
        swipe.EntryMode,
        null,
        null,
        keys.KeySet,
        swipe.Clerk);

    // When the line is open and the sign-on fails, the fault of the sign-on is the better text.
    private LineTrouble Trouble => _signOnTrouble ?? _trouble;

    private Origin From(JournalKey key) => new(_options.Terminal, _options.Store, key.Stan);

    private static string Name(string answer, int stan) => string.Create(CultureInfo.InvariantCulture, $"{answer}{stan}");

    private static string? NameOf(Iso8583Message message) =>
        message.Text(11) is { } stan ? Name(message.Mti, int.Parse(stan, CultureInfo.InvariantCulture)) : null;

    private Iso8583Link NewLink() => new(
        new LinkProtocol
        {
            Connect = Connect,
            SignOn = SignOn,
            KeyOf = NameOf,
            Mac = () => _keys?.Mac,
            Echo = Echo,
            Heard = _options.Health is null ? null : Note,
            Trouble = OnTrouble,
            ConnectTimeout = _options.HandshakeTimeout,
            IdleBeforeEcho = _options.Heartbeat,
        },
        _time);

    private async Task<Stream> Connect(CancellationToken stop)
    {
        _isConnected = false;
        try
        {
            var stream = await _connect(stop);
            _isConnected = true;
            return stream;
        }
        catch (Exception fault)
        {
            _trouble = LineTrouble.Diagnose(fault);

            // A fault from an authentic answer stays until the next answer; silence may have been a fault of the line.
            _signOnTrouble = _signOnTrouble is { Fault: LineFault.SignOnRefused } refused ? refused : null;
            throw;
        }
    }

    // Before the connection the fault itself is the better text, and is set already.
    private void OnTrouble(string why)
    {
        if (_isConnected)
        {
            _trouble = new LineTrouble(LineFault.Cut, why);
        }

        _options.Log?.Invoke(Trouble.Detail);
    }

    // A later request replaces this one: the server repeats each with every answer until it is done.
    private void Note(Iso8583Message message)
    {
        try
        {
            _requirement = Verdict.ReadFrom(message).Requirement ?? _requirement;
        }
        catch (Iso8583Exception)
        {
            // The request that waits for this message gets the fault.
        }
    }

    // At the clerk's next try another server is asked.
    private Task ReconnectAfter(Verdict? lookup) => lookup switch
    {
        { Code: ResponseCodes.SignOnFirst } => Reconnect(forgetKeys: true),
        { Code: ResponseCodes.TryLater or ResponseCodes.Fault, Reason: not LocalReason.TooManyRequests } => Reconnect(forgetKeys: false),
        _ => Task.CompletedTask,
    };

    private async Task Reconnect(bool forgetKeys)
    {
        await _link.DisposeAsync();
        _keys = forgetKeys ? null : _keys;
        _link = NewLink();
    }

    // 0800 messages have their own counter: only lookups and payments have keys.
    private int NextNetworkStan() => (int)((uint)Interlocked.Increment(ref _networkStan) % JournalKey.Last) + 1;

    private (string Key, Iso8583Message Message) Echo()
    {
        var stan = NextNetworkStan();
        return (Name(Mti.NetworkAnswer, stan), new NetworkRequest(new Origin(_options.Terminal, _options.Store, stan), NetworkCode.Echo, _keys!.KeySet, _options.Health?.Invoke()).ToIso());
    }

    // Keys outlive a line: a payment whose line was lost is repeated whole, with its PIN block. When they are no longer
    // valid the terminal gets new ones, and only enquires about an earlier payment.
    private async Task SignOn(Iso8583Link link, CancellationToken stop)
    {
        if (_keys is not { } keys || !await Resume(link, keys))
        {
            await SignOnAnew(link);
        }
    }

    private async Task<bool> Resume(Iso8583Link link, WorkingKeys keys)
    {
        var (name, echo) = Echo();
        var outcome = await link.RequestSignOn(name, echo, keys.Mac, ResumeTimeout);
        if (outcome is not LinkOutcome.Answered answered)
        {
            // This server may be at fault; or it no longer knows the keys, and answers without a MAC.
            _keys = ++_resumes < MaxResumes ? _keys : null;
            throw NoSignOn(LineFault.SignOnUnanswered, "the sign-on is not answered");
        }

        // 91 and 96 are not about the keys.
        var isGood = NetworkAnswer.FromIso(answered.Message).Verdict.Code is ResponseCodes.Approved or ResponseCodes.TryLater or ResponseCodes.Fault;
        (_keys, _signOnTrouble, _resumes) = (isGood ? _keys : null, null, 0);
        return isGood;
    }

    private async Task SignOnAnew(Iso8583Link link)
    {
        var stan = NextNetworkStan();
        var nonce = RandomNumberGenerator.GetBytes(SignOnRequest.NonceLength);
        var request = new SignOnRequest(new Origin(_options.Terminal, _options.Store, stan), _time.GetUtcNow(), nonce, Version, _options.Language).ToIso();
        var outcome = await link.RequestSignOn(Name(Mti.NetworkAnswer, stan), request, _master.SignOnMac, SignOnTimeout);
        if (outcome is not LinkOutcome.Answered answered)
        {
            throw NoSignOn(LineFault.SignOnUnanswered, "the sign-on is not answered");
        }

        // A refusal has no keys, and is as authentic as an approval.
        if (Verdict.ReadFrom(answered.Message) is { Code: not ResponseCodes.Approved } refusal)
        {
            // A replayed refusal of an earlier sign-on has another nonce.
            if (!SignOnRefusal.FromIso(answered.Message).Nonce.AsSpan().SequenceEqual(nonce))
            {
                throw NoSignOn(LineFault.SignOnUnanswered, "the answer to the sign-on is to another one");
            }

            throw NoSignOn(LineFault.SignOnRefused, $"the sign-on is refused with code {refusal.Code}, reason {refusal.Reason}", refusal);
        }

        var answer = SignOnAnswer.FromIso(answered.Message);
        if (!answer.Nonce.AsSpan().SequenceEqual(nonce))
        {
            throw NoSignOn(LineFault.SignOnUnanswered, "the answer to the sign-on is to another one");
        }

        var (pin, mac) = (_master.Unwrap(answer.PinKey), _master.Unwrap(answer.MacKey));
        (_signOnTrouble, _resumes) = (null, 0);
        _keys = new WorkingKeys(answer.KeySet, new PinCipher(pin), new MessageMac(mac), answer.StoreName, _time.GetUtcNow() - answer.ServerTime, new ClerkPasswordCipher(pin));
        CryptographicOperations.ZeroMemory(pin);
        CryptographicOperations.ZeroMemory(mac);
    }

    private IOException NoSignOn(LineFault fault, string detail, Verdict? answer = null)
    {
        _signOnTrouble = new LineTrouble(fault, detail, answer);
        return new IOException(detail);
    }
}
