namespace Lakala.Grains.Notices;

/// <summary>When a notice that was not accepted is tried again; past the last pause it is parked.</summary>
public static class RetrySchedule
{
    // Receivers that went down together shall not be knocked at together: each pause is stretched by up to a tenth.
    private const double Jitter = 0.1;

    public static readonly IReadOnlyList<TimeSpan> Pauses =
    [
        TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10),
        TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(6), TimeSpan.FromHours(15),
    ];

    /// <param name="tries">How many tries there were.</param>
    /// <param name="random">From 0 up to, not including, 1.</param>
    /// <param name="longest">No pause is longer than this, before it is stretched.</param>
    /// <returns>Null: that was the last one.</returns>
    public static TimeSpan? PauseAfter(int tries, double random, TimeSpan longest) =>
        tries > Pauses.Count ? null : (Pauses[tries - 1] < longest ? Pauses[tries - 1] : longest) * (1 + Jitter * random);
}
