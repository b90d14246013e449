using Lakala.Storage.Notices;

namespace Lakala.Silo.Notices;

/// <summary>The pauses between the tries of a notice; after the last one it is parked.</summary>
public static class RetrySchedule
{
    // Adds up to 10 % so that receivers that failed together are not retried together.
    private const double Jitter = 0.1;

    public static readonly IReadOnlyList<TimeSpan> Pauses =
    [
        TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10),
        TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(6), TimeSpan.FromHours(15),
    ];

    // A receiver that may have the notice already gets time to recover before the second copy.
    private static readonly TimeSpan LeastWhenUncertain = TimeSpan.FromHours(1);

    /// <summary>The longer of the schedule's pause and the one for which the receiver asks.</summary>
    /// <param name="random">From 0 up to, not including, 1.</param>
    /// <param name="longest">The longest pause, before its random part is added.</param>
    /// <returns>Null: there is no further try.</returns>
    public static TimeSpan? PauseAfter(Notice notice, NoticeAnswer answer, double random, TimeSpan longest)
    {
        if (notice.Tries > Pauses.Count)
        {
            return null;
        }

        var least = answer.Outcome switch
        {
            NoticeOutcome.Failed => answer.RetryAfter ?? TimeSpan.Zero,
            NoticeOutcome.Uncertain when !notice.WasUncertain => LeastWhenUncertain,
            _ => (TimeSpan?)null,
        };
        if (least is null)
        {
            return null;
        }

        var pause = Pauses[notice.Tries - 1] > least ? Pauses[notice.Tries - 1] : least.Value;
        return (pause < longest ? pause : longest) * (1 + Jitter * random);
    }
}
