using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Terminals;

/// <summary>Terminals, their wrapped keys and their batches. Every method is idempotent.</summary>
/// <exception cref="DatabaseAwayException">Any method may throw it.</exception>
public sealed class TerminalRows(NpgsqlDataSource database) : ISwipeKeyReader
{
    public Task<TerminalRow?> Find(string id) => Reach(() => database.First(
        $"""
        select t.id, t.store_id, s.name as store_name, t.blocked or s.blocked or t.retired_at is not null or s.retired_at is not null as is_blocked,
               t.master_key, t.key_set, t.pin_key, t.mac_key, t.next_key_set, t.next_pin_key, t.next_mac_key,
               t.language, t.signed_on_at, {SettingLevels.OfTerminal.Version} as parameters, t.asked
        from terminals t join stores s on s.id = t.store_id where t.id = $1
        """,
        static row => new TerminalRow(
            row.Get<string>("id"),
            row.Get<string>("store_id"),
            row.Get<string>("store_name"),
            row.Get<bool>("is_blocked"),
            row.Get<byte[]>("master_key"),
            row.IsNull("pin_key") ? null : new KeySet(row.Get<int>("key_set"), row.Get<byte[]>("pin_key"), row.Get<byte[]>("mac_key")),
            row.IsNull("next_key_set") ? null : new KeySet(row.Get<int>("next_key_set"), row.Get<byte[]>("next_pin_key"), row.Get<byte[]>("next_mac_key")),
            row.Get<string>("language"),
            row.Get<DateTimeOffset?>("signed_on_at"),
            row.Get<int>("parameters"),
            (TerminalTasks)row.Get<short>("asked")),
        CancellationToken.None,
        id));

    /// <returns>The terminal's parameters, member by member from the nearest level that has one.</returns>
    public Task<string> Parameters(string id) => Reach(async () => (await database.First(
        $"select ({SettingLevels.OfTerminal.Merged})::text as parameters from terminals t join stores s on s.id = t.store_id where t.id = $1",
        static row => row.Get<string>("parameters"),
        CancellationToken.None,
        id))!);

    /// <summary>The terminal has done a task: its commands are recorded as done.</summary>
    public Task RecordDone(string id, TerminalTasks task) => Reach(() => database.Execute(
        """
        with done as (
          update action_targets set state = 'DONE', outcome = 'done by the terminal', changed_at = clock_timestamp()
          where terminal_id = $1 and state = 'ASKED' and kind = $3
        )
        update terminals set asked = asked & ~$2 where id = $1
        """,
        CancellationToken.None,
        id,
        (short)task,
        CommandKinds.Text(CommandKinds.Giving(task))));

    /// <summary>Stores the next key set under a new number; it replaces a next key set that never became current.</summary>
    public Task<KeySet> PutNext(string id, byte[] pinKey, byte[] macKey, string language) => Reach(async () => (await database.First(
        """
        update terminals set next_key_set = greatest(key_set, coalesce(next_key_set, 0)) + 1, next_pin_key = $2, next_mac_key = $3,
                             language = $4
        where id = $1 returning next_key_set
        """,
        row => new KeySet(row.Get<int>("next_key_set"), pinKey, macKey),
        CancellationToken.None,
        id,
        pinKey,
        macKey,
        language))!);

    /// <summary>The next key set becomes the current one. False when it is no longer the next one.</summary>
    public Task<bool> Promote(string id, int keySet) => Reach(async () => await database.Execute(
        """
        update terminals
        set key_set = next_key_set, pin_key = next_pin_key, mac_key = next_mac_key,
            next_key_set = null, next_pin_key = null, next_mac_key = null, signed_on_at = now()
        where id = $1 and next_key_set = $2
        """,
        CancellationToken.None,
        id,
        keySet) == 1);

    /// <summary>Ends the session: the current key set is no longer valid.</summary>
    public Task SignOff(string id, int keySet) => Reach(() => database.Execute(
        "update terminals set pin_key = null, mac_key = null where id = $1 and key_set = $2", CancellationToken.None, id, keySet));

    /// <summary>The terminal's case was opened: blocks the terminal and ends its session.</summary>
    public Task BlockTampered(string id) => Reach(() => database.Execute(
        """
        with blocked as (
          update terminals set blocked = true, tampered_at = clock_timestamp(),
                               pin_key = null, mac_key = null, next_key_set = null, next_pin_key = null, next_mac_key = null
          where id = $1 and (not blocked or tampered_at is null) returning id
        )
        insert into audit_log (who, what, subject, detail) select 'by itself', 'terminal.block', id, 'its case was opened' from blocked
        """,
        CancellationToken.None,
        id));

    /// <summary>
    /// Closes the batch unless it is closed, with the terminal's totals and ours: the first close stands, whatever the totals of a
    /// later one. A batch of which neither side has a payment or a refund is not closed.
    /// </summary>
    /// <returns>Our totals at the close, and whether the terminal's are the same; null while a payment of the batch is not decided.</returns>
    public Task<(BatchSums Sums, bool Agrees)?> CloseBatch(string id, int batch, BatchSums theirs) => Reach(() => database.First(
        """
        with payments as (
          select count(*) filter (where state = 'APPROVED')::int as count, coalesce(sum(amount) filter (where state = 'APPROVED'), 0)::bigint as amount
          from attempts where terminal_id = $1 and batch = $2 having count(*) filter (where state = 'SENT') = 0
        ), given_back as (
          select count(*)::int as refunds, coalesce(sum(amount), 0)::bigint as refunded
          from refund_keys where terminal_id = $1 and batch = $2 and refund is not null
        ), ours as (
          select *, (count, amount, refunds, refunded, $3, $4, $5, $6) = (0, 0, 0, 0, 0, 0, 0, 0) as is_empty from payments, given_back
        ), closed as (
          insert into batches (terminal_id, batch, terminal_count, terminal_amount, terminal_refunds, terminal_refunded, count, amount, refunds, refunded)
          select $1, $2, $3, $4, $5, $6, count, amount, refunds, refunded from ours where not is_empty
          on conflict (terminal_id, batch) do nothing
          returning *
        ), known as (
          select * from closed
          union all
          select * from batches where terminal_id = $1 and batch = $2
        )
        select count, amount, refunds, refunded,
               (terminal_count, terminal_amount, terminal_refunds, terminal_refunded) = (count, amount, refunds, refunded) as agrees from known
        union all
        select 0, 0, 0, 0, true from ours where is_empty and not exists (select from known)
        """,
        static row => ((BatchSums, bool)?)(
            new BatchSums(row.Get<int>("count"), row.Get<long>("amount"), row.Get<int>("refunds"), row.Get<long>("refunded")), row.Get<bool>("agrees")),
        CancellationToken.None,
        id,
        batch,
        theirs.Count,
        theirs.Amount,
        theirs.Refunds,
        theirs.Refunded));

    /// <returns>STAN and amount of the batch's approved payments, and of its refunds with an amount below 0, by STAN.</returns>
    public Task<IReadOnlyList<(int Stan, long Amount)>> ListAfter(string id, int batch, int stan, int limit) => Reach(() => database.List(
        """
        select stan, amount from attempts where terminal_id = $1 and batch = $2 and stan > $3 and state = 'APPROVED'
        union all
        select stan, -amount from refund_keys where terminal_id = $1 and batch = $2 and stan > $3 and refund is not null
        order by stan limit $4
        """,
        static row => (row.Get<int>("stan"), row.Get<long>("amount")),
        CancellationToken.None,
        id,
        batch,
        stan,
        limit));

    /// <inheritdoc/>
    public Task<bool> HasKey(SwipeKey key) => Reach(() => database.First(
        "select exists (select from attempts where terminal_id = $1 and batch = $2 and stan = $3) as is_there",
        static row => row.Get<bool>("is_there"),
        CancellationToken.None,
        key.Terminal,
        key.Batch,
        key.Stan));

    private static async Task<T> Reach<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            throw new DatabaseAwayException("The terminals: the database cannot be reached.", fault);
        }
    }
}

/// <summary>What one side has in a batch: approved payments and refunds, their numbers and their sums in minor units.</summary>
public readonly record struct BatchSums(int Count, long Amount, int Refunds, long Refunded);
