namespace Lakala.Storage.Swipes;

/// <summary>Finds attempts by what the bank calls them.</summary>
public interface IAttemptReader
{
    /// <summary>The attempt of an RRN, for an answer that came late; null when no attempt has it.</summary>
    Task<AttemptRow?> FindByRrn(long rrn, CancellationToken stop);
}
