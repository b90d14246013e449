using Lakala.Bills;
using Lakala.Grains.Bills;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lakala.Grains.Storage;

/// <summary>How long the steps of a swipe may take. They are checked against each other at start-up.</summary>
public sealed class SwipeOptions
{
    /// <summary>How long the bank may take to answer.</summary>
    public TimeSpan BankTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>From C1: past this, by the database's clock, no approval is committed any more.</summary>
    public TimeSpan CommitDeadline { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>From C1: past this the sweeper reverses what is still SENT.</summary>
    public TimeSpan SweepAfter { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>What the terminals are told to wait; here only to be checked against the others.</summary>
    public TimeSpan TerminalTimeout { get; set; } = TimeSpan.FromSeconds(30);

    public sealed class Validator : IValidateOptions<SwipeOptions>
    {
        public ValidateOptionsResult Validate(string? name, SwipeOptions options) =>
            TimeSpan.Zero < options.BankTimeout && options.BankTimeout < options.CommitDeadline
            && options.CommitDeadline < options.SweepAfter && options.SweepAfter < options.TerminalTimeout
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail(
                    "Swipe: BankTimeout < CommitDeadline < SweepAfter < TerminalTimeout must hold, "
                    + $"but they are {options.BankTimeout}, {options.CommitDeadline}, {options.SweepAfter}, {options.TerminalTimeout}.");
    }
}

/// <summary>Bills and attempts in PostgreSQL: one group-commit writer for each kind of statement.</summary>
public sealed class BillStore : IAsyncDisposable
{
    internal const string BillFrom = "bills b join merchants m on m.id = b.merchant_id left join attempts p on p.rrn = b.paid_rrn";

    internal const string BillColumns =
        """
        b.number, b.merchant_id, m.name as merchant_name, b.order_id, b.description, b.state, b.amount, b.currency, b.expires_at, b.held_until,
        b.holds, b.page_token, b.shopper_name, b.shopper_email, b.shopper_phone, b.shopper_language, b.metadata, b.created_at, b.closed_at,
        p.settled_at as paid_at, p.rrn as payment_rrn, p.authorisation_code as paid_code, p.masked_pan as paid_card,
        p.store_id as paid_store, p.terminal_id as paid_terminal
        """;

    internal const int BillColumnCount = 25;

    internal static readonly string NoBillColumns = string.Join(", ", Enumerable.Repeat("null", BillColumnCount));

    private readonly NpgsqlDataSource _database;

    public BillStore(NpgsqlDataSource database, CommitConnections commits, IOptions<SwipeOptions> options, ILogger<BillStore> log)
    {
        _database = database;
        Started = new(new StartAttempts(options.Value.CommitDeadline), commits.Database, log);
        Finished = new(new FinishAttempts(), commits.Database, log);
        KeysClosed = new(new CloseKeys(), commits.Database, log);
        Read = new(new ReadBills(), commits.Database, log);
        Held = new(new HoldBills(), commits.Database, log);
        Closed = new(new CloseBills(), commits.Database, log);
        Reminded = new(new RemindShoppers(), commits.Database, log);
        Tried = new(new TryCommits(), commits.Database, log);
        Rrns = new RrnBlocks(database);
    }

    /// <summary>C1.</summary>
    public GroupCommit<StartAttempt, StartOutcome> Started { get; }

    /// <summary>C2 and the other ways out of SENT.</summary>
    public GroupCommit<FinishAttempt, FinishOutcome> Finished { get; }

    public GroupCommit<CloseKey, AttemptRow> KeysClosed { get; }

    public GroupCommit<long, BillSeen> Read { get; }

    public GroupCommit<long, BillSeen> Held { get; }

    public GroupCommit<CloseBill, CloseOutcome> Closed { get; }

    public GroupCommit<RemindShopper, ReminderOutcome> Reminded { get; }

    /// <summary>Commits as a swipe does, and changes nothing.</summary>
    public GroupCommit<TryCommit, CommitTried> Tried { get; }

    public RrnBlocks Rrns { get; }

    /// <summary>
    /// Attempts that are SENT past the sweeper's time, oldest first. Those that another session is just moving are passed over.
    /// </summary>
    public async Task<IReadOnlyList<AttemptRow>> Overdue(TimeSpan pastDeadline, int limit, CancellationToken stop)
    {
        await using var command = _database.CreateCommand(
            $"""
            select {AttemptRow.Columns} from {AttemptRow.From}
            where a.state = 'SENT' and a.deadline + $1 < clock_timestamp() order by a.deadline limit $2
            for no key update of a skip locked
            """);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = pastDeadline });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var rows = await command.ExecuteReaderAsync(stop);
        var overdue = new List<AttemptRow>();
        while (await rows.ReadAsync(stop))
        {
            overdue.Add(AttemptRow.Read(rows, 0)!);
        }

        return overdue;
    }

    /// <summary>Open bills past their time that no counter holds. What is closed and past its time is not looked at again.</summary>
    /// <remarks>Here and wherever rows are sought by their time it is the statement's clock: a clock that moves while the statement
    /// runs cannot bound an index scan, and every bill that is not due would be read too.</remarks>
    public Task<IReadOnlyList<long>> Expiring(int limit, CancellationToken stop) => Due(
        """
        with due as (
          select number, state from bills
          where watched and expires_at <= statement_timestamp() and state <> 'PAYING' and (held_until is null or held_until <= clock_timestamp())
          order by expires_at limit $1 for no key update skip locked
        ), seen as (
          update bills b set watched = false from due where b.number = due.number and due.state <> 'OPEN'
        )
        select number from due where state = 'OPEN'
        """,
        limit,
        stop);

    /// <summary>Open bills whose shoppers are to be reminded now. What is over by now is not looked at again.</summary>
    public Task<IReadOnlyList<long>> Reminding(int limit, CancellationToken stop) => Due(
        """
        with due as (
          select number, state = 'OPEN' and expires_at > clock_timestamp() as is_open from bills
          where remind_at <= statement_timestamp() and state <> 'PAYING' and (held_until is null or held_until <= clock_timestamp())
          order by remind_at limit $1 for no key update skip locked
        ), over as (
          update bills b set remind_at = null from due where b.number = due.number and not due.is_open
        )
        select number from due where is_open
        """,
        limit,
        stop);

    private async Task<IReadOnlyList<long>> Due(string sql, int limit, CancellationToken stop)
    {
        await using var command = _database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var rows = await command.ExecuteReaderAsync(stop);
        var due = new List<long>();
        while (await rows.ReadAsync(stop))
        {
            due.Add(rows.GetInt64(0));
        }

        return due;
    }

    /// <summary>The attempt of an RRN, for an answer that came late.</summary>
    public async Task<AttemptRow?> FindByRrn(long rrn, CancellationToken stop)
    {
        await using var command = _database.CreateCommand($"select {AttemptRow.Columns} from {AttemptRow.From} where a.rrn = $1");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = rrn });
        await using var rows = await command.ExecuteReaderAsync(stop);
        return await rows.ReadAsync(stop) ? AttemptRow.Read(rows, 0) : null;
    }

    public async ValueTask DisposeAsync()
    {
        await Started.DisposeAsync();
        await Finished.DisposeAsync();
        await KeysClosed.DisposeAsync();
        await Held.DisposeAsync();
        await Closed.DisposeAsync();
        await Reminded.DisposeAsync();
        await Tried.DisposeAsync();
        await Read.DisposeAsync();
        Rrns.Dispose();
    }

    /// <returns>Null when the outer join found no bill.</returns>
    internal static BillRow? ReadBill(NpgsqlDataReader row, int at)
    {
        if (row.IsDBNull(at))
        {
            return null;
        }

        var bill = new Bill(
            StateNames.ToBill(row.GetString(at + 5)),
            new Money(row.GetInt64(at + 6), row.GetString(at + 7)),
            row.GetFieldValue<DateTimeOffset>(at + 8),
            row.Nullable<DateTimeOffset>(at + 9),
            row.GetInt16(at + 10));
        var payment = row.IsDBNull(at + 19)
            ? null
            : new Payment(
                row.GetFieldValue<DateTimeOffset>(at + 19),
                RrnBlocks.Text(row.GetInt64(at + 20)),
                row.GetString(at + 21),
                row.GetString(at + 22),
                row.GetString(at + 23),
                row.GetString(at + 24));
        return new BillRow(
            row.GetInt64(at),
            row.GetString(at + 1),
            row.GetString(at + 2),
            row.GetString(at + 3),
            row.GetString(at + 4),
            bill,
            row.GetString(at + 11),
            row.Text(at + 12),
            row.Text(at + 13),
            row.Text(at + 14),
            row.Text(at + 15),
            row.Text(at + 16),
            row.GetFieldValue<DateTimeOffset>(at + 17),
            payment,
            row.Nullable<DateTimeOffset>(at + 18));
    }
}

/// <summary>The data source of the writers, apart from the one that everybody else reads with.</summary>
public sealed class CommitConnections(NpgsqlDataSource database) : IAsyncDisposable
{
    public NpgsqlDataSource Database { get; } = database;

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}

/// <summary>
/// Retrieval reference numbers (field 37): twelve digits, never repeated. A silo takes a block of the database's sequence
/// at a time; what is left of a block when it stops is never used.
/// </summary>
public sealed class RrnBlocks(NpgsqlDataSource database) : IDisposable
{
    private const int BlockSize = 10_000;

    private readonly SemaphoreSlim _refill = new(1);
    private Block _block = new(0, 0);

    public static string Text(long rrn) => rrn.ToString("D12", null);

    public ValueTask<long> Next() => _block.TryTake(out var rrn) ? new(rrn) : new(Refill());

    public void Dispose() => _refill.Dispose();

    private async Task<long> Refill()
    {
        await _refill.WaitAsync();
        try
        {
            long rrn;
            while (!_block.TryTake(out rrn))
            {
                await using var command = database.CreateCommand("select nextval('rrn_blocks')");
                var first = (long)(await command.ExecuteScalarAsync())! * BlockSize;
                _block = new Block(first, first + BlockSize);
            }

            return rrn;
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            throw new DatabaseAwayException("No retrieval reference number: the database cannot be reached.", fault);
        }
        finally
        {
            _refill.Release();
        }
    }

    private sealed class Block(long next, long end)
    {
        private long _next = next - 1;

        public bool TryTake(out long rrn)
        {
            rrn = Interlocked.Increment(ref _next);
            return rrn < end;
        }
    }
}
