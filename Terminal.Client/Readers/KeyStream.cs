using Lakala.Terminal.Client.Words;

namespace Lakala.Terminal.Client.Readers;

/// <summary>A key; it has a character only with <see cref="DeskKey.Sign"/>.</summary>
internal readonly record struct Press(DeskKey Key, char Sign = '\0')
{
    public bool IsDigit => Key == DeskKey.Sign && char.IsAsciiDigit(Digit);

    /// <summary>The character; a full-width one is converted to ASCII.</summary>
    public char Digit => Reading.Fold(Sign);

    // It may be part of a PIN.
    public override string ToString() => Key.ToString();
}

/// <summary>Decided input: typed keys one by one, or the keys of a device together.</summary>
internal abstract record DeskInput
{
    private DeskInput()
    {
    }

    public sealed record Typed(Press Press) : DeskInput;

    /// <summary>Input that came faster than typing, or was pasted.</summary>
    /// <param name="IsEnded">It had its own Enter or Tab.</param>
    /// <param name="Follows">It began so soon after another burst that both are of one swipe.</param>
    public sealed record Burst(string Signs, bool IsEnded, bool Follows = false) : DeskInput
    {
        public override string ToString() => $"burst of {Signs.Length} signs";
    }
}

/// <summary>
/// Keyboard, card reader and scanner are one stream of keys. This class decides once, by the times of the keys, what was typed by hand
/// and what was not. Until then no character is used, so nothing of a card is shown or taken for typing. A burst
/// ends with Enter or with a pause, never at a particular character. The reasons of the bounds are in decision 19.
/// </summary>
internal sealed class KeyStream(TimeProvider time)
{
    /// <summary>The longest time for each key of a burst.</summary>
    public static readonly TimeSpan DeviceKey = TimeSpan.FromMilliseconds(40);

    /// <summary>The pause that ends a burst.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    // All three tracks together have 226 characters.
    private const int Longest = 512;

    // Fingers can roll over three keys; from this number on it is a device.
    private const int FewestKeys = 4;

    // A key that is held down repeats as fast as a reader sends; no card and no bill begins with this many equal characters.
    private const int MostOfOneSign = 20;

    /// <summary>The shortest time for each typed key.</summary>
    private static readonly TimeSpan HandKey = TimeSpan.FromMilliseconds(60);

    /// <summary>The longest delay until a key is read: the screen reads keys 25 times a second.</summary>
    private static readonly TimeSpan Jitter = TimeSpan.FromMilliseconds(60);

    /// <summary>A single character without a follower within this time was typed.</summary>
    private static readonly TimeSpan Hold = TimeSpan.FromMilliseconds(100);

    /// <summary>A burst that begins within this time after the last key of another belongs to it.</summary>
    private static readonly TimeSpan SameSwipe = TimeSpan.FromSeconds(1);

    /// <summary>The most time that counts between two reads: a delayed screen reads many keys at once, and its delay is not a pause between keys.</summary>
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(100);

    /// <summary>A second Enter within this time is only a held key, and its page has ended.</summary>
    private static readonly TimeSpan Repeat = TimeSpan.FromMilliseconds(100);

    private readonly List<Press> _run = [];
    private long _lookedAt = time.GetTimestamp();

    // The sum of the times between reads, each up to its bound.
    private TimeSpan _now;
    private TimeSpan _begunAt;
    private TimeSpan _lastAt;
    private TimeSpan? _burstAt;
    private TimeSpan? _enterAt;
    private bool _isBurst;
    private bool _follows;

    /// <summary>A paste that the terminal marks as such.</summary>
    public static DeskInput.Burst Pasted(string text)
    {
        var signs = text.TrimEnd('\r', '\n', '\t');
        return new DeskInput.Burst(signs.Length > Longest ? signs[..Longest] : signs, IsEnded: signs.Length < text.Length);
    }

    /// <summary>Call each time before the screen reads keys.</summary>
    /// <returns>The input that is decided because no key has come.</returns>
    public IReadOnlyList<DeskInput> Look()
    {
        var passed = time.GetElapsedTime(_lookedAt);
        _lookedAt = time.GetTimestamp();
        _now += passed < LongestLook ? passed : LongestLook;
        return _run.Count > 0 && _now - _lastAt >= (_isBurst ? Pause : Hold) ? Settle() : [];
    }

    public IReadOnlyList<DeskInput> Take(Press press)
    {
        // Readers end with CR, LF, both or two of them, or Tab; some send other keys around their data, such as ETX (Ctrl+C).
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

        // No page uses the sentinels of a card, or their keys on another layout, as input, so they mark even a slow reader; the
        // desk accepts a password that has one.
        _isBurst = Reading.Fold(_run[0].Sign) is '%' or ';' or > '~' || (!isOneSign && IsQuick(_run.Count));
        if (_isBurst || (isOneSign ? _run.Count < MostOfOneSign : _now - _begunAt < (_run.Count - 1) * HandKey + Jitter))
        {
            return [];
        }

        // The last key may begin a burst.
        _run.RemoveAt(_run.Count - 1);
        var inputs = Settle();
        _run.Add(press);
        _begunAt = _now;
        return inputs;
    }

    /// <param name="end">The Enter or Tab that ends the run.</param>
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

        // A few characters right after a burst are its check characters, or additions of the reader.
        var isTail = _run.Count > 0 && _burstAt is { } burst && _begunAt - burst < Hold;
        _run.Clear();
        return isTail ? [] : [.. keys.Select(press => new DeskInput.Typed(press))];
    }

    private bool IsQuick(int keys) => keys >= FewestKeys && _now - _begunAt <= (keys - 1) * DeviceKey;

    private bool IsWithin(TimeSpan span, TimeSpan? since) => since is { } at && _now - at < span;
}
