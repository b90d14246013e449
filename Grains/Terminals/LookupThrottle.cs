namespace Lakala.Grains.Terminals;

/// <summary>
/// Keeps a terminal from guessing bill numbers: it bounds the lookups in a minute, and much lower those that find nothing. A random
/// number is an open bill with the probability of open bills / 10^12; at this rate guessing finds nothing in a lifetime.
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
