namespace Lakala.Vocabulary;

/// <summary>How long to wait before something that has failed is tried again: twice as long each time, up to a bound.</summary>
/// <param name="Jitter">
/// The share of a pause that is left to chance, so that those who failed together do not try again together: with 0 every
/// pause is its bound, with 1 it is anything up to it.
/// </param>
public readonly record struct Backoff(TimeSpan First, TimeSpan Longest, double Jitter)
{
    // More doublings reach every bound that is in use, and overflow.
    private const int MaxDoublings = 30;

    /// <param name="tries">Tries that have failed before the last one: 0 gives the first pause.</param>
    /// <param name="random">From 0 up to, not including, 1.</param>
    public TimeSpan PauseAfter(int tries, double random)
    {
        var doubled = First * Math.Pow(2, Math.Min(tries, MaxDoublings));
        return (doubled < Longest ? doubled : Longest) * (1 - Jitter + Jitter * random);
    }
}
