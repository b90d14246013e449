using Lakala.Bills;
using Npgsql;

namespace Lakala.Grains.Storage;

/// <summary>One entry of the reversal queue: names its original without the card.</summary>
/// <param name="Tries">How often it was sent already.</param>
public sealed record ReversalRow(
    long Rrn,
    string Terminal,
    int Stan,
    string Store,
    long Amount,
    string Currency,
    DateTimeOffset StartedAt,
    int Tries);

/// <summary>The reversal queue. Entries leave it only when the bank has acknowledged them.</summary>
public sealed class ReversalStore(NpgsqlDataSource database)
{
    /// <summary>Takes due entries for this sender until <paramref name="lease"/> from now; other silos pass them over meanwhile.</summary>
    public async Task<IReadOnlyList<ReversalRow>> TakeDue(TimeSpan lease, int limit, CancellationToken stop)
    {
        await using var command = database.CreateCommand(
            """
            with due as materialized (
              select rrn from reversals where acknowledged_at is null and due_at <= statement_timestamp()
              order by due_at limit $2 for no key update skip locked
            )
            update reversals r set due_at = clock_timestamp() + $1 from due where r.rrn = due.rrn
            returning r.rrn, r.terminal_id, r.stan, r.store_id, r.amount, r.currency, r.started_at, r.tries
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
                rows.GetInt32(7)));
        }

        return due;
    }

    /// <summary>The bank has acknowledged: the entry is done and the attempt REVERSED, in one commit.</summary>
    public Task Acknowledged(long rrn) => Execute(
        """
        with acknowledged as (
          update reversals set acknowledged_at = clock_timestamp(), tries = tries + 1 where rrn = $1 and acknowledged_at is null returning rrn
        )
        update attempts a set state = 'REVERSED' from acknowledged where a.rrn = acknowledged.rrn and a.state = 'REVERSING'
        """,
        new NpgsqlParameter<long> { TypedValue = rrn });

    /// <summary>Not acknowledged: again after <paramref name="wait"/>.</summary>
    public Task TryAgain(long rrn, TimeSpan wait) => Execute(
        "update reversals set tries = tries + 1, due_at = clock_timestamp() + $2 where rrn = $1 and acknowledged_at is null",
        new NpgsqlParameter<long> { TypedValue = rrn },
        new NpgsqlParameter<TimeSpan> { TypedValue = wait });

    /// <summary>
    /// Records an answer that nobody waited for. An approval of an attempt that was never sent, or that the bank had declined,
    /// gets a reversal of its own; the attempt's stored answer stays.
    /// </summary>
    /// <returns>True when there was such an approval, which must not happen: the caller raises the alarm.</returns>
    public async Task<bool> RecordLateAnswer(long rrn, string responseCode, string? authorisationCode) => await Execute(
        $"""
        with recorded as (
          insert into late_answers (rrn, response_code, authorisation_code) values ($1, $2, $3)
        )
        insert into reversals (rrn, terminal_id, stan, store_id, amount, currency, started_at)
        select rrn, terminal_id, stan, store_id, amount, currency, started_at from attempts
        where rrn = $1 and state in ('NOT_SENT', 'DECLINED') and $2 = '{Attempt.ApprovedCode}'
        on conflict do nothing
        """,
        new NpgsqlParameter<long> { TypedValue = rrn },
        new NpgsqlParameter<string> { TypedValue = responseCode },
        new NpgsqlParameter<string?> { TypedValue = authorisationCode }) > 0;

    /// <summary>How many are not acknowledged yet, and since when the oldest waits.</summary>
    public async Task<(long Count, TimeSpan OldestAge)> Outstanding(CancellationToken stop)
    {
        await using var command = database.CreateCommand(
            "select count(*), coalesce(clock_timestamp() - min(created_at), interval '0') from reversals where acknowledged_at is null");
        await using var rows = await command.ExecuteReaderAsync(stop);
        await rows.ReadAsync(stop);
        return (rows.GetInt64(0), rows.GetTimeSpan(1));
    }

    private async Task<int> Execute(string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return await command.ExecuteNonQueryAsync();
    }
}
