using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Fleet;

/// <summary>
/// Raises and clears alarms, each kind by one statement over all its subjects, with its event in the same
/// commit. One silo does it at a time, whichever it is.
/// </summary>
public sealed class AlarmRows(NpgsqlDataSource database)
{
    /// <summary>The receiver of the operators' own notices.</summary>
    public const string Receiver = "operator";

    /// <summary>The types of alarm events.</summary>
    public const string RaisedEvent = "alarm.raised", ClearedEvent = "alarm.cleared";

    // An arbitrary number, the same at every silo.
    private const long Lock = 0x414C41524D53;

    // A notice names this many of the alarms that were raised together, and counts the rest: an outage is one notice, not thousands.
    private const int MostNamed = 20;

    private static readonly TimeSpan Kept = TimeSpan.FromDays(30), Day = TimeSpan.FromDays(1);

    // Alarms of a kind that were raised at different hours are told again together, and not in many notices a day.
    private static readonly TimeSpan GatheredAfter = Day / 2;

    /// <summary>Runs the work unless another silo is running it.</summary>
    /// <returns>True when it was run.</returns>
    public async Task<bool> Alone(Func<Task> work, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var alone = await AdvisoryLock.TryTake(connection, Lock, stop);
        if (alone is null)
        {
            return false;
        }

        await work();
        return true;
    }

    /// <summary>Evaluates all conditions, or only the cheap ones.</summary>
    /// <param name="isTold">True when there is a receiver of the notices.</param>
    /// <param name="runbook">The address of the runbook, to which a section's name is added.</param>
    /// <returns>The alarms that were raised, told again and cleared.</returns>
    public async Task<IReadOnlyList<AlarmRow>> Look(bool slowToo, bool isTold, string runbook, DateTimeOffset now, CancellationToken stop)
    {
        var changed = new List<AlarmRow>();
        foreach (var kind in AlarmKind.All.Where(kind => slowToo || !kind.IsSlow))
        {
            changed.AddRange(await Look(kind, isTold, runbook, now, stop));
        }

        return changed;
    }

    private Task<IReadOnlyList<AlarmRow>> Look(AlarmKind kind, bool isTold, string runbook, DateTimeOffset now, CancellationToken stop) => database.List(
        $"""
        with condition (subject, is_raised, is_cleared, detail) as ({kind.Condition}),
        active as materialized (select id, subject, is_told, coalesce(told_at, raised_at) as told_at from alarms where kind = $1 and cleared_at is null),
        silenced as materialized (select subject from alarm_silences where kind = $1 and until > clock_timestamp()),
        seen as materialized (
          select * from condition where is_raised or subject in (select subject from active)
        ), gone as materialized (
          select active.id from active left join seen on seen.subject = active.subject
          where seen.subject is null or (seen.is_cleared and not seen.is_raised)
        ), loud as materialized (
          select active.*, seen.detail from active join seen on seen.subject = active.subject
          where active.id not in (select id from gone) and active.subject not in (select subject from silenced)
        ), raised as (
          insert into alarms (kind, subject, detail, is_told, told_at)
          select $1, subject, detail, is_loud, case when is_loud then clock_timestamp() end
          from (select *, subject not in (select subject from silenced) as is_loud from seen where is_raised) as fresh
          on conflict (kind, subject) where cleared_at is null do nothing
          returning id, subject, detail, raised_at, cleared_at, is_told
        ), cleared as (
          update alarms a set cleared_at = clock_timestamp() from gone where a.id = gone.id and a.cleared_at is null
          returning a.id, a.subject, a.detail, a.raised_at, a.cleared_at, a.is_told
        ), told_again as (
          -- Raised during a silence that is over; or of a kind that is told each day. Those whose day is nearly over are told with the first one.
          update alarms a set is_told = true, told_at = clock_timestamp(), detail = loud.detail from loud
          where a.id = loud.id and a.cleared_at is null and (
            not loud.is_told
            or ($9 and loud.told_at <= clock_timestamp() - $10::interval and exists (select from loud where is_told and told_at <= clock_timestamp() - $11::interval)))
          returning a.id, a.subject, a.detail, a.raised_at, a.cleared_at
        ), to_tell as (
          select '{RaisedEvent}' as type, $2::uuid as event, id, subject, detail from raised where is_told
          union all select '{RaisedEvent}', $2, id, subject, detail from told_again
          union all select '{ClearedEvent}', $3, id, subject, detail from cleared where is_told
        ), told as (
          select type, event as id, count(*) as alarms, array_agg(subject order by id) as subjects, min(detail) as detail from to_tell group by type, event
        ), evented as (
          insert into events (merchant_id, id, type, created_at, data)
          select '', id, type, $4, json_build_object(
            'kind', $1, 'title', $5::text, 'count', alarms, 'subjects', to_json(subjects[1:{MostNamed}]), 'detail', detail, 'what_to_do', $6::text, 'runbook_url', $8::text)::text
          from told where $7
          returning id
        ), delivered as (
          insert into deliveries (event_id, receiver, merchant_id, due_at) select id, '{Receiver}', '', clock_timestamp() from evented
        )
        select id, $1 as kind, subject, detail, raised_at, cleared_at from raised
        union all select id, $1, subject, detail, raised_at, cleared_at from told_again
        union all select id, $1, subject, detail, raised_at, cleared_at from cleared
        """,
        static row => new AlarmRow(
            row.Get<long>("id"),
            row.Get<string>("kind"),
            row.Get<string>("subject"),
            row.Get<string>("detail"),
            row.Get<DateTimeOffset>("raised_at"),
            row.Get<DateTimeOffset?>("cleared_at")),
        stop,
        kind.Kind,
        Guid.CreateVersion7(now),
        Guid.CreateVersion7(now),
        now.ToUniversalTime(),
        kind.Title,
        kind.WhatToDo,
        isTold,
        $"{runbook}/{kind.Section}",
        kind.IsToldDaily,
        GatheredAfter,
        Day);

    /// <summary>The raised alarms, newest first, then the latest cleared ones.</summary>
    public Task<IReadOnlyList<AlarmRow>> List(int limit, CancellationToken stop) => database.List(
        $"""
        (select {Columns} where a.cleared_at is null order by a.id desc limit $1)
        union all
        (select {Columns} where a.cleared_at is not null order by a.id desc limit $1)
        """,
        Read,
        stop,
        limit);

    /// <summary>The alarms about a subject, newest first.</summary>
    public Task<IReadOnlyList<AlarmRow>> Of(string subject, int limit, CancellationToken stop) => database.List(
        $"select {Columns} where a.subject = $1 order by a.id desc limit $2", Read, stop, subject, limit);

    /// <returns>Null: there is no such alarm.</returns>
    public Task<AlarmRow?> Find(long id, CancellationToken stop) => database.First($"select {Columns} where a.id = $1", Read, stop, id);

    /// <summary>Records that an operator takes care of a raised alarm. The first one is kept.</summary>
    /// <returns>False: there is no such alarm, or it is no longer raised.</returns>
    public async Task<bool> Acknowledge(long id, string who, CancellationToken stop) => await database.First(
        """
        with seen as (
          update alarms set acknowledged_by = $2, acknowledged_at = clock_timestamp()
          where id = $1 and cleared_at is null and acknowledged_at is null returning kind, subject
        ), logged as (
          insert into audit_log (who, what, subject, detail) select $2, 'alarm.acknowledge', subject, kind from seen
        )
        select exists (select from alarms where id = $1 and cleared_at is null) as is_raised
        """,
        static row => row.Get<bool>("is_raised"),
        stop,
        id,
        who);

    /// <summary>Silences a raised alarm, and others of its kind about its subject, until a time. Replaces an earlier silence.</summary>
    /// <param name="silence">A valid silence.</param>
    /// <returns>False: there is no such alarm, or it is no longer raised.</returns>
    public async Task<bool> Silence(long id, Silence silence, CancellationToken stop) => await database.Execute(
        """
        with alarm as (
          select kind, subject from alarms where id = $1 and cleared_at is null
        ), put as (
          insert into alarm_silences as s (kind, subject, who, reason, until) select kind, subject, $2, $3, $4 from alarm
          on conflict (kind, subject) do update set who = excluded.who, reason = excluded.reason, until = excluded.until, created_at = clock_timestamp()
        )
        insert into audit_log (who, what, subject, detail, before, after)
        select $2, 'alarm.silence', a.subject, a.kind || ': ' || $3::text,
               (select jsonb_build_object('until', s.until) from alarm_silences s where s.kind = a.kind and s.subject = a.subject and s.until > clock_timestamp()),
               jsonb_build_object('until', $4::timestamptz)
        from alarm a
        """,
        stop,
        id,
        silence.Who,
        silence.Reason,
        silence.Until.ToUniversalTime()) > 0;

    /// <summary>Ends the silence of an alarm's kind and subject before its time.</summary>
    /// <returns>False: there is no such alarm, or it is not silenced.</returns>
    public async Task<bool> EndSilence(long id, string who, CancellationToken stop) => await database.Execute(
        """
        with ended as (
          update alarm_silences s set until = clock_timestamp() from alarms a
          where a.id = $1 and s.kind = a.kind and s.subject = a.subject and s.until > clock_timestamp() returning s.kind, s.subject
        )
        insert into audit_log (who, what, subject, detail) select $2, 'alarm.end_silence', subject, kind from ended
        """,
        stop,
        id,
        who) > 0;

    /// <summary>The number of raised alarms of each kind, including silenced ones.</summary>
    public Task<IReadOnlyList<(string Kind, int Count)>> Counts(CancellationToken stop) => database.List(
        "select kind, count(*)::int as alarms from alarms where cleared_at is null group by kind",
        static row => (row.Get<string>("kind"), row.Get<int>("alarms")),
        stop);

    /// <summary>Deletes up to this many alarms that were cleared, and silences that ended, before the kept time.</summary>
    public Task<int> Forget(int limit, CancellationToken stop) => database.Execute(
        """
        with ended as (
          delete from alarm_silences where until < statement_timestamp() - $1::interval
        )
        delete from alarms where id in (select id from alarms where cleared_at < statement_timestamp() - $1::interval order by id limit $2)
        """,
        stop,
        Kept,
        limit);

    private const string Columns =
        """
        a.id, a.kind, a.subject, a.detail, a.raised_at, a.cleared_at, a.acknowledged_by, a.acknowledged_at, s.who, s.reason, s.until
        from alarms a
        left join alarm_silences s on s.kind = a.kind and s.subject = a.subject and s.until > clock_timestamp() and a.cleared_at is null
        """;

    private static AlarmRow Read(NpgsqlDataReader row) => new(
        row.Get<long>("id"),
        row.Get<string>("kind"),
        row.Get<string>("subject"),
        row.Get<string>("detail"),
        row.Get<DateTimeOffset>("raised_at"),
        row.Get<DateTimeOffset?>("cleared_at"),
        row.GetOrNull<string>("acknowledged_by"),
        row.Get<DateTimeOffset?>("acknowledged_at"),
        row.GetOrNull<string>("who") is { } who ? new Silence(who, row.Get<string>("reason"), row.Get<DateTimeOffset>("until")) : null);
}
