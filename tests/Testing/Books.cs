using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Rules.Trades;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Ledger;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lakala.Testing;

/// <summary>A separate database for a test class, migrated, with a merchant and a store, on the run's PostgreSQL.</summary>
public sealed class Books(TestPostgres? postgres) : IAsyncLifetime
{
    public const string Merchant = "shop";
    public const string Store = "STORE0000000001";

    /// <summary>The authorisation code of each approval of the bank.</summary>
    public const string ApprovalCode = "A00001";

    public static readonly Rates Rates = new(60, 20);

    // A test that puts hundreds of bills at once must not open as many connections at the same moment.
    private readonly SemaphoreSlim _putting = new(8);

    private long _number;

    public NpgsqlDataSource Database { get; private set; } = null!;

    public NpgsqlDataSource Connections { get; private set; } = null!;

    public Commits Commits { get; private set; } = null!;

    public RrnBlocks Rrns { get; private set; } = null!;

    public BillRows Bills { get; private set; } = null!;

    public AttemptRows Attempts { get; private set; } = null!;

    public ReversalRows Reversals { get; private set; } = null!;

    public string ConnectionString { get; private set; } = "";

    /// <summary>Books in a database that another owner makes and drops.</summary>
    public static async Task<Books> Over(string connectionString)
    {
        var books = new Books(null);
        await books.Open(connectionString);
        return books;
    }

    public async ValueTask InitializeAsync() => await Open(await postgres!.CreateDatabase());

    private async Task Open(string connectionString)
    {
        ConnectionString = connectionString;
        Database = Storage.Postgres.Database.Open(ConnectionString);
        await Storage.Postgres.Database.Migrate(Database, ConnectionString);
        Connections = Storage.Postgres.Database.OpenForCommits(ConnectionString);
        Commits = new Commits(Connections, Options.Create(new SwipeOptions()), NullLogger<Commits>.Instance);
        Rrns = new RrnBlocks(Database, TimeProvider.System);
        Bills = new BillRows(Database);
        Attempts = new AttemptRows(Database);
        Reversals = new ReversalRows(Database);
        await Execute(
            $"""
            insert into merchants (id, name, fee_basis_points) values ('{Merchant}', 'Test Shop', {Rates.FeeBasisPoints}) on conflict do nothing;
            insert into stores (id, name, commission_percent) values ('{Store}', 'Test Store', {Rates.CommissionPercent}) on conflict do nothing;
            insert into webhook_endpoints (id, merchant_id, url, secret) values ('we_1', '{Merchant}', 'https://shop.test/hook', '\x00');
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await Commits.DisposeAsync();
        Rrns.Dispose();
        await Connections.DisposeAsync();
        await Database.DisposeAsync();
        _putting.Dispose();
        if (postgres is not null)
        {
            await postgres.DropDatabase(ConnectionString);
        }
    }

    public async Task<long> PutBill(
        long amount = 1000,
        BillState state = BillState.Open,
        TimeSpan? expiresIn = null,
        TimeSpan? heldFor = null,
        string? order = null,
        EscrowTerms? escrow = null,
        FeeOnRefund fee = FeeOnRefund.Returned)
    {
        var number = BillNumber.FromRandom(Interlocked.Increment(ref _number)).Value;
        await using var command = Database.CreateCommand(
            """
            insert into bills (number, merchant_id, order_id, amount, currency, description, state, expires_at, held_until, page_token,
                               created_at, paid_rrn, live, delivery, ship_within, confirm_within, is_fee_kept)
            values ($1, $2, $3, $4, 'CNY', 'A thing', $5, clock_timestamp() + $6, clock_timestamp() + $7, $3, clock_timestamp(),
                    case when $5 = 'PAID' then 0 end, $5 in ('OPEN', 'PAYING', 'PAID'), $8, $9, $10, $11)
            """);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Merchant });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = order ?? $"order-{number}" });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = amount });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = StateNames.Format(state) });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = expiresIn ?? TimeSpan.FromHours(1) });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)heldFor ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Interval });
        command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = escrow is null ? null : StateNames.Format(escrow.Delivery) });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan?> { TypedValue = escrow?.ShipWithin });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan?> { TypedValue = escrow?.ConfirmWithin });
        command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = fee == FeeOnRefund.Kept });
        await _putting.WaitAsync();
        try
        {
            await command.ExecuteNonQueryAsync();
        }
        finally
        {
            _putting.Release();
        }

        return number;
    }

    public async Task<StartAttempt> NewAttempt(long bill, int stan, long amount = 1000, string terminal = "T0000001") => new(
        Guid.NewGuid(), new SwipeKey(terminal, 1, stan), await Rrns.Next(), bill, new Money(amount, Money.Cny), "621700******0001", Store);

    /// <param name="escrow">The terms of the bill, if it is an escrow bill.</param>
    public static FinishAttempt Finish(StartAttempt start, AttemptState to, DateTimeOffset at, EscrowTerms? escrow = null)
    {
        var move = to == AttemptState.Approved
            ? new AttemptMove(to, "00", null, Books.ApprovalCode)
            : new AttemptMove(to, "05", Refusal.DeclinedByBank, null);
        var paid = to == AttemptState.Approved
            ? new PaidFacts(
                Guid.CreateVersion7(at),
                Merchant,
                "{}",
                [],
                escrow is null ? PaymentEntry.Make(start.Rrn, start.Amount, Rates, Merchant, Store) : PaymentEntry.MakeHeld(start.Rrn, start.Amount, Merchant),
                escrow is null ? null : Trade.Begin(escrow, start.Amount.Minor, at))
            : null;
        return new FinishAttempt(start.Key, start.Id, start.Bill, move, at, paid);
    }

    public async Task<T> Scalar<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync() ?? throw new InvalidOperationException($"Nothing came of: {sql}"));
    }

    public async Task<AttemptState?> StateUnder(SwipeKey key) =>
        await Find<string>($"select state from attempts where terminal_id = '{key.Terminal}' and batch = {key.Batch} and stan = {key.Stan}") is { } name
            ? StateNames.ParseAttempt(name)
            : null;

    public async Task<BillState> StateOf(long bill) => (await Commits.ReadBills.Submit(bill)).Row!.Bill.State;

    /// <summary>Checks what must always hold: paid bills and approved attempts match, one by one and in total.</summary>
    public async Task ShouldBalance()
    {
        (await new BookRows(Database).Read(CancellationToken.None)).Faults.Should().Be(new BookFaults(0, 0, 0, 0));
        (await Scalar<decimal>("select coalesce(sum(amount), 0) from postings")).Should().Be(0);
        (await Scalar<long>("select count(*) from (select from attempts where state = 'APPROVED' group by bill having count(*) > 1) twice")).Should().Be(0);
        (await Scalar<long>("select count(*) from bills b where (state = 'PAYING') <> exists (select from attempts a where a.bill = b.number and a.state = 'SENT')"))
            .Should().Be(0);
    }

    /// <summary>What an account has in its balance; 0 when it has none.</summary>
    public Task<long> BalanceOf(string account) =>
        Scalar<long>($"select coalesce((select b.amount from balances b join accounts a on a.id = b.account where a.name = '{account}'), 0)");

    /// <summary>Returns as soon as this number of statements of these books wait for a lock.</summary>
    public Task SomebodyWaits(int statements = 1) =>
        Until($"select count(*) >= {statements} from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");

    /// <summary>Locks the bill's row: writers wait until the lock is released.</summary>
    public async Task<IAsyncDisposable> Lock(long bill)
    {
        var connection = await Database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand($"begin; select 1 from bills where number = {bill} for no key update", connection);
        await command.ExecuteNonQueryAsync();

        // The return of a connection to the pool ends its transaction.
        return connection;
    }

    /// <summary>Returns as soon as the query returns true. PostgreSQL gives no signal, so it is asked repeatedly.</summary>
    /// <param name="between">The action between two queries.</param>
    public async Task Until(string question, Action? between = null)
    {
        using var bound = new CancellationTokenSource(HangGuard.Bound);
        while (!await Scalar<bool>(question))
        {
            between?.Invoke();
            bound.Token.ThrowIfCancellationRequested();
        }
    }

    /// <returns>Null when there is no row.</returns>
    public async Task<T?> Find<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (T?)await command.ExecuteScalarAsync();
    }

    public async Task Execute(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
