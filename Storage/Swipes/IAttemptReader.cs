namespace Lakala.Storage.Swipes;

/// <summary>Finds attempts otherwise than by their key.</summary>
public interface IAttemptReader
{
    /// <summary>
    /// Attempts that are SENT past the sweeper's time, oldest first. Attempts that another session has locked are skipped.
    /// </summary>
    Task<IReadOnlyList<AttemptRow>> Overdue(TimeSpan pastDeadline, int limit, CancellationToken stop);

    /// <summary>The attempt of an RRN, for a late answer; null when no attempt has it.</summary>
    Task<AttemptRow?> FindByRrn(long rrn, CancellationToken stop);
}
