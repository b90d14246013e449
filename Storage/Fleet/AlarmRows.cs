using Lakala.Storage.Postgres;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;
using Npgsql;

namespace Lakala.Storage.Fleet;

/// <summary>A kind of alarm with its thresholds: it is raised at one and cleared at a lower one, so that it does not alternate.</summary>
/// <param name="Kind">Its name in the metrics, the rules and the notices.</param>
/// <param name="Raised">The condition that raises it, as text.</param>
/// <param name="Cleared">The condition that clears it, as text.</param>
/// <param name="WhatToDo">The instruction for the operator.</param>
/// <param name="Section">The section of the runbook about it.</param>
public sealed record AlarmKind(string Kind, string Title, string Raised, string Cleared, string WhatToDo, string Section)
{
    /// <summary>All kinds. Their thresholds are in <see cref="AlarmRows"/>.</summary>
    public static IReadOnlyList<AlarmKind> All { get; } =
    [
        new("bank_line_down", "Bank line down", "a silo has had no line to the bank for 30 s", "it has one again", "Find out whether it is the line, the certificate or the bank; call the bank.", "the-bank-line-is-down"),
        new("commit_queue_full", "Commits are queueing", "a queue of a silo is half full", "it is less than a tenth full", "Look at the database: locks, disk, load.", "swipes-are-slow-or-fail"),
        new("reversals_ageing", "Reversals are ageing", "the oldest waits for 10 min", "the oldest waits for less than 2 min", "Find out why the bank does not acknowledge; call the bank.", "reversals-pile-up"),
        new("declines_bank", "The bank declines much", "60 % of at least 50 answers in 15 min", "less than 30 %", "Ask the bank whether an issuer or its host is in trouble.", "the-bank-declines-much"),
        new("declines_store", "A store has many declines", "70 % of at least 20 answers in 15 min", "less than 40 %", "Call the store: a test of stolen cards, or a bad reader?", "the-bank-declines-much"),
        new("declines_terminal", "A terminal has many declines", "80 % of at least 10 answers in 15 min", "less than 40 %", "Call the store; block the terminal if nobody can explain it.", "the-bank-declines-much"),
        new("tamper", "A terminal's case was opened", "it says so", "it no longer says so", "Block it and have it looked at before it takes a card again.", "a-terminals-case-was-opened"),
        new("paper_out", "Paper out", "a terminal says so", "it has paper, even if little", "Call the store.", "terminals-need-attention"),
        new("clock_off", "A terminal's clock is off", "by 60 s", "by less than 30 s", "Have it set, then command new working keys: it is measured again with them.", "terminals-need-attention"),
        new("terminal_silent", "Terminal silent", "not heard for 5 min", "heard again within its heartbeat interval", "Call the store: power, network, switched off?", "many-terminals-are-silent"),
        new("notices_overdue", "Notices wait too long", "a receiver has one that is due for 15 min", "none is due for 1 min", "Is a silo set up to reach the receiver (Mail, Sms, Notices:Dispatch)? Is one overloaded?", "notices-are-overdue"),
        new("notices_parked", "Notices were given up", "a receiver has one", "it has none", "Look at the receiver's answer; send them again when it is mended.", "notices-are-parked"),
    ];

    /// <returns>Null when there is no such kind.</returns>
    public static AlarmKind? Find(string kind) => All.FirstOrDefault(one => one.Kind == kind);
}

/// <param name="Subject">A terminal, store, silo or receiver; empty: the whole network.</param>
/// <param name="AcknowledgedBy">The operator who takes care of it; null: nobody yet.</param>
/// <param name="Silence">Null: it is not silenced now.</param>
public sealed record AlarmRow(
    long Id,
    string Kind,
    string Subject,
    string Detail,
    DateTimeOffset RaisedAt,
    DateTimeOffset? ClearedAt,
    string? AcknowledgedBy = null,
    DateTimeOffset? AcknowledgedAt = null,
    Silence? Silence = null);

/// <summary>Until it ends, alarms of one kind about one subject are raised and shown, but not sent.</summary>
public sealed record Silence(string Who, string Reason, DateTimeOffset Until)
{
    public const int MaxReason = 200;

    /// <summary>The longest silence.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <summary>The error of the silence; null when it is valid.</summary>
    public string? Fault(DateTimeOffset now) =>
        Until <= now || Until > now + Longest ? $"A silence ends within {Longest.TotalDays:0} days."
        : Reason.Length is 0 or > MaxReason || Reason.Any(char.IsControl) ? $"A silence has a reason of 1 to {MaxReason} characters."
        : null;
}

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

    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    // Each query returns: subject, whether to raise, whether a raised alarm may be cleared, and the text. If neither holds, nothing
    // changes; a subject that no longer exists is cleared.
    private static readonly (string Kind, string Sql)[] Conditions =
    [
        ("terminal_silent",
            $"""
            select t.id, last < statement_timestamp() - interval '5 minutes' and not t.blocked and not s.blocked,
                   last > statement_timestamp() - interval '{StoreFinder.ReadyWithin}' or t.blocked or s.blocked,
                   'last heard ' || to_char(last at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
            from terminals t join stores s on s.id = t.store_id
            left join terminal_lines l on l.terminal_id = t.id left join terminal_health h on h.terminal_id = t.id
            -- Without its line, after a crash of the database, a report may be as old as the silence between two.
            cross join lateral (select case when l.heard_at is null then coalesce(h.at + interval '{HealthRows.Silence}', t.signed_on_at) else greatest(l.heard_at, h.at) end as last) heard
            where t.retired_at is null and s.retired_at is null and last is not null
            """),
        ("paper_out", OfReport("h.report->>'paper' = 'out'", "h.report->>'paper' is distinct from 'out'", "'the printer is out of paper'")),
        ("tamper", OfReport("(h.report->>'tamper')::boolean", "(h.report->>'tamper')::boolean is not true", "'its case has been opened'")),
        ("clock_off", OfReport(
            "abs((h.report->>'clock_offset')::int) >= 60",
            "coalesce(abs((h.report->>'clock_offset')::int), 0) < 30",
            "'its clock is off by ' || (h.report->>'clock_offset') || ' s'")),
        ("bank_line_down",
            """
            select silo, (body->>'bank_down_seconds')::int >= 30, (body->>'bank_down_seconds')::int = 0, 'no line to the bank'
            from silo_states where at > statement_timestamp() - interval '1 minute'
            """),
        ("commit_queue_full",
            """
            select silo, (body->>'queue_fill')::numeric >= 0.5, (body->>'queue_fill')::numeric < 0.1,
                   'the queue of ' || (body->>'fullest_queue') || ' is ' || round(100 * (body->>'queue_fill')::numeric) || ' % full'
            from silo_states where at > statement_timestamp() - interval '1 minute'
            """),
        ("reversals_ageing",
            """
            select ''::text, age >= interval '10 minutes', age < interval '2 minutes', outstanding || ' wait for the bank, the oldest for ' || date_trunc('second', age)
            from (
              select count(*) as outstanding, coalesce(clock_timestamp() - min(created_at), interval '0') as age from reversals where acknowledged_at is null
            ) as reversal
            """),
        ("notices_overdue",
            """
            select receiver, oldest >= interval '15 minutes', oldest < interval '1 minute', due || ' are due, the oldest for ' || date_trunc('second', oldest)
            from (
              select receiver, count(*) as due, statement_timestamp() - min(due_at) as oldest
              from deliveries where state = 'PENDING' and due_at <= statement_timestamp() group by receiver
            ) as overdue
            """),
        ("notices_parked", "select receiver, true, false, count(*) || ' given up' from deliveries where state = 'PARKED' group by receiver"),
    ];

    // These read all swipes of the last 15 minutes.
    private static readonly (string Kind, string Sql)[] SlowConditions =
    [
        ("declines_terminal", OfDeclines("terminal_id", least: 10, raisedAt: 80, clearedBelow: 40)),
        ("declines_store", OfDeclines("store_id", least: 20, raisedAt: 70, clearedBelow: 40)),
        ("declines_bank", OfDeclines("''::text", least: 50, raisedAt: 60, clearedBelow: 30)),
    ];

    private static string OfReport(string isRaised, string isCleared, string detail) =>
        $"""
        select t.id, coalesce({isRaised}, false), {isCleared}, {detail}
        from terminals t join terminal_health h on h.terminal_id = t.id where t.retired_at is null
        """;

    // Counts only answers of the bank: a swipe that never reached it, or was reversed, shows nothing about cards.
    private static string OfDeclines(string subject, int least, int raisedAt, int clearedBelow) =>
        $"""
        select {subject}, count(*) >= {least} and 100 * count(*) filter (where state = 'DECLINED') >= {raisedAt} * count(*),
               100 * count(*) filter (where state = 'DECLINED') < {clearedBelow} * count(*),
               count(*) filter (where state = 'DECLINED') || ' of ' || count(*) || ' declined in 15 minutes'
        from attempts where started_at > statement_timestamp() - interval '15 minutes' and state in ('APPROVED', 'DECLINED')
        group by 1
        """;

    /// <summary>Runs the work unless another silo is running it.</summary>
    /// <returns>True when it was run.</returns>
    public async Task<bool> Alone(Func<Task> work, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var take = new NpgsqlCommand("select pg_try_advisory_lock($1)", connection) { Parameters = { new() { Value = Lock } } };
        if (!(bool)(await take.ExecuteScalarAsync(stop))!)
        {
            return false;
        }

        try
        {
            await work();
        }
        finally
        {
            await using var release = new NpgsqlCommand("select pg_advisory_unlock($1)", connection) { Parameters = { new() { Value = Lock } } };
            await release.ExecuteNonQueryAsync(CancellationToken.None);
        }

        return true;
    }

    /// <summary>Evaluates all conditions, or only the cheap ones.</summary>
    /// <param name="isTold">True when there is a receiver of the notices.</param>
    /// <param name="runbook">The address of the runbook, to which a section's name is added.</param>
    /// <returns>The alarms that were raised and cleared.</returns>
    public async Task<IReadOnlyList<AlarmRow>> Look(bool slowToo, bool isTold, string runbook, DateTimeOffset now, CancellationToken stop)
    {
        var changed = new List<AlarmRow>();
        foreach (var (kind, condition) in slowToo ? [.. Conditions, .. SlowConditions] : Conditions)
        {
            changed.AddRange(await Look(AlarmKind.Find(kind)!, condition, isTold, runbook, now, stop));
        }

        return changed;
    }

    private Task<IReadOnlyList<AlarmRow>> Look(AlarmKind kind, string condition, bool isTold, string runbook, DateTimeOffset now, CancellationToken stop) => database.List(
        $"""
        with condition (subject, is_raised, is_cleared, detail) as ({condition}),
        active as materialized (select id, subject, is_told from alarms where kind = $1 and cleared_at is null),
        silenced as materialized (select subject from alarm_silences where kind = $1 and until > clock_timestamp()),
        seen as materialized (
          select * from condition where is_raised or subject in (select subject from active)
        ), gone as materialized (
          select active.id from active left join seen on seen.subject = active.subject
          where seen.subject is null or (seen.is_cleared and not seen.is_raised)
        ), raised as (
          insert into alarms (kind, subject, detail, is_told) select $1, subject, detail, subject not in (select subject from silenced) from seen where is_raised
          on conflict (kind, subject) where cleared_at is null do nothing
          returning id, subject, detail, raised_at, cleared_at, is_told
        ), cleared as (
          update alarms a set cleared_at = clock_timestamp() from gone where a.id = gone.id and a.cleared_at is null
          returning a.id, a.subject, a.detail, a.raised_at, a.cleared_at, a.is_told
        ), outlasted as (
          -- Raised during a silence that is over: told now.
          update alarms a set is_told = true from active
          where a.id = active.id and a.cleared_at is null and not active.is_told
            and active.id not in (select id from gone) and active.subject not in (select subject from silenced)
          returning a.id, a.subject, a.detail
        ), to_tell as (
          select '{RaisedEvent}' as type, $2::uuid as event, id, subject, detail from raised where is_told
          union all select '{RaisedEvent}', $2, id, subject, detail from outlasted
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
        select id, $1, subject, detail, raised_at, cleared_at from raised union all select id, $1, subject, detail, raised_at, cleared_at from cleared
        """,
        static row => new AlarmRow(
            row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetFieldValue<DateTimeOffset>(4), row.Nullable<DateTimeOffset>(5)),
        stop,
        kind.Kind,
        Guid.CreateVersion7(now),
        Guid.CreateVersion7(now),
        now.ToUniversalTime(),
        kind.Title,
        kind.WhatToDo,
        isTold,
        $"{runbook}/{kind.Section}");

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
        select exists (select from alarms where id = $1 and cleared_at is null)
        """,
        static row => row.GetBoolean(0),
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
        "select kind, count(*)::int from alarms where cleared_at is null group by kind", static row => (row.GetString(0), row.GetInt32(1)), stop);

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
        row.GetInt64(0),
        row.GetString(1),
        row.GetString(2),
        row.GetString(3),
        row.GetFieldValue<DateTimeOffset>(4),
        row.Nullable<DateTimeOffset>(5),
        row.Text(6),
        row.Nullable<DateTimeOffset>(7),
        row.Text(8) is { } who ? new Silence(who, row.GetString(9), row.GetFieldValue<DateTimeOffset>(10)) : null);
}
