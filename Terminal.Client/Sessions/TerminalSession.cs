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

/// <summary>Who the terminal is and how patient it is.</summary>
public sealed record SessionOptions
{
    /// <summary>8 characters.</summary>
    public required string Terminal { get; init; }

    /// <summary>15 characters.</summary>
    public required string Store { get; init; }

    public string Language { get; init; } = "en";

    /// <summary>How the terminal is, for its heartbeat. Null: nothing is said of it, and what the server asks for is not noted.</summary>
    public Func<TerminalHealth>? Health { get; init; }

    /// <summary>Hears of the line's troubles in the machine's words.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>For one connection with its handshake.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After so long a silence the terminal says that it is there, and how it is.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>From the first message of a payment or an enquiry on.</summary>
    public TimeSpan GiveUp { get; init; } = TimeSpan.FromSeconds(90);
}

/// <summary>What one sign-on brought.</summary>
/// <param name="ClockOffset">By how much our clock was ahead of the server's.</param>
public sealed record WorkingKeys(int KeySet, PinCipher Pin, MessageMac Mac, string StoreName, TimeSpan ClockOffset, ClerkPasswordCipher Clerk)
{
    public override string ToString() => $"key set {KeySet}";
}

/// <summary>How a payment or an enquiry ended for the terminal.</summary>
public abstract record PayOutcome
{
    private PayOutcome()
    {
    }

    /// <summary>The answer will never change; or the server has not taken the payment, and it is not asked for again.</summary>
    public sealed record Final(PayAnswer Answer) : PayOutcome;

    /// <summary>Not one byte of the 0200 has left.</summary>
    public sealed record NotSent(string Why) : PayOutcome;

    /// <param name="Last">The last answer that was heard, none of them final.</param>
    public sealed record Unknown(PayAnswer? Last) : PayOutcome;
}

/// <summary>
/// A terminal's line to the gateway: signed on, MACed, answers matched; and the rule by which a payment is asked after until
/// it is certain. One payment at a time.
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

    /// <summary>Null when the line is up, else why it is not.</summary>
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

    /// <summary>The same with patience that counts from when the line was lost: who asks long after is told at once.</summary>
    public Task<LineTrouble?> WaitSinceLost(TimeSpan bound, CancellationToken stop)
    {
        var left = bound - _time.GetElapsedTime(_link.DownSince);
        return WaitUntilUp(left > TimeSpan.Zero ? left : TimeSpan.Zero, stop);
    }

    public bool IsUp => _link.State == LinkState.Up;

    /// <summary>By how much this machine's clock was ahead of the server's at the last sign-on.</summary>
    public TimeSpan? ClockOffset => _keys?.ClockOffset;

    /// <summary>The server has asked for something that is to be done at the next free moment.</summary>
    public bool HasRequirement =>
        _requirement is ProcessingRequirement.SignOn or ProcessingRequirement.FetchParameters or ProcessingRequirement.SendStatus;

    /// <summary>Does it. Nothing of it can fail for the terminal: what is not done now is asked for again.</summary>
    /// <returns>New parameters, when they were asked for and have come.</returns>
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

    /// <summary>The name that the server gave the store at sign-on.</summary>
    public string? StoreName => _keys?.StoreName;

    /// <summary>Null when no answer came that can be believed.</summary>
    public async Task<LookupAnswer?> Lookup(SwipeKey key, string bill, CancellationToken stop)
    {
        if (_keys is not { } keys)
        {
            return null;
        }

        var request = new LookupRequest(From(key), key.Batch, bill, keys.KeySet).ToIso();
        var outcome = await _link.Request(Name(Mti.LookupAnswer, key.Stan), request, keys.Mac, _options.AnswerTimeout).WaitAsync(stop);
        var answer = Read(outcome, LookupAnswer.FromIso);
        if (answer?.Verdict.Code == ResponseCodes.SignOnFirst)
        {
            await Reconnect(forgetKeys: true);
        }
        else if (answer?.Verdict is { Code: ResponseCodes.TryLater or ResponseCodes.Fault, Reason: not LocalReason.TooManyRequests })
        {
            // The clerk tries again, and then another server.
            await Reconnect(forgetKeys: false);
        }

        return answer?.Bill == bill ? answer : null;
    }

    /// <summary>
    /// Sends the 0200, and repeats it until the answer is final or patience is at its end. Under other working keys than
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
        var begun = _time.GetTimestamp();
        var outcome = await Ask(live, keys, stop);
        return outcome is LinkOutcome.NotSent notSent
            ? new PayOutcome.NotSent(notSent.Why)
            : FinalIn(outcome, swipe) ?? NotTakenIn(outcome, swipe) ?? await AskAgain(swipe, live with { IsRepeat = true }, keys, outcome, begun, stop);
    }

    /// <summary>Asks what became of a key, without card; a key that the server has never seen is void from then on (25).</summary>
    public Task<PayOutcome> Enquire(SwipePending swipe, CancellationToken stop) =>
        AskAgain(swipe, null, null, null, _time.GetTimestamp(), stop);

    /// <summary>
    /// Gives the payment up: 0420, then 0421 until an answer is final or patience is at its end. It may turn out to be paid;
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

    /// <returns>Null when no answer came that can be believed.</returns>
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

    /// <summary>Closes a batch, or asks for the server's list of a closed one; repeated while patience lasts.</summary>
    /// <returns>Null when no answer came that can be believed.</returns>
    public async Task<BatchCloseAnswer?> CloseBatch(SwipeKey key, int batch, BatchTotals totals, int? listAfter, CancellationToken stop)
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

    private async Task<PayOutcome> AskAgain(
        SwipePending swipe, PayRequest? live, WorkingKeys? liveKeys, LinkOutcome? first, long begun, CancellationToken stop)
    {
        var last = first;
        PayAnswer? heard = null;
        for (var tries = 0; ; tries++)
        {
            heard = Read(last, PayAnswer.FromIso) ?? heard;
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

            // Whoever has waited for an answer in vain asks again at once, but not for ever at once.
            var pause = tries == 0 && last is not LinkOutcome.Answered ? TimeSpan.Zero : Pause(tries, verdict, Random.Shared.NextDouble());
            await Task.Delay(pause, _time, stop);
            if (await KeysInTime(begun, stop) is not { } keys)
            {
                return new PayOutcome.Unknown(heard);
            }

            live = keys == liveKeys ? live : null;
            last = await Ask(live ?? Request(swipe, keys, isRepeat: true), keys, stop);
            if (FinalIn(last, swipe) is { } final)
            {
                return final;
            }
        }
    }

    // A server that goes on giving no final answer may be the one that is in trouble: the next line goes to another.
    internal static bool IsStuck(LinkOutcome last, Verdict? verdict, int tries) =>
        tries > 0 && !IsTooMuch(verdict)
        && (last is LinkOutcome.NoAnswer || (verdict?.Code is not ResponseCodes.InProgress && tries % MaxInVain == 0));

    // This terminal's own doing, whichever server it asks.
    private static bool IsTooMuch(Verdict? verdict) => verdict is { Code: ResponseCodes.TryLater, Reason: LocalReason.TooManyRequests };

    /// <returns>The keys of a line that is up; null when patience is at its end.</returns>
    private async Task<WorkingKeys?> KeysInTime(long begun, CancellationToken stop)
    {
        var left = _options.GiveUp - _time.GetElapsedTime(begun);
        return left > TimeSpan.Zero && await WaitUntilUp(left, stop) is null ? _keys : null;
    }

    // Who asks too much is let through at a steady pace that no chance may quicken.
    internal static TimeSpan Pause(int tries, Verdict? verdict, double random) =>
        IsTooMuch(verdict) ? Repeats.Longest : Repeats.PauseAfter(tries, random);

    private Task<LinkOutcome> Ask(PayRequest request, WorkingKeys keys, CancellationToken stop)
    {
        var asked = _link.Request(Name(Mti.PayAnswer, request.From.Stan), request.ToIso(), keys.Mac, _options.AnswerTimeout);
        return stop.CanBeCanceled ? asked.WaitAsync(stop) : asked;
    }

    // An approval must be of this bill and amount; a refusal may stand for a request that the server could not read.
    private static PayOutcome.Final? FinalIn(LinkOutcome outcome, SwipePending swipe) =>
        Read(outcome, PayAnswer.FromIso) is { } answer
        && answer.Batch == swipe.Key.Batch
        && ResponseCodes.IsFinal(answer.Verdict.Code)
        && (answer.Verdict.Code != ResponseCodes.Approved
            || (answer.Bill == swipe.Bill && answer.Amount == swipe.Amount && answer.Currency == swipe.Currency))
            ? new PayOutcome.Final(answer)
            : null;

    // To the only message under the key it says that nothing stands there, and nothing else will be sent that could change it.
    private static PayOutcome.Final? NotTakenIn(LinkOutcome outcome, SwipePending swipe) =>
        Read(outcome, PayAnswer.FromIso) is { } answer && answer.Batch == swipe.Key.Batch && IsTooMuch(answer.Verdict) ? new PayOutcome.Final(answer) : null;

    // 00 means not paid, 21 that it is paid, 25 never seen. What the payment itself was answered stands in it too.
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
            // Authentic but not to be understood: as good as no answer.
            return null;
        }
    }

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

    // A line that is open and does not sign on says more than the line itself.
    private LineTrouble Trouble => _signOnTrouble ?? _trouble;

    private Origin From(SwipeKey key) => new(_options.Terminal, _options.Store, key.Stan);

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
            _trouble = LineTrouble.Of(fault);

            // What an authentic answer said stands until the next one. Silence may have been the line's.
            _signOnTrouble = _signOnTrouble is { Fault: LineFault.SignOnRefused } refused ? refused : null;
            throw;
        }
    }

    // Before there is a connection the fault itself says more, and is known already.
    private void OnTrouble(string why)
    {
        if (_isConnected)
        {
            _trouble = new LineTrouble(LineFault.Cut, why);
        }

        _options.Log?.Invoke(Trouble.Detail);
    }

    // What is noted later stands: the server says it again with every answer until it is done.
    private void Note(Iso8583Message message)
    {
        try
        {
            _requirement = Verdict.Of(message).Requirement ?? _requirement;
        }
        catch (Iso8583Exception)
        {
            // Whoever waits for the message finds out.
        }
    }

    private async Task Reconnect(bool forgetKeys)
    {
        await _link.DisposeAsync();
        _keys = forgetKeys ? null : _keys;
        _link = NewLink();
    }

    // 0800 messages count for themselves: only lookups and payments have keys.
    private int NextNetworkStan() => (int)((uint)Interlocked.Increment(ref _networkStan) % SwipeKey.Last) + 1;

    private (string Key, Iso8583Message Message) Echo()
    {
        var stan = NextNetworkStan();
        return (Name(Mti.NetworkAnswer, stan), new NetworkRequest(new Origin(_options.Terminal, _options.Store, stan), NetworkCode.Echo, _keys!.KeySet, _options.Health?.Invoke()).ToIso());
    }

    // Keys outlive a line: a payment whose line was lost is repeated whole, with the PIN block made under them. When they do
    // not work any more there are new ones, and a payment of before is only enquired about.
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
            // This server may be the one that is in trouble; or it knows the keys no more, and says so without a MAC.
            _keys = ++_resumes < MaxResumes ? _keys : null;
            throw NoSignOn(LineFault.SignOnUnanswered, "the sign-on is not answered");
        }

        // 91 and 96 say nothing of the keys.
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

        // A refusal holds no keys, and is as authentic as an approval.
        if (Verdict.Of(answered.Message) is { Code: not ResponseCodes.Approved } refusal)
        {
            // An old refusal, kept by somebody and sent again, is none of this sign-on.
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
