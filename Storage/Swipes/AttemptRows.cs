using Npgsql;

namespace Lakala.Storage.Swipes;

/// <summary>Finds attempts otherwise than by their key.</summary>
public sealed class AttemptRows(NpgsqlDataSource database) : IAttemptReader
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<AttemptRow>> Overdue(TimeSpan pastDeadline, int limit, CancellationToken stop)
    {
        await using var command = database.CreateCommand(
            $"""
            select {AttemptRow.Columns} from {AttemptRow.From}
            where a.state = 'SENT' and a.deadline + $1 < clock_timestamp() order by a.deadline limit $2
            for no key update of a skip locked
            """);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = pastDeadline });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var rows = await command.ExecuteReaderAsync(stop);
        var overdue = new List<AttemptRow>();
        while (await rows.ReadAsync(stop))
        {
            overdue.Add(AttemptRow.Read(rows, 0)!);
        }

        return overdue;
    }

    /// <inheritdoc/>
    public async Task<AttemptRow?> FindByRrn(long rrn, CancellationToken stop)
    {
        await using var command = database.CreateCommand($"select {AttemptRow.Columns} from {AttemptRow.From} where a.rrn = $1");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = rrn });
        await using var rows = await command.ExecuteReaderAsync(stop);
        return await rows.ReadAsync(stop) ? AttemptRow.Read(rows, 0) : null;
    }
}
