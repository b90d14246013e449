using System.Collections.Concurrent;
using Lakala.Local;
using Lakala.Model.Tests;
using Lakala.Rules.Ledger;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

[assembly: AssemblyFixture(typeof(ModelPostgres))]

namespace Lakala.Model.Tests;

/// <summary>The run's PostgreSQL: the configured one, or a private cluster that ends with the run. Started when it is first used.</summary>
public sealed class ModelPostgres : IAsyncDisposable
{
    // Several classes of tests use it at once.
    private readonly Lazy<Task<(StateFolder State, PostgresServer Server)>> _opened = new(Start);

    public async Task<PostgresServer> Open() => (await _opened.Value).Server;

    public async ValueTask DisposeAsync()
    {
        if (_opened.IsValueCreated)
        {
            var (state, server) = await _opened.Value;
            await server.DisposeAsync();
            state.Dispose();
        }
    }

    // The times of commits show the auditor what came first.
    private static async Task<(StateFolder State, PostgresServer Server)> Start()
    {
        var state = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "test", "model"));
        var server = await PostgresServer.Open(state);
        await (server.Cluster?.KeepCommitTimes() ?? Task.CompletedTask);
        return (state, server);
    }
}

/// <summary>Databases for sequences that run side by side: each waits most of its time for commits.</summary>
public sealed class ContractDatabases(ModelPostgres postgres) : IAsyncLifetime
{
    public const int Count = 4;

    private readonly ConcurrentBag<RealBooks> _free = [];

    public async ValueTask InitializeAsync()
    {
        await postgres.Open();
        await Task.WhenAll(Enumerable.Range(0, Count).Select(async _ =>
        {
            var real = new RealBooks(postgres);
            await real.InitializeAsync();
            _free.Add(real);
        }));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var real in _free)
        {
            await real.DisposeAsync();
        }
    }

    /// <summary>Gives the user a database that nobody else uses meanwhile. There are as many users at once as databases, and no more.</summary>
    public async Task Use(Func<RealBooks, Task> user)
    {
        if (!_free.TryTake(out var real))
        {
            throw new InvalidOperationException("More use the databases than there are.");
        }

        try
        {
            await user(real);
        }
        finally
        {
            _free.Add(real);
        }
    }
}

/// <summary>
/// The statements themselves on a real database. One item goes through the writer, several as one statement. Time passes
/// by moving all stored times back.
/// </summary>
public sealed class RealBooks(ModelPostgres postgres) : IAsyncLifetime
{
    public const string Merchant = "shop";
    public const string Store = ModelTerminal.Store;
    public const string Description = "A thing";
    public static readonly Rates Rates = new(60, 20);
    public static readonly string[] Endpoints = ["we_1", "we_2"];

    /// <summary>Long, and an odd number of minutes: see <see cref="ContractTests"/>.</summary>
    public static readonly TimeSpan CommitDeadline = TimeSpan.FromMinutes(15);

    private const int MaxRounds = 16;

    private string _connectionString = "";
    private NpgsqlDataSource _commits = null!;

    // Statements over several items are planned once, as the writers do it.
    private readonly Dictionary<string, IAsyncDisposable> _prepared = [];
    private NpgsqlConnection _batches = null!;

    public NpgsqlDataSource Database { get; private set; } = null!;

    public Commits Commits { get; private set; } = null!;

    public RrnBlocks Rrns { get; private set; } = null!;

    public BillRows Bills { get; private set; } = null!;

    public AttemptRows Attempts { get; private set; } = null!;

    public ReversalRows Reversals { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _connectionString = await (await postgres.Open()).CreateDatabase("test_" + Guid.NewGuid().ToString("N"));
        Database = Storage.Postgres.Database.Open(_connectionString);
        await Storage.Postgres.Database.Migrate(Database, _connectionString);
        _commits = Storage.Postgres.Database.OpenForCommits(_connectionString);
        _batches = await _commits.OpenConnectionAsync();
        Commits = new Commits(_commits, Options.Create(new SwipeOptions { CommitDeadline = CommitDeadline }), NullLogger<Commits>.Instance);
        Rrns = new RrnBlocks(Database, TimeProvider.System);
        Bills = new BillRows(Database);
        Attempts = new AttemptRows(Database);
        Reversals = new ReversalRows(Database);
        await Execute(
            $"""
            insert into merchants (id, name, fee_basis_points) values ('{Merchant}', 'Test Shop', {Rates.FeeBasisPoints});
            insert into stores (id, name, commission_percent) values ('{Store}', 'Test Store', {Rates.CommissionPercent});
            insert into webhook_endpoints (id, merchant_id, url, secret)
            select id, '{Merchant}', 'https://shop.test/hook', '\x00' from unnest(array['{string.Join("','", Endpoints)}']) as e(id);
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await Commits.DisposeAsync();
        foreach (var command in _prepared.Values)
        {
            await command.DisposeAsync();
        }

        await _batches.DisposeAsync();
        Rrns.Dispose();
        await _commits.DisposeAsync();
        await Database.DisposeAsync();
        await (await postgres.Open()).DropDatabase(new NpgsqlConnectionStringBuilder(_connectionString).Database!);
    }

    public Task Empty() => Execute(
        "delete from deliveries; delete from events; delete from entries; delete from reversals; delete from late_answers; delete from attempts; delete from bills");

    /// <summary>Bills of <see cref="Merchant"/>, all of them open.</summary>
    public async Task Put(IReadOnlyList<BillRow> bills)
    {
        await using var command = Database.CreateCommand(
            $"""
            insert into bills (number, merchant_id, order_id, amount, currency, description, state, expires_at, page_token, created_at)
            select number, '{Merchant}', order_id, amount, 'CNY', '{Description}', 'OPEN', expires_at, '', created_at
            from unnest($1::bigint[], $2::text[], $3::bigint[], $4::timestamptz[], $5::timestamptz[]) as b(number, order_id, amount, expires_at, created_at)
            """);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. bills.Select(bill => bill.Number)] });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. bills.Select(bill => bill.OrderId)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. bills.Select(bill => bill.Bill.Amount.Minor)] });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset[]> { TypedValue = [.. bills.Select(bill => bill.Bill.ExpiresAt)] });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset[]> { TypedValue = [.. bills.Select(bill => bill.CreatedAt)] });
        await command.ExecuteNonQueryAsync();
    }

    public Task Pass(TimeSpan time) => Execute(
        $"""
        update bills set expires_at = expires_at - t, held_until = held_until - t, closed_at = closed_at - t from (values ({Interval(time)})) as p(t);
        update attempts set started_at = started_at - t, deadline = deadline - t, settled_at = settled_at - t from (values ({Interval(time)})) as p(t);
        update reversals set started_at = started_at - t, due_at = due_at - t from (values ({Interval(time)})) as p(t);
        """);

    /// <summary>Runs one item through the writer, several as one statement, and repeats the undecided ones.</summary>
    /// <returns>The outcomes; null where nothing was decided.</returns>
    public async Task<IReadOnlyList<TOutcome?>> Commit<TItem, TOutcome>(
        GroupCommit<TItem, TOutcome> writer, BatchStatement<TItem, TOutcome> statement, IReadOnlyList<TItem> items)
        where TOutcome : class
    {
        if (items.Count == 1)
        {
            try
            {
                return [await writer.Submit(items[0])];
            }
            catch (CommitUnknownException)
            {
                return [null];
            }
        }

        var outcomes = new TOutcome?[items.Count];
        var waiting = Enumerable.Range(0, items.Count).ToList();
        var command = await Prepare(statement);
        for (var round = 0; round < MaxRounds && waiting.Count > 0; round++)
        {
            var batch = waiting.Select(place => items[place]).ToArray();
            await command.Statement.Prepare(_batches, batch);
            var decided = await command.Run(batch);
            for (var i = 0; i < decided.Length; i++)
            {
                outcomes[waiting[i]] = decided[i];
            }

            waiting.RemoveAll(place => outcomes[place] is not null);
        }

        return outcomes;
    }

    /// <summary>Every row of the books, moments in minutes since <paramref name="origin"/>.</summary>
    public async Task<IReadOnlyList<string>> Rows(DateTimeOffset origin)
    {
        // Moments are compared to the minute: the clocks of the two sides are not the same to the second.
        string Minute(string column) => $"coalesce(round(extract(epoch from {column} - $1) / 60)::text, '-')";
        await using var command = Database.CreateCommand(
            $"""
            select concat_ws(' ', 'bill', number, state, {Minute("expires_at")}, {Minute("held_until")}, holds, coalesce(paid_rrn::text, '-'), {Minute("closed_at")}, live, watched) from bills
            union all
            select concat_ws(' ', 'attempt', terminal_id, batch, stan, id, state, coalesce(bill::text, '-'), coalesce(amount::text, '-'), coalesce(masked_pan, '-'),
              coalesce(store_id, '-'), coalesce(rrn::text, '-'), coalesce(fee_basis_points::text, '-'), coalesce(commission_percent::text, '-'), {Minute("started_at")},
              {Minute("deadline")}, {Minute("settled_at")}, coalesce(response_code, '-'), coalesce(reason::text, '-'), coalesce(authorisation_code, '-')) from attempts
            union all
            select concat_ws(' ', 'posting', rrn, line, account, amount, currency) from postings
            union all
            select concat_ws(' ', 'reversal', rrn, terminal_id, stan, store_id, amount, currency, {Minute("started_at")}, tries, {Minute("due_at")},
              acknowledged_at is not null) from reversals
            union all
            select concat_ws(' ', 'event', id, merchant_id, type, bill, data) from events
            union all
            select concat_ws(' ', 'delivery', event_id, receiver, merchant_id) from deliveries
            union all
            select concat_ws(' ', 'late', rrn, response_code, coalesce(authorisation_code, '-'), judged) from late_answers
            """);
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = origin });
        await using var rows = await command.ExecuteReaderAsync();
        var all = new List<string>();
        while (await rows.ReadAsync())
        {
            all.Add(rows.GetString(0));
        }

        all.Sort(string.CompareOrdinal);
        return all;
    }

    private async Task<BatchCommand<TItem, TOutcome>> Prepare<TItem, TOutcome>(BatchStatement<TItem, TOutcome> statement)
        where TOutcome : class
    {
        if (_prepared.TryGetValue(statement.Name, out var known))
        {
            return (BatchCommand<TItem, TOutcome>)known;
        }

        var command = new BatchCommand<TItem, TOutcome>(statement, _batches);
        await command.Prepare();
        _prepared[statement.Name] = command;
        return command;
    }

    private static string Interval(TimeSpan time) => $"interval '{(int)time.TotalSeconds} seconds'";

    private async Task Execute(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
