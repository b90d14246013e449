using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Fleet;

/// <summary>How many swipes of each minute had which outcome, counted from the attempts.</summary>
public sealed class SwipeMinuteRows(NpgsqlDataSource database)
{
    /// <summary>The time for which minutes are kept.</summary>
    public static readonly TimeSpan MinutesKept = TimeSpan.FromDays(8);

    /// <summary>After this time every attempt has left SENT, and its minute no longer changes.</summary>
    public static readonly TimeSpan Unsettled = TimeSpan.FromMinutes(3);

    // One arbitrary number that every silo agrees on.
    private const long CountingLock = 0x5357495045;

    /// <summary>Counts the minutes since then again from the attempts, unless another silo counts now.</summary>
    public Task Count(TimeSpan back, CancellationToken stop) => database.Execute(
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
    public Task<IReadOnlyList<SwipeMinute>> List(TimeSpan back, TimeSpan step, CancellationToken stop) => database.List(
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
}
