using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Terminals;

/// <summary>Terminals, their wrapped keys and their batches. Every method is idempotent.</summary>
/// <exception cref="DatabaseAwayException">Any method may throw it.</exception>
public sealed class TerminalRows(NpgsqlDataSource database) : ISwipeKeyReader
{
    /// <summary>The newest version among the four levels from which terminal t of store s inherits its parameters; 0: there are none.</summary>
    internal const string ParametersVersion =
        """
        coalesce(greatest(
          (select max(p.version) from terminal_parameters p where p.store_id is null and p.chain is null and p.terminal_id is null),
          (select max(p.version) from terminal_parameters p where p.chain = s.chain),
          (select max(p.version) from terminal_parameters p where p.store_id = s.id),
          (select max(p.version) from terminal_parameters p where p.terminal_id = t.id)), 0)
        """;

    public Task<TerminalRow?> Find(string id) => Reach(async () =>
    {
        await using var command = database.CreateCommand(
            $"""
            select t.id, t.store_id, s.name, t.blocked or s.blocked or t.retired_at is not null or s.retired_at is not null,
                   t.master_key, t.key_set, t.pin_key, t.mac_key, t.next_key_set, t.next_pin_key, t.next_mac_key,
                   t.language, t.signed_on_at, {ParametersVersion}, t.asked
            from terminals t join stores s on s.id = t.store_id where t.id = $1
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        await using var row = await command.ExecuteReaderAsync();
        if (!await row.ReadAsync())
        {
            return null;
        }

        return new TerminalRow(
            row.GetString(0),
            row.GetString(1),
            row.GetString(2),
            row.GetBoolean(3),
            row.GetFieldValue<byte[]>(4),
            row.IsDBNull(6) ? null : new KeySet(row.GetInt32(5), row.GetFieldValue<byte[]>(6), row.GetFieldValue<byte[]>(7)),
            row.IsDBNull(8) ? null : new KeySet(row.GetInt32(8), row.GetFieldValue<byte[]>(9), row.GetFieldValue<byte[]>(10)),
            row.GetString(11),
            row.Nullable<DateTimeOffset>(12),
            row.GetInt32(13),
            (TerminalTasks)row.GetInt16(14));
    });

    /// <returns>The terminal's parameters, member by member from the nearest level that has one.</returns>
    public Task<string> Parameters(string id) => Reach(async () =>
    {
        await using var command = database.CreateCommand(
            """
            select (
              coalesce((select p.body from terminal_parameters p where p.store_id is null and p.chain is null and p.terminal_id is null order by p.version desc limit 1), '{}')
              || coalesce((select p.body from terminal_parameters p where p.chain = s.chain order by p.version desc limit 1), '{}')
              || coalesce((select p.body from terminal_parameters p where p.store_id = s.id order by p.version desc limit 1), '{}')
              || coalesce((select p.body from terminal_parameters p where p.terminal_id = t.id order by p.version desc limit 1), '{}'))::text
            from terminals t join stores s on s.id = t.store_id where t.id = $1
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        return (string)(await command.ExecuteScalarAsync())!;
    });

    /// <summary>The terminal has done a task: its commands are recorded as done.</summary>
    public Task RecordDone(string id, TerminalTasks task) => Reach(async () =>
    {
        await using var command = database.CreateCommand(
            """
            with done as (
              update action_targets set state = 'DONE', outcome = 'done by the terminal', changed_at = clock_timestamp()
              where terminal_id = $1 and state = 'ASKED' and kind = $3
            )
            update terminals set asked = asked & ~$2 where id = $1
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)task });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = CommandKinds.Text(CommandKinds.Giving(task)) });
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>Stores the next key set under a new number; it replaces a next key set that never became current.</summary>
    public Task<KeySet> PutNext(string id, byte[] pinKey, byte[] macKey, string language) => Reach(async () =>
    {
        await using var command = database.CreateCommand(
            """
            update terminals set next_key_set = greatest(key_set, coalesce(next_key_set, 0)) + 1, next_pin_key = $2, next_mac_key = $3,
                                 language = $4
            where id = $1 returning next_key_set
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = pinKey });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = macKey });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = language });
        return new KeySet((int)(await command.ExecuteScalarAsync())!, pinKey, macKey);
    });

    /// <summary>The next key set becomes the current one. False when it is no longer the next one.</summary>
    public Task<bool> Promote(string id, int keySet) => Reach(async () =>
    {
        await using var command = database.CreateCommand(
            """
            update terminals
            set key_set = next_key_set, pin_key = next_pin_key, mac_key = next_mac_key,
                next_key_set = null, next_pin_key = null, next_mac_key = null, signed_on_at = now()
            where id = $1 and next_key_set = $2
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = keySet });
        return await command.ExecuteNonQueryAsync() == 1;
    });

    /// <summary>Ends the session: the current key set is no longer valid.</summary>
    public Task SignOff(string id, int keySet) => Reach(async () =>
    {
        await using var command = database.CreateCommand("update terminals set pin_key = null, mac_key = null where id = $1 and key_set = $2");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = keySet });
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>The terminal's case was opened: blocks the terminal and ends its session.</summary>
    public Task BlockTampered(string id) => Reach(async () =>
    {
        await using var command = database.CreateCommand(
            """
            with blocked as (
              update terminals set blocked = true, tampered_at = clock_timestamp(),
                                   pin_key = null, mac_key = null, next_key_set = null, next_pin_key = null, next_mac_key = null
              where id = $1 and (not blocked or tampered_at is null) returning id
            )
            insert into audit_log (who, what, subject, detail) select 'by itself', 'terminal.block', id, 'its case was opened' from blocked
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>
    /// Closes the batch unless it is closed, with the terminal's totals and ours: the first close stands, whatever the totals of a
    /// later one. A batch of which neither side has a payment is not closed.
    /// </summary>
    /// <returns>Our totals at the close, and whether the terminal's are the same; null while a payment of the batch is not decided.</returns>
    public Task<(int Count, long Amount, bool Agrees)?> CloseBatch(string id, int batch, int count, long amount) => Reach<(int, long, bool)?>(async () =>
    {
        await using var command = database.CreateCommand(
            """
            with ours as (
              select count(*) filter (where state = 'APPROVED')::int as count, coalesce(sum(amount) filter (where state = 'APPROVED'), 0)::bigint as amount
              from attempts where terminal_id = $1 and batch = $2 having count(*) filter (where state = 'SENT') = 0
            ), closed as (
              insert into batches (terminal_id, batch, terminal_count, terminal_amount, count, amount)
              select $1, $2, $3, $4, count, amount from ours where (count, amount, $3, $4) <> (0, 0, 0, 0)
              on conflict (terminal_id, batch) do nothing
              returning count, amount, terminal_count, terminal_amount
            ), known as (
              select count, amount, terminal_count, terminal_amount from closed
              union all
              select count, amount, terminal_count, terminal_amount from batches where terminal_id = $1 and batch = $2
            )
            select count, amount, (terminal_count, terminal_amount) = (count, amount) from known
            union all
            select 0, 0, true from ours where (count, amount, $3, $4) = (0, 0, 0, 0) and not exists (select from known)
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = batch });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = count });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = amount });
        await using var row = await command.ExecuteReaderAsync();
        return await row.ReadAsync() ? (row.GetInt32(0), row.GetInt64(1), row.GetBoolean(2)) : null;
    });

    /// <returns>STAN and amount of the batch's approved payments, by STAN.</returns>
    public Task<IReadOnlyList<(int Stan, long Amount)>> ApprovedAfter(string id, int batch, int stan, int limit) => Reach<IReadOnlyList<(int, long)>>(async () =>
    {
        await using var command = database.CreateCommand(
            "select stan, amount from attempts where terminal_id = $1 and batch = $2 and stan > $3 and state = 'APPROVED' order by stan limit $4");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = batch });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = stan });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var rows = await command.ExecuteReaderAsync();
        var list = new List<(int, long)>();
        while (await rows.ReadAsync())
        {
            list.Add((rows.GetInt32(0), rows.GetInt64(1)));
        }

        return list;
    });

    /// <inheritdoc/>
    public Task<bool> HasKey(SwipeKey key) => Reach(async () =>
    {
        await using var command = database.CreateCommand("select exists (select from attempts where terminal_id = $1 and batch = $2 and stan = $3)");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key.Terminal });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = key.Batch });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = key.Stan });
        return (bool)(await command.ExecuteScalarAsync())!;
    });

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
