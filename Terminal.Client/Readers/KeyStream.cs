using Lakala.Terminal.Client.Words;

namespace Lakala.Terminal.Client.Readers;

/// <summary>A key; the sign only with <see cref="DeskKey.Sign"/>.</summary>
internal readonly record struct Press(DeskKey Key, char Sign = '\0')
{
    public bool IsDigit => Key == DeskKey.Sign && char.IsAsciiDigit(Digit);

    /// <summary>The sign, a full-width one as the plain one that it stands for.</summary>
    public char Digit => Reading.Fold(Sign);

    // It may be a PIN's.
    public override string ToString() => Key.ToString();
}

/// <summary>What the keys were: a hand's, one by one, or a device's, all together.</summary>
internal abstract record DeskInput
{
    private DeskInput()
    {
    }

    public sealed record Typed(Press Press) : DeskInput;

    /// <summary>What came quicker than a hand types, or was pasted.</summary>
    /// <param name="IsEnded">It brought its own Enter, or Tab.</param>
    /// <param name="Follows">It began so soon after another that it is one swipe's with it.</param>
    public sealed record Burst(string Signs, bool IsEnded, bool Follows = false) : DeskInput
    {
        public override string ToString() => $"burst of {Signs.Length} signs";
    }
}

/// <summary>
/// Keyboard, card reader and scanner are one stream of keys. Their times tell the one from the others: here it is decided, once, what was
/// typed by a hand and what was not. Until that is certain a sign goes nowhere, so nothing of a card is shown or taken for typing. A burst
/// ends with Enter or with a pause, never at a particular sign. Why these bounds: decision 19.
/// </summary>
internal sealed class KeyStream(TimeProvider time)
{
    /// <summary>For each key of a burst, at most.</summary>
    public static readonly TimeSpan DeviceKey = TimeSpan.FromMilliseconds(40);

    /// <summary>Ends a burst.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    // All three tracks have 226 signs.
    private const int Longest = 512;

    // So many keys in a row are no longer a roll of the fingers.
    private const int FewestKeys = 4;

    // A key that is held down repeats itself as quickly as a reader types; no card and no bill begins with so many of one sign.
    private const int MostOfOneSign = 20;

    /// <summary>For each key of a hand, at least.</summary>
    private static readonly TimeSpan HandKey = TimeSpan.FromMilliseconds(60);

    /// <summary>By so much a key may be seen late: the screen looks for keys 25 times a second.</summary>
    private static readonly TimeSpan Jitter = TimeSpan.FromMilliseconds(60);

    /// <summary>A single sign is a hand's when none has followed it by then.</summary>
    private static readonly TimeSpan Hold = TimeSpan.FromMilliseconds(100);

    /// <summary>A burst that begins so soon after the last key of another belongs to it.</summary>
    private static readonly TimeSpan SameSwipe = TimeSpan.FromSeconds(1);

    /// <summary>A screen that was held up sees the keys of a while at once; that while is no pause of the one who typed them.</summary>
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(100);

    /// <summary>Quicker than this an Enter comes again only because it is held down, and then the page that it was for is past.</summary>
    private static readonly TimeSpan Repeat = TimeSpan.FromMilliseconds(100);

    private readonly List<Press> _run = [];
    private long _lookedAt = time.GetTimestamp();

    // The sum of the looks, each as far as it counts.
    private TimeSpan _now;
    private TimeSpan _begunAt;
    private TimeSpan _lastAt;
    private TimeSpan? _burstAt;
    private TimeSpan? _enterAt;
    private bool _isBurst;
    private bool _follows;

    /// <summary>A paste that the terminal marks as one.</summary>
    public static DeskInput.Burst Pasted(string text)
    {
        var signs = text.TrimEnd('\r', '\n', '\t');
        return new DeskInput.Burst(signs.Length > Longest ? signs[..Longest] : signs, IsEnded: signs.Length < text.Length);
    }

    /// <summary>The screen looks for keys: to be called each time, before they are taken.</summary>
    /// <returns>What has become certain because none has come.</returns>
    public IReadOnlyList<DeskInput> Look()
    {
        var passed = time.GetElapsedTime(_lookedAt);
        _lookedAt = time.GetTimestamp();
        _now += passed < LongestLook ? passed : LongestLook;
        return _run.Count > 0 && _now - _lastAt >= (_isBurst ? Pause : Hold) ? Settle() : [];
    }

    public IReadOnlyList<DeskInput> Take(Press press)
    {
        // Readers end with CR, LF, both or two of them, or Tab; some put other keys around their data, ETX (Ctrl+C) among them.
        var isInBurst = _isBurst
            || (IsWithin(Pause, _burstAt) && press.Key is DeskKey.Enter or DeskKey.Tab or DeskKey.Leave or DeskKey.Other);
        switch (press.Key)
        {
            case DeskKey.Sign:
                return Add(press);

            case DeskKey.Enter or DeskKey.Tab when _run.Count > 0:
                _lastAt = _now;
                _enterAt = _now;
                return Settle(press);

            case var _ when isInBurst:
                if (_isBurst)
                {
                    _lastAt = _now;
                }
                else
                {
                    _burstAt = _now;
                }

                return [];

            case DeskKey.Other:
                return [];

            case DeskKey.Enter when IsWithin(Repeat, _enterAt):
                _enterAt = _now;
                return [];

            default:
                _enterAt = press.Key == DeskKey.Enter ? _now : null;
                return [.. Settle(), new DeskInput.Typed(press)];
        }
    }

    private IReadOnlyList<DeskInput> Add(Press press)
    {
        if (_run.Count == 0)
        {
            (_begunAt, _follows) = (_now, IsWithin(SameSwipe, _burstAt));
        }

        _lastAt = _now;
        if (_run.Count < Longest)
        {
            _run.Add(press);
        }

        if (_isBurst)
        {
            return [];
        }

        var isOneSign = _run.TrueForAll(key => key == press);

        // No page takes the sentinels of a card, nor what they are on another keyboard layout, so with them no reader is too slow; a
        // password that has one is given back by the desk.
        _isBurst = Reading.Fold(_run[0].Sign) is '%' or ';' or > '~' || (!isOneSign && IsQuick(_run.Count));
        if (_isBurst || (isOneSign ? _run.Count < MostOfOneSign : _now - _begunAt < (_run.Count - 1) * HandKey + Jitter))
        {
            return [];
        }

        // The last of them may begin a burst.
        _run.RemoveAt(_run.Count - 1);
        var inputs = Settle();
        _run.Add(press);
        _begunAt = _now;
        return inputs;
    }

    /// <param name="end">The Enter or Tab with which the run is over.</param>
    private IReadOnlyList<DeskInput> Settle(Press? end = null)
    {
        Press[] keys = end is { } key ? [.. _run, key] : [.. _run];
        if (_isBurst || (end is not null && IsQuick(keys.Length)))
        {
            var signs = string.Concat(_run.Select(press => press.Sign));
            (_isBurst, _burstAt) = (false, _lastAt);
            _run.Clear();
            return [new DeskInput.Burst(signs, end is not null, _follows)];
        }

        // A few signs right behind a burst are its check signs, or what a reader adds.
        var isTail = _run.Count > 0 && _burstAt is { } burst && _begunAt - burst < Hold;
        _run.Clear();
        return isTail ? [] : [.. keys.Select(press => new DeskInput.Typed(press))];
    }

    private bool IsQuick(int keys) => keys >= FewestKeys && _now - _begunAt <= (keys - 1) * DeviceKey;

    private bool IsWithin(TimeSpan span, TimeSpan? since) => since is { } at && _now - at < span;
}
