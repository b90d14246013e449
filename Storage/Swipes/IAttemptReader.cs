namespace Lakala.Storage.Swipes;

/// <summary>Finds attempts that nobody asks after by their key.</summary>
public interface IAttemptReader
{
    /// <summary>
    /// Attempts that are SENT past the sweeper's time, oldest first. Those that another session is just moving are passed over.
    /// </summary>
    Task<IReadOnlyList<AttemptRow>> Overdue(TimeSpan pastDeadline, int limit, CancellationToken stop);

    /// <summary>The attempt of an RRN, for a late answer; null when no attempt has it.</summary>
    Task<AttemptRow?> FindByRrn(long rrn, CancellationToken stop);
}
