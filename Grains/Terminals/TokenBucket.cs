namespace Lakala.Grains.Terminals;

/// <summary>So many within a time, at once or spread over it. One caller at a time.</summary>
public sealed class TokenBucket(int size, TimeSpan refill, TimeProvider time)
{
    private double _tokens = size;
    private long _at = time.GetTimestamp();

    public bool IsEmpty => Now() < 1;

    public bool IsFull => Now() >= size;

    /// <returns>False when there is none left; nothing is taken then.</returns>
    public bool TryTake()
    {
        if (IsEmpty)
        {
            return false;
        }

        _tokens--;
        return true;
    }

    private double Now()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(size, _tokens + (size * (time.GetElapsedTime(_at, now) / refill)));
        _at = now;
        return _tokens;
    }
}
