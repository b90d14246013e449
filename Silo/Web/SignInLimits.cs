using Lakala.Grains;
using Lakala.Grains.Terminals;

namespace Lakala.Silo.Web;

/// <summary>
/// Limits the guessing of passwords: wrong ones for each name, and tries from each source, in a window of time. Names share a bounded
/// number of counters, by a hash that is seeded at random in each process, so that nobody can choose a counter. Each silo counts for itself.
/// </summary>
internal sealed class SignInLimits(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ushort, SignInThrottle> _throttles = [];
    private readonly Dictionary<ushort, TokenBucket> _sources = [];

    /// <summary>So many tries from one source within the time, whatever the names.</summary>
    internal const int TriesPerSource = 30;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <summary>Counted before the work, so that many at once are not more than so many.</summary>
    /// <returns>False: not now.</returns>
    public bool Enter(string name, string source)
    {
        lock (_lock)
        {
            var throttle = Of(name);
            if (!BucketOf(source).TryTake() || !throttle.Accept())
            {
                return false;
            }

            throttle.Failed();
            return true;
        }
    }

    /// <summary>The password was right: neither the name nor the source has used up a try.</summary>
    public void Succeeded(string name, string source)
    {
        lock (_lock)
        {
            Of(name).Succeeded();
            BucketOf(source).Return();
        }
    }

    /// <summary>The password was not looked at: the name has used up no try, and the source one.</summary>
    public void NotTried(string name)
    {
        lock (_lock)
        {
            Of(name).Succeeded();
        }
    }

    /// <summary>The source of a request. Behind the front every connection is the front's; whom it speaks for is the last that it has added.</summary>
    public static string SourceOf(HttpContext context) =>
        $"{context.Connection.RemoteIpAddress} {context.Request.Headers["X-Forwarded-For"].ToString().Split(',')[^1].Trim()}";

    private TokenBucket BucketOf(string source)
    {
        var counter = unchecked((ushort)string.GetHashCode(source, StringComparison.Ordinal));
        if (!_sources.TryGetValue(counter, out var bucket))
        {
            _sources[counter] = bucket = new TokenBucket(TriesPerSource, Window, time);
        }

        return bucket;
    }

    private SignInThrottle Of(string name)
    {
        var counter = unchecked((ushort)string.GetHashCode(name, StringComparison.Ordinal));
        if (!_throttles.TryGetValue(counter, out var throttle))
        {
            _throttles[counter] = throttle = new SignInThrottle(time);
        }

        return throttle;
    }
}
