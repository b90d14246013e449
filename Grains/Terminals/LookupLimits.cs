using Lakala.Bills;

namespace Lakala.Grains.Terminals;

/// <summary>
/// Refuses replays: every batch and STAN is accepted once, and none that lies further back than the window. Lives as long
/// as the session; payments do not need it, their keys are remembered by the database.
/// </summary>
public sealed class StanWindow
{
    private const int Width = 64;
    private const int StansPerBatch = 1_000_000;

    private long _highest = -1;
    private ulong _seen;

    public bool Accept(SwipeKey key)
    {
        var place = (long)key.Batch * StansPerBatch + key.Stan;
        var behind = _highest - place;
        if (behind >= Width)
        {
            return false;
        }

        if (behind >= 0)
        {
            var bit = 1UL << (int)behind;
            var isNew = (_seen & bit) == 0;
            _seen |= bit;
            return isNew;
        }

        _seen = -behind >= Width ? 1 : (_seen << (int)-behind) | 1;
        _highest = place;
        return true;
    }

    public void Clear() => (_highest, _seen) = (-1, 0);
}

/// <summary>Keeps a terminal from guessing passwords: so many wrong ones, then none at all for a while.</summary>
public sealed class SignInThrottle(TimeProvider time)
{
    public const int FailuresPerWindow = 5;
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private long _windowStart = time.GetTimestamp();
    private int _failures;

    public bool Accept()
    {
        if (time.GetElapsedTime(_windowStart) >= Window)
        {
            (_windowStart, _failures) = (time.GetTimestamp(), 0);
        }

        return _failures < FailuresPerWindow;
    }

    public void Failed() => _failures++;

    /// <summary>The last one was none.</summary>
    public void Succeeded() => _failures = Math.Max(0, _failures - 1);
}

/// <summary>
/// Keeps a terminal from guessing bill numbers: so many lookups in a minute, and far fewer that find nothing. A number
/// exists with one in about 10^12 over the open bills; at this rate guessing finds nothing in a lifetime.
/// </summary>
public sealed class LookupThrottle(TimeProvider time)
{
    public const int LookupsPerWindow = 60;
    public const int MissesPerWindow = 10;
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private long _windowStart = time.GetTimestamp();
    private int _lookups;
    private int _misses;

    public bool IsGuessing
    {
        get
        {
            Roll();
            return _misses >= MissesPerWindow;
        }
    }

    public bool Accept() => !IsGuessing && ++_lookups <= LookupsPerWindow;

    public void Missed() => _misses++;

    private void Roll()
    {
        if (time.GetElapsedTime(_windowStart) >= Window)
        {
            (_windowStart, _lookups, _misses) = (time.GetTimestamp(), 0, 0);
        }
    }
}
