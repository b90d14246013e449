using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Swipes;

/// <summary>The reversal queue in the database.</summary>
public sealed class ReversalRows(NpgsqlDataSource database) : IReversalRows
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<ReversalRow>> TakeDue(TimeSpan lease, int limit, CancellationToken stop)
    {
        await using var command = database.CreateCommand(
            """
            with due as materialized (
              select rrn from reversals where acknowledged_at is null and due_at <= statement_timestamp()
              order by due_at limit $2 for no key update skip locked
            )
            update reversals r set due_at = clock_timestamp() + $1 from due where r.rrn = due.rrn
            returning r.rrn, r.terminal_id, r.stan, r.store_id, r.amount, r.currency, r.started_at, r.tries,
                      (select a.trace_id from attempts a where a.rrn = r.rrn)
            """);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = lease });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var rows = await command.ExecuteReaderAsync(stop);
        var due = new List<ReversalRow>();
        while (await rows.ReadAsync(stop))
        {
            due.Add(new ReversalRow(
                rows.GetInt64(0),
                rows.GetString(1),
                rows.GetInt32(2),
                rows.GetString(3),
                rows.GetInt64(4),
                rows.GetString(5),
                rows.GetFieldValue<DateTimeOffset>(6),
                rows.GetInt32(7),
                rows.TraceId(8)));
        }

        return due;
    }

    /// <inheritdoc/>
    public Task Acknowledged(long rrn) => Execute(
        """
        with acknowledged as (
          update reversals set acknowledged_at = clock_timestamp(), tries = tries + 1 where rrn = $1 and acknowledged_at is null returning rrn
        )
        update attempts a set state = 'REVERSED' from acknowledged where a.rrn = acknowledged.rrn and a.state = 'REVERSING'
        """,
        new NpgsqlParameter<long> { TypedValue = rrn });

    /// <inheritdoc/>
    public Task TryAgain(long rrn, TimeSpan wait) => Execute(
        "update reversals set tries = tries + 1, due_at = clock_timestamp() + $2 where rrn = $1 and acknowledged_at is null",
        new NpgsqlParameter<long> { TypedValue = rrn },
        new NpgsqlParameter<TimeSpan> { TypedValue = wait });

    /// <inheritdoc/>
    public Task RecordLateAnswer(long rrn, string responseCode, string? authorisationCode) => Execute(
        $"insert into late_answers (rrn, response_code, authorisation_code, judged) values ($1, $2, $3, $2 <> '{Attempt.ApprovedCode}')",
        new NpgsqlParameter<long> { TypedValue = rrn },
        new NpgsqlParameter<string> { TypedValue = responseCode },
        new NpgsqlParameter<string?> { TypedValue = authorisationCode });

    /// <inheritdoc/>
    public async Task<IReadOnlyList<(long Rrn, bool Reversing)>> ReverseFalseApprovals(int limit, CancellationToken stop)
    {
        await using var command = database.CreateCommand(
            """
            with due as materialized (
              select l.id, l.rrn, a.state from late_answers l left join attempts a on a.rrn = l.rrn
              where not l.judged and a.state is distinct from 'SENT'
              order by l.id limit $1 for no key update of l skip locked
            ), judged as (
              update late_answers l set judged = true from due where l.id = due.id
            ), reversing as (
              insert into reversals (rrn, terminal_id, stan, store_id, amount, currency, started_at)
              select a.rrn, a.terminal_id, a.stan, a.store_id, a.amount, a.currency, a.started_at
              from attempts a join (select distinct rrn from due where state in ('NOT_SENT', 'DECLINED')) wrong on wrong.rrn = a.rrn
              on conflict do nothing
              returning rrn
            )
            select rrn, true from reversing
            union all
            select distinct rrn, false from due where state is null
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var rows = await command.ExecuteReaderAsync(stop);
        var alarms = new List<(long, bool)>();
        while (await rows.ReadAsync(stop))
        {
            alarms.Add((rows.GetInt64(0), rows.GetBoolean(1)));
        }

        return alarms;
    }

    /// <summary>The number of entries that are not acknowledged, and the age of the oldest.</summary>
    public async Task<(long Count, TimeSpan OldestAge)> Outstanding(CancellationToken stop)
    {
        await using var command = database.CreateCommand(
            "select count(*), coalesce(clock_timestamp() - min(created_at), interval '0') from reversals where acknowledged_at is null");
        await using var rows = await command.ExecuteReaderAsync(stop);
        await rows.ReadAsync(stop);
        return (rows.GetInt64(0), rows.GetTimeSpan(1));
    }

    private async Task Execute(string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        await command.ExecuteNonQueryAsync();
    }
}
