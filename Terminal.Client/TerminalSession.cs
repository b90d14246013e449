using System.Globalization;
using System.Security.Cryptography;
using Lakala.Wire;

namespace Lakala.Terminal.Client;

/// <summary>Who the terminal is and how patient it is.</summary>
public sealed record SessionOptions
{
    /// <summary>8 characters.</summary>
    public required string Terminal { get; init; }

    /// <summary>15 characters.</summary>
    public required string Store { get; init; }

    public string Language { get; init; } = "en";

    /// <summary>For one connection with its handshake.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>From the first message of a payment or an enquiry on.</summary>
    public TimeSpan GiveUp { get; init; } = TimeSpan.FromSeconds(90);
}

/// <summary>What one sign-on brought.</summary>
public sealed record WorkingKeys(int KeySet, PinCipher Pin, MessageMac Mac, string StoreName)
{
    public override string ToString() => $"key set {KeySet}";
}

/// <summary>Track and PIN, in this process's memory for as long as the swipe lasts.</summary>
public sealed record SwipedCard(Track2 Track, string Pin)
{
    public override string ToString() => Track.Masked;
}

/// <summary>How a payment or an enquiry ended for the terminal.</summary>
public abstract record PayOutcome
{
    private PayOutcome()
    {
    }

    /// <summary>The answer will never change.</summary>
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
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly string Version = typeof(TerminalSession).Assembly.GetName().Version!.ToString(3);

    private readonly SessionOptions _options;
    private readonly MasterKey _master;
    private readonly Func<CancellationToken, Task<Stream>> _connect;
    private readonly TimeProvider _time;
    private Iso8583Link _link;
    private WorkingKeys? _keys;
    private string _trouble = "no answer";
    private string? _signOnTrouble;
    private int _networkStan;

    public TerminalSession(SessionOptions options, MasterKey master, Func<CancellationToken, Task<Stream>> connect, TimeProvider time)
    {
        (_options, _master, _connect, _time) = (options, master, connect, time);
        _link = NewLink();
    }

    /// <summary>Null when the line is up, else why it is not.</summary>
    public async Task<string?> WaitUntilUp(TimeSpan bound, CancellationToken stop)
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
        return Read(outcome, LookupAnswer.FromIso) is { } answer && answer.Bill == bill ? answer : null;
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
            return new PayOutcome.NotSent(Trouble);
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
            : FinalIn(outcome, swipe) ?? await AskAgain(swipe, live with { IsRepeat = true }, keys, outcome, begun, stop);
    }

    /// <summary>Asks what became of a key, without card; a key that the server has never seen is void from then on (25).</summary>
    public Task<PayOutcome> Enquire(SwipePending swipe, CancellationToken stop) =>
        AskAgain(swipe, null, null, null, _time.GetTimestamp(), stop);

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
            var code = last is LinkOutcome.Answered ? heard?.Verdict.Code : null;
            if (code == ResponseCodes.DuplicateKey && live is null)
            {
                return new PayOutcome.Unknown(heard);
            }

            live = code == ResponseCodes.DuplicateKey ? null : live;
            if (code == ResponseCodes.SignOnFirst || (last is LinkOutcome.NoAnswer && tries > 0))
            {
                await Reconnect();
            }

            // Whoever has waited for an answer in vain asks again at once, but not for ever at once.
            var pause = tries == 0 && last is not LinkOutcome.Answered ? TimeSpan.Zero : Pause(tries);
            await Task.Delay(pause, _time, stop);
            var left = _options.GiveUp - _time.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero || await WaitUntilUp(left, stop) is not null || _keys is not { } keys)
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

    private static TimeSpan Pause(int tries)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(tries, 8));
        return pause < LongestPause ? pause : LongestPause;
    }

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
        null);

    // A line that is open and does not sign on says more than the line itself.
    private string Trouble => _signOnTrouble ?? _trouble;

    private Origin From(SwipeKey key) => new(_options.Terminal, _options.Store, key.Stan);

    private static string Name(string answer, int stan) => string.Create(CultureInfo.InvariantCulture, $"{answer}{stan}");

    private static string? NameOf(Iso8583Message message) =>
        message.Text(11) is { } stan ? Name(message.Mti, int.Parse(stan, CultureInfo.InvariantCulture)) : null;

    private Iso8583Link NewLink() => new(
        new LinkProtocol
        {
            Connect = _connect,
            SignOn = SignOn,
            KeyOf = NameOf,
            Mac = () => _keys?.Mac,
            Echo = Echo,
            Trouble = why => _trouble = why,
            ConnectTimeout = _options.HandshakeTimeout,
        },
        _time);

    private async Task Reconnect()
    {
        await _link.DisposeAsync();
        _keys = null;
        _link = NewLink();
    }

    // 0800 messages count for themselves: only lookups and payments have keys.
    private int NextNetworkStan() => (int)((uint)Interlocked.Increment(ref _networkStan) % SwipeKey.Last) + 1;

    private (string Key, Iso8583Message Message) Echo()
    {
        var stan = NextNetworkStan();
        return (Name(Mti.NetworkAnswer, stan), new NetworkRequest(new Origin(_options.Terminal, _options.Store, stan), NetworkCode.Echo, _keys!.KeySet).ToIso());
    }

    private async Task SignOn(Iso8583Link link, CancellationToken stop)
    {
        var stan = NextNetworkStan();
        var nonce = RandomNumberGenerator.GetBytes(SignOnRequest.NonceLength);
        var request = new SignOnRequest(new Origin(_options.Terminal, _options.Store, stan), _time.GetUtcNow(), nonce, Version, _options.Language).ToIso();
        var outcome = await link.RequestSignOn(Name(Mti.NetworkAnswer, stan), request, _master.SignOnMac, SignOnTimeout);
        if (outcome is not LinkOutcome.Answered answered)
        {
            throw new IOException(_signOnTrouble = Texts.SignOnUnanswered);
        }

        var answer = SignOnAnswer.FromIso(answered.Message);
        if (answer.Verdict.Code != ResponseCodes.Approved || !answer.Nonce.AsSpan().SequenceEqual(nonce))
        {
            throw new IOException(_signOnTrouble = Texts.SignOnRefused(answer.Verdict.Code));
        }

        var (pin, mac) = (_master.Unwrap(answer.PinKey), _master.Unwrap(answer.MacKey));
        _signOnTrouble = null;
        _keys = new WorkingKeys(answer.KeySet, new PinCipher(pin), new MessageMac(mac), answer.StoreName);
        CryptographicOperations.ZeroMemory(pin);
        CryptographicOperations.ZeroMemory(mac);
    }
}
