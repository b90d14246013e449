namespace Lakala.Storage.Postgres;

/// <summary>Commits one kind of item: callers need only this, and no database.</summary>
public interface ICommit<TItem, TOutcome>
{
    /// <summary>The statement's name in logs and metrics.</summary>
    string Name { get; }

    /// <summary>Returns when the commit is durable and the item's own outcome is known.</summary>
    /// <exception cref="DatabaseAwayException">Not stored.</exception>
    /// <exception cref="CommitQueueFullException">Not stored.</exception>
    /// <exception cref="CommitUnknownException">Possibly stored: submit the same item again to find out.</exception>
    Task<TOutcome> Submit(TItem item);
}
