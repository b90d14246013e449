using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Terminals;

/// <summary>Commands to terminals with their outcomes. Any silo may carry them out.</summary>
public sealed class CommandRows(NpgsqlDataSource database)
{
    /// <summary>The time for a terminal to carry out a command; after it the command has failed.</summary>
    public static readonly TimeSpan AskedFor = TimeSpan.FromHours(24);

    /// <summary>Records the command, unless one of the terminals, or the store, is unknown.</summary>
    /// <returns>The unknown names; none: the command is recorded.</returns>
    public async Task<IReadOnlyList<string>> Add(Guid id, TerminalCommand command, string who, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        string[] terminals = [.. command.Terminals];
        var unknown = await connection.List(
            """
            select id from unnest($1::text[]) as wanted(id) where not exists (select from terminals t where t.id = wanted.id)
            union all select $2::text where $2 is not null and not exists (select from stores s where s.id = $2 and s.retired_at is null)
            limit 100
            """,
            static row => row.Get<string>("id"),
            stop,
            terminals,
            Queries.Typed(command.Argument));
        if (unknown.Count > 0)
        {
            return unknown;
        }

        await connection.Execute(
            """
            with action as (
              insert into actions (id, kind, argument, who, due_at, by_administrator) values ($1, $2, $3, $4, $5, $7) returning id
            ), targets as (
              insert into action_targets (action_id, terminal_id, kind, due_at)
              select action.id, t.id, $2, $5 from action, (select distinct id from unnest($6::text[]) as wanted(id)) t
            )
            insert into audit_log (who, what, subject, detail)
            select $4, 'terminal.' || $2, case when cardinality($6) = 1 then $6[1] else 'action:' || id end,
                   concat_ws(', ', case when cardinality($6) > 1 then cardinality($6) || ' terminals' end, 'to ' || $3::text, 'action ' || id)
            from action
            """,
            stop,
            id,
            CommandKinds.Text(command.Kind),
            Queries.Typed(command.Argument),
            who,
            command.DueAt.ToUniversalTime(),
            terminals,
            command.ByAdministrator);
        await transaction.CommitAsync(stop);
        return [];
    }

    /// <summary>Cancels the command for the terminals that still wait.</summary>
    /// <returns>The number of these terminals.</returns>
    public async Task<int> Cancel(Guid id, string who, CancellationToken stop) => await database.First(
        """
        with cancelled as (
          update action_targets set state = 'CANCELLED', outcome = 'cancelled by ' || $2::text, changed_at = clock_timestamp()
          where action_id = $1 and state = 'WAITING' returning 1
        ), logged as (
          insert into audit_log (who, what, subject, detail)
          select $2, 'action.cancel', 'action:' || $1::uuid, count(*) || ' terminals' from cancelled having count(*) > 0
        )
        select count(*)::int as terminals from cancelled
        """,
        static row => row.Get<int>("terminals"),
        stop,
        id,
        who);

    /// <summary>Carries out the due commands of a bounded number of terminals, each with its outcome.</summary>
    /// <returns>The terminals with what was done to each.</returns>
    public Task<IReadOnlyList<(string Terminal, CommandKind Kind)>> RunDue(int limit, CancellationToken stop) => database.List(
        """
        with due as materialized (
          select g.action_id, g.terminal_id, g.kind, a.argument, a.who, g.due_at, a.by_administrator
          from action_targets g join actions a on a.id = g.action_id
          where g.state = 'WAITING' and g.due_at <= clock_timestamp() order by g.due_at limit $1 for update of g skip locked
        ), mine as materialized (
          -- One after the other at each terminal.
          select distinct on (terminal_id) * from due order by terminal_id, due_at, action_id
        ), locked as materialized (
          select t.id, t.store_id, t.retired_at is not null as is_retired, s.retired_at is not null as is_store_gone,
                 m.kind = 'unblock' and t.tampered_at is not null and not m.by_administrator as is_not_theirs
          from mine m join terminals t on t.id = m.terminal_id left join stores s on s.id = m.argument
          order by t.id for no key update of t
        ), acted as (
          update terminals t
          set blocked = case m.kind when 'block' then true when 'unblock' then false else t.blocked end,
              tampered_at = case when m.kind <> 'unblock' then t.tampered_at end,
              store_id = coalesce(m.argument, t.store_id),
              retired_at = case m.kind when 'retire' then clock_timestamp() end,
              -- A session names its store: it ends, so that nothing is booked to the old one.
              pin_key = case when m.kind not in ('retire', 'move') then t.pin_key end,
              mac_key = case when m.kind not in ('retire', 'move') then t.mac_key end,
              next_key_set = case when m.kind not in ('retire', 'move') then t.next_key_set end,
              next_pin_key = case when m.kind not in ('retire', 'move') then t.next_pin_key end,
              next_mac_key = case when m.kind not in ('retire', 'move') then t.next_mac_key end,
              asked = t.asked | case m.kind when 'rotate_keys' then 1 when 'send_parameters' then 2 when 'move' then 2 when 'send_status' then 4 else 0 end
          from mine m join locked l on l.id = m.terminal_id
          where t.id = m.terminal_id and not l.is_retired and not l.is_store_gone and not l.is_not_theirs
        ), logged as (
          insert into audit_log (who, what, subject, detail, before, after)
          select m.who, 'terminal.moved', m.terminal_id, 'action ' || m.action_id,
                 jsonb_build_object('store', l.store_id), jsonb_build_object('store', m.argument)
          from mine m join locked l on l.id = m.terminal_id
          where m.kind = 'move' and not l.is_retired and not l.is_store_gone
        )
        update action_targets g
        set state = case when l.is_retired or l.is_store_gone or l.is_not_theirs then 'FAILED'
                         when m.kind in ('rotate_keys', 'send_parameters', 'send_status') then 'ASKED' else 'DONE' end,
            outcome = case when l.is_retired then 'the terminal is retired' when l.is_store_gone then 'the store is retired'
                           when l.is_not_theirs then 'its case was opened: only an administrator unblocks it'
                           when m.kind in ('rotate_keys', 'send_parameters', 'send_status') then 'told at its next heartbeat' else 'done' end,
            changed_at = clock_timestamp()
        from mine m join locked l on l.id = m.terminal_id
        where g.action_id = m.action_id and g.terminal_id = m.terminal_id
        returning g.terminal_id, g.kind
        """,
        static row => (row.Get<string>("terminal_id"), CommandKinds.Parse(row.Get<string>("kind"))!.Value),
        stop,
        limit);

    /// <summary>Fails commands that terminals have not carried out in time.</summary>
    public Task<int> GiveUp(int limit, CancellationToken stop) => database.Execute(
        """
        with late as materialized (
          select action_id, terminal_id, kind from action_targets
          where state = 'ASKED' and due_at < clock_timestamp() - $1::interval and changed_at < clock_timestamp() - $1::interval
          order by due_at limit $2 for update skip locked
        ), unasked as (
          update terminals t set asked = t.asked & ~case l.kind when 'rotate_keys' then 1 when 'send_parameters' then 2 else 4 end
          from late l where t.id = l.terminal_id
        )
        update action_targets g set state = 'FAILED', outcome = 'the terminal did not do it within a day', changed_at = clock_timestamp()
        from late l where g.action_id = l.action_id and g.terminal_id = l.terminal_id
        """,
        stop,
        AskedFor,
        limit);

    public Task<IReadOnlyList<CommandSummary>> List(int limit, CancellationToken stop) => Summaries("order by created_at desc, id limit $1", stop, limit);

    /// <returns>Null when there is no such command.</returns>
    public async Task<CommandSummary?> Find(Guid id, CancellationToken stop) => (await Summaries("where id = $1", stop, id)).SingleOrDefault();

    /// <param name="state">Null: all.</param>
    /// <param name="after">The last terminal of the previous page.</param>
    public Task<IReadOnlyList<CommandTarget>> Targets(Guid id, string? state, string? after, int limit, CancellationToken stop) => database.List(
        $"{TargetColumns} where g.action_id = $1 and ($2::text is null or g.state = $2) and ($3::text is null or g.terminal_id > $3) order by g.terminal_id limit $4",
        ReadTarget,
        stop,
        id,
        state,
        after,
        limit);

    /// <summary>The commands to a terminal, newest first.</summary>
    public Task<IReadOnlyList<CommandTarget>> Of(string terminal, int limit, CancellationToken stop) =>
        database.List($"{TargetColumns} where g.terminal_id = $1 order by g.changed_at desc limit $2", ReadTarget, stop, terminal, limit);

    private const string TargetColumns =
        """
        select g.action_id, g.terminal_id, g.kind, g.state, g.outcome, g.changed_at, g.due_at, a.who
        from action_targets g join actions a on a.id = g.action_id
        """;

    private Task<IReadOnlyList<CommandSummary>> Summaries(string which, CancellationToken stop, params object?[] values) => database.List(
        $"""
        with shown as (select * from actions {which})
        select s.id, s.kind, s.argument, s.who, s.created_at, s.due_at,
               count(*) filter (where g.state = 'WAITING')::int as waiting, count(*) filter (where g.state = 'ASKED')::int as asked,
               count(*) filter (where g.state = 'DONE')::int as done, count(*) filter (where g.state = 'FAILED')::int as failed,
               count(*) filter (where g.state = 'CANCELLED')::int as cancelled
        from shown s join action_targets g on g.action_id = s.id
        group by s.id, s.kind, s.argument, s.who, s.created_at, s.due_at order by s.created_at desc, s.id
        """,
        static row => new CommandSummary(
            row.Get<Guid>("id"),
            CommandKinds.Parse(row.Get<string>("kind"))!.Value,
            row.GetOrNull<string>("argument"),
            row.Get<string>("who"),
            row.Get<DateTimeOffset>("created_at"),
            row.Get<DateTimeOffset>("due_at"),
            row.Get<int>("waiting"),
            row.Get<int>("asked"),
            row.Get<int>("done"),
            row.Get<int>("failed"),
            row.Get<int>("cancelled")),
        stop,
        values);

    private static CommandTarget ReadTarget(NpgsqlDataReader row) => new(
        row.Get<Guid>("action_id"),
        row.Get<string>("terminal_id"),
        CommandKinds.Parse(row.Get<string>("kind"))!.Value,
        row.Get<string>("state"),
        row.Get<string>("outcome"),
        row.Get<DateTimeOffset>("changed_at"),
        row.Get<DateTimeOffset>("due_at"),
        row.Get<string>("who"));
}
