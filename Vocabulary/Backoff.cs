namespace Lakala.Vocabulary;

/// <summary>The pause before a failed try is repeated: it doubles each time, up to a bound.</summary>
/// <param name="Jitter">
/// The random share of a pause, 0 to 1, so that clients that failed together do not repeat together: with 0 every
/// pause is its bound, with 1 it is anything up to it.
/// </param>
public readonly record struct Backoff(TimeSpan First, TimeSpan Longest, double Jitter)
{
    // More doublings would overflow; every bound in use is reached before.
    private const int MaxDoublings = 30;

    /// <param name="tries">Failed tries before the last one: 0 gives the first pause.</param>
    /// <param name="random">From 0 up to, not including, 1.</param>
    public TimeSpan PauseAfter(int tries, double random)
    {
        var doubled = First * Math.Pow(2, Math.Min(tries, MaxDoublings));
        return (doubled < Longest ? doubled : Longest) * (1 - Jitter + Jitter * random);
    }
}
