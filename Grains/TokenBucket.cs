namespace Lakala.Grains;

/// <summary>So many within a time, at once or spread over it. One caller at a time.</summary>
public sealed class TokenBucket(int size, TimeSpan refill, TimeProvider time)
{
    private double _tokens = size;
    private long _at = time.GetTimestamp();

    public bool IsEmpty => Now() < 1;

    public bool IsFull => Now() >= size;

    /// <summary>How long until there is one again; zero when there is one.</summary>
    public TimeSpan Wait => refill * (Math.Max(0, 1 - Now()) / size);

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

    /// <summary>Puts back what was taken for nothing.</summary>
    public void Return() => _tokens = Math.Min(size, Now() + 1);

    private double Now()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(size, _tokens + (size * (time.GetElapsedTime(_at, now) / refill)));
        _at = now;
        return _tokens;
    }
}

/// <summary>A bucket for each of those who are known by a name. One that is full again is forgotten, since a new one is full too.</summary>
public sealed class TokenBuckets(int size, TimeSpan refill, TimeProvider time)
{
    private const int FewestToForget = 1_024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, TokenBucket> _buckets = [];
    private int _forgetAt = FewestToForget;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _buckets.Count;
            }
        }
    }

    /// <returns>Null: one was taken. Else how long until there is one again.</returns>
    public TimeSpan? Take(string whose)
    {
        lock (_lock)
        {
            if (!_buckets.TryGetValue(whose, out var bucket))
            {
                ForgetFull();
                _buckets[whose] = bucket = new TokenBucket(size, refill, time);
            }

            return bucket.TryTake() ? null : bucket.Wait;
        }
    }

    // Looks at all of them only when there are twice as many as were left last time: so each take pays for little.
    private void ForgetFull()
    {
        if (_buckets.Count < _forgetAt)
        {
            return;
        }

        foreach (var (whose, bucket) in _buckets)
        {
            if (bucket.IsFull)
            {
                _buckets.Remove(whose);
            }
        }

        _forgetAt = Math.Max(FewestToForget, _buckets.Count * 2);
    }
}
