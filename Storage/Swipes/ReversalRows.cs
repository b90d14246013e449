using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Swipes;

/// <summary>The reversal queue in the database.</summary>
public sealed class ReversalRows(NpgsqlDataSource database) : IReversalRows
{
    internal const string OpenSums =
        """
        select count(*) as outstanding, min(due_at) as due_at, coalesce(clock_timestamp() - min(created_at), interval '0') as oldest_age
        from reversals where acknowledged_at is null
        """;

    /// <inheritdoc/>
    public Task<IReadOnlyList<ReversalRow>> TakeDue(TimeSpan lease, int limit, CancellationToken stop) => database.List(
        """
        with due as materialized (
          select rrn from reversals where acknowledged_at is null and due_at <= statement_timestamp()
          order by due_at limit $2 for no key update skip locked
        )
        update reversals r set due_at = clock_timestamp() + $1 from due where r.rrn = due.rrn
        returning r.rrn, r.terminal_id, r.stan, r.store_id, r.amount, r.currency, r.started_at, r.tries,
                  (select a.trace_id from attempts a where a.rrn = r.rrn) as trace_id
        """,
        static row => new ReversalRow(
            row.Get<long>("rrn"),
            row.Get<string>("terminal_id"),
            row.Get<int>("stan"),
            row.Get<string>("store_id"),
            row.Get<long>("amount"),
            row.Get<string>("currency"),
            row.Get<DateTimeOffset>("started_at"),
            row.Get<int>("tries"),
            row.GetTraceId("trace_id")),
        stop,
        lease,
        limit);

    /// <inheritdoc/>
    public Task Acknowledged(long rrn) => database.Execute(
        """
        with acknowledged as (
          update reversals set acknowledged_at = clock_timestamp(), tries = tries + 1 where rrn = $1 and acknowledged_at is null returning rrn
        )
        update attempts a set state = 'REVERSED' from acknowledged where a.rrn = acknowledged.rrn and a.state = 'REVERSING'
        """,
        CancellationToken.None,
        rrn);

    /// <inheritdoc/>
    public Task TryAgain(long rrn, TimeSpan wait) => database.Execute(
        "update reversals set tries = tries + 1, due_at = clock_timestamp() + $2 where rrn = $1 and acknowledged_at is null",
        CancellationToken.None,
        rrn,
        wait);

    /// <inheritdoc/>
    public Task RecordLateAnswer(long rrn, string responseCode, string? authorisationCode) => database.Execute(
        $"insert into late_answers (rrn, response_code, authorisation_code, judged) values ($1, $2, $3, $2 <> '{Attempt.ApprovedCode}')",
        CancellationToken.None,
        rrn,
        responseCode,
        Queries.Typed(authorisationCode));

    /// <inheritdoc/>
    public Task<IReadOnlyList<(long Rrn, bool Reversing)>> ReverseFalseApprovals(int limit, CancellationToken stop) => database.List(
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
        select rrn, true as is_reversing from reversing
        union all
        select distinct rrn, false from due where state is null
        """,
        static row => (row.Get<long>("rrn"), row.Get<bool>("is_reversing")),
        stop,
        limit);

    /// <summary>The number of entries that are not acknowledged, and the age of the oldest.</summary>
    public Task<(long Count, TimeSpan OldestAge)> Outstanding(CancellationToken stop) => database.First(
        OpenSums,
        static row => (row.Get<long>("outstanding"), row.Get<TimeSpan>("oldest_age")),
        stop);

    /// <summary>Reversals that the bank has not acknowledged, oldest first.</summary>
    public Task<IReadOnlyList<OpenReversal>> ListOpen(int limit, CancellationToken stop) => database.List(
        """
        select rrn, terminal_id, store_id, amount, tries, created_at, due_at from reversals
        where acknowledged_at is null order by created_at limit $1
        """,
        static row => new OpenReversal(
            row.Get<long>("rrn"),
            row.Get<string>("terminal_id"),
            row.Get<string>("store_id"),
            row.Get<long>("amount"),
            row.Get<int>("tries"),
            row.Get<DateTimeOffset>("created_at"),
            row.Get<DateTimeOffset>("due_at")),
        stop,
        limit);
}
