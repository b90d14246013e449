using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Fleet;

/// <param name="Body">JSON.</param>
public sealed record SiloState(string Silo, DateTimeOffset At, string Body);

/// <param name="Merchant">Empty: the operators' own.</param>
public sealed record ParkedNotice(Guid Event, string Receiver, string Merchant, string Type, int Tries, int? LastStatus, string? LastError, DateTimeOffset? ParkedAt);

public sealed record OpenReversal(long Rrn, string Terminal, string Store, long Amount, int Tries, DateTimeOffset CreatedAt, DateTimeOffset DueAt);

/// <summary>Queries about the whole network: swipes over time, open items, the state of the silos.</summary>
public sealed class NetworkQueries(NpgsqlDataSource database)
{
    /// <summary>The time for which minutes are kept.</summary>
    public static readonly TimeSpan MinutesKept = TimeSpan.FromDays(8);

    /// <summary>After this time every attempt has left SENT, and its minute no longer changes.</summary>
    public static readonly TimeSpan Unsettled = TimeSpan.FromMinutes(3);

    // One arbitrary number that every silo agrees on.
    private const long CountingLock = 0x5357495045;

    /// <summary>Counts the minutes since then again from the attempts, unless another silo counts now.</summary>
    public Task CountMinutes(TimeSpan back, CancellationToken stop) => database.Execute(
        $"""
        with turn as materialized (select pg_try_advisory_xact_lock({CountingLock}) as is_ours), counted as (
          select date_trunc('minute', started_at) as minute,
                 count(*) filter (where state = 'APPROVED') as approved, count(*) filter (where state = 'DECLINED') as declined,
                 count(*) filter (where state in ('REFUSED', 'VOID')) as refused, count(*) filter (where state = 'NOT_SENT') as not_sent,
                 count(*) filter (where state in ('REVERSING', 'REVERSED')) as reversed, count(*) filter (where state = 'SENT') as unresolved,
                 percentile_disc(array[0.5, 0.99]) within group (order by (1000 * extract(epoch from settled_at - started_at))::int)
                   filter (where state in ('APPROVED', 'DECLINED')) as took
          from attempts where (select is_ours from turn) and started_at >= date_trunc('minute', statement_timestamp() - $1::interval) group by 1
        ), forgotten as (
          delete from swipe_minutes where (select is_ours from turn) and minute < statement_timestamp() - $2::interval
        )
        insert into swipe_minutes (minute, approved, declined, refused, not_sent, reversed, unresolved, p50, p99)
        select minute, approved, declined, refused, not_sent, reversed, unresolved, took[1], took[2] from counted
        on conflict (minute) do update
        set approved = excluded.approved, declined = excluded.declined, refused = excluded.refused, not_sent = excluded.not_sent,
            reversed = excluded.reversed, unresolved = excluded.unresolved, p50 = excluded.p50, p99 = excluded.p99
        """,
        stop,
        back,
        MinutesKept);

    /// <summary>Oldest first; minutes without swipes are missing. Within a step counts are summed, and the longest time is kept.</summary>
    public Task<IReadOnlyList<SwipeMinute>> Minutes(TimeSpan back, TimeSpan step, CancellationToken stop) => database.List(
        """
        select date_bin($2::interval, minute, 'epoch') as step, sum(approved)::int as approved, sum(declined)::int as declined, sum(refused)::int as refused,
               sum(not_sent)::int as not_sent, sum(reversed)::int as reversed, sum(unresolved)::int as unresolved, max(p50) as p50, max(p99) as p99
        from swipe_minutes where minute >= statement_timestamp() - $1::interval group by 1 order by 1
        """,
        static row => new SwipeMinute(
            row.Get<DateTimeOffset>("step"),
            row.Get<int>("approved"),
            row.Get<int>("declined"),
            row.Get<int>("refused"),
            row.Get<int>("not_sent"),
            row.Get<int>("reversed"),
            row.Get<int>("unresolved"),
            row.Get<int?>("p50"),
            row.Get<int?>("p99")),
        stop,
        back,
        step);

    public Task Tell(SiloState state, CancellationToken stop) => database.Execute(
        """
        insert into silo_states (silo, at, body) values ($1, clock_timestamp(), $2::jsonb)
        on conflict (silo) do update set at = excluded.at, body = excluded.body
        """,
        stop,
        state.Silo,
        state.Body);

    /// <summary>Silos that have reported within the last hour.</summary>
    public Task<IReadOnlyList<SiloState>> Silos(CancellationToken stop) => database.List(
        "select silo, at, body::text as body from silo_states where at > statement_timestamp() - interval '1 hour' order by silo",
        static row => new SiloState(row.Get<string>("silo"), row.Get<DateTimeOffset>("at"), row.Get<string>("body")),
        stop);

    /// <summary>Reversals that the bank has not acknowledged, oldest first.</summary>
    public Task<IReadOnlyList<OpenReversal>> Reversals(int limit, CancellationToken stop) => database.List(
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

    /// <summary>Parked notices, newest first.</summary>
    public Task<IReadOnlyList<ParkedNotice>> Parked(int limit, CancellationToken stop) => database.List(
        """
        select d.event_id, d.receiver, d.merchant_id, e.type, d.tries, d.last_status, d.last_error, d.finished_at
        from (select * from deliveries where state = 'PARKED' order by event_id desc limit $1) d
        join events e on e.merchant_id = d.merchant_id and e.id = d.event_id order by d.event_id desc
        """,
        static row => new ParkedNotice(
            row.Get<Guid>("event_id"),
            row.Get<string>("receiver"),
            row.Get<string>("merchant_id"),
            row.Get<string>("type"),
            row.Get<int>("tries"),
            row.Get<int?>("last_status"),
            row.GetOrNull<string>("last_error"),
            row.Get<DateTimeOffset?>("finished_at")),
        stop,
        limit);

    /// <summary>Sends a parked notice again, with all its tries. An empty receiver: all parked notices.</summary>
    /// <returns>The number of notices.</returns>
    public Task<int> Resend(Guid? id, string receiver, string who, CancellationToken stop) => database.First(
        """
        with parked as materialized (
          select event_id, receiver from deliveries
          where state = 'PARKED' and ($1::uuid is null or event_id = $1) and ($2 = '' or receiver = $2)
          order by event_id, receiver limit 10000 for no key update
        ), resent as (
          update deliveries d set state = 'PENDING', tries = 0, due_at = clock_timestamp(), finished_at = null, was_uncertain = false
          from parked p where d.event_id = p.event_id and d.receiver = p.receiver returning 1
        ), logged as (
          insert into audit_log (who, what, subject, detail)
          select $3, 'notice.resend', coalesce('evt_' || replace($1::text, '-', ''), 'all'), count(*) || ' to ' || coalesce(nullif($2, ''), 'all receivers')
          from resent having count(*) > 0
        )
        select count(*)::int as notices from resent
        """,
        static row => row.Get<int>("notices"),
        stop,
        id,
        receiver,
        who);
}
