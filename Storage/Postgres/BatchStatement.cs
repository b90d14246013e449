using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>
/// One set-based SQL statement over many items, each with its own outcome. The column <c>ord</c> of every returned row is
/// the item's place in the batch, counted from 1.
/// </summary>
public abstract class BatchStatement<TItem, TOutcome>
    where TOutcome : class
{
    public abstract string Name { get; }

    public abstract BatchInput<TItem> Input { get; }

    public abstract string Sql { get; }

    /// <summary>
    /// Asks, after the commit, about the items for which <see cref="Sql"/> returned no row; its input is the same. Null: there are none.
    /// </summary>
    public virtual string? LosersSql => null;

    /// <summary>Runs before the batch, on its connection, outside its commit. When it fails, nothing of the batch is stored.</summary>
    public virtual ValueTask Prepare(NpgsqlConnection connection, IReadOnlyList<TItem> items) => default;

    /// <summary>Null when the row does not decide the outcome: the item runs again as a new statement.</summary>
    public abstract TOutcome? Read(NpgsqlDataReader row, TItem item);

    /// <summary>As <see cref="Read"/>, of a row of <see cref="LosersSql"/>.</summary>
    public virtual TOutcome? ReadLoser(NpgsqlDataReader row, TItem item) => null;
}
