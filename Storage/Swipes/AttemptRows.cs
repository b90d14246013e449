using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Swipes;

/// <summary>Finds attempts otherwise than by their key.</summary>
public sealed class AttemptRows(NpgsqlDataSource database) : IAttemptReader
{
    private const string OverdueInOrder = "a.state = 'SENT' and a.deadline + $1 < clock_timestamp() order by a.deadline";

    /// <summary>Its parameter $1 as that of <see cref="Overdue"/>.</summary>
    internal const string FirstOverdue = $"select a.deadline from attempts a where {OverdueInOrder} limit 1";

    /// <inheritdoc/>
    public Task<IReadOnlyList<AttemptRow>> Overdue(TimeSpan pastDeadline, int limit, CancellationToken stop) => database.List(
        $"""
        select {AttemptRow.Columns} from {AttemptRow.From}
        where {OverdueInOrder} limit $2
        for no key update of a skip locked
        """,
        static row => AttemptRow.Read(row)!,
        stop,
        pastDeadline,
        limit);

    /// <inheritdoc/>
    public Task<AttemptRow?> FindByRrn(long rrn, CancellationToken stop) =>
        database.First($"select {AttemptRow.Columns} from {AttemptRow.From} where a.rrn = $1", AttemptRow.Read, stop, rrn);
}
