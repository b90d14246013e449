namespace Lakala.Grains;

/// <summary>A token bucket: a number of tokens within a time, at once or spread over it. One caller at a time.</summary>
public sealed class TokenBucket(int size, TimeSpan refill, TimeProvider time)
{
    private double _tokens = size;
    private long _at = time.GetTimestamp();

    public bool IsEmpty => Now() < 1;

    public bool IsFull => Now() >= size;

    /// <summary>The time until there is a token again; zero when there is one.</summary>
    public TimeSpan Wait => refill * (Math.Max(0, 1 - Now()) / size);

    /// <returns>False when there is no token; nothing is taken then.</returns>
    public bool TryTake()
    {
        if (IsEmpty)
        {
            return false;
        }

        _tokens--;
        return true;
    }

    /// <summary>Gives an unused token back.</summary>
    public void Return() => _tokens = Math.Min(size, Now() + 1);

    private double Now()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(size, _tokens + (size * (time.GetElapsedTime(_at, now) / refill)));
        _at = now;
        return _tokens;
    }
}

/// <summary>A bucket for each name. A bucket that is full again is removed, because a new one is full too.</summary>
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

    /// <returns>Null: a token was taken. Otherwise the time until there is one again.</returns>
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

    // Full buckets are searched only when there are twice as many as after the last search, so that a take stays cheap on average.
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
