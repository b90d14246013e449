using Lakala.Storage.Postgres;
using Lakala.Testing;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>The table of all events becomes the first partition, while silos of the version before insert and read.</summary>
public sealed class EventMigrationTests(TestPostgres postgres) : IAsyncLifetime
{
    private const string Months = "0023_events_bound.sql";
    private const int Writers = 3, WrittenBefore = 1_000, WrittenAfter = 300;

    private NpgsqlDataSource _before = null!;
    private string _database = null!;
    private volatile bool _isOver;
    private int _written;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await postgres.CreateDatabase();
        await using (var maker = Database.OpenForCommits(_database))
        {
            await OldSchema.Make(maker, Months);
        }

        // A session reports its reads at its end: here one, of the empty table for its index.
        _before = Database.OpenForCommits(_database);
        await Eventually.Is(async () => await Reads(_before, "events") == 1, "the session has ended");
    }

    public async ValueTask DisposeAsync()
    {
        await _before.DisposeAsync();
        await postgres.DropDatabase(_database);
    }

    [Fact]
    public async Task Silos_of_the_version_before_insert_and_read_events_while_and_after_the_table_becomes_a_partition()
    {
        var writers = Enumerable.Range(0, Writers).Select(writer => Write("shop" + writer)).ToArray();
        await Written(WrittenBefore);
        await using var books = await Books.Over(_database);
        var partition = "events_" + await books.Scalar<int>("select month_of_ledger(now()) + 1");
        await books.Until("select not exists (select from pg_stat_activity where datname = current_database() and application_name = 'lakala-migration')");
        (await Reads(books.Database, partition)).Should().Be(2, "its bound is checked without its lock, and it is not read again");
        await Written(WrittenAfter);
        _isOver = true;
        await Task.WhenAll(writers);

        (await books.Scalar<long>($"select count(*) from events where tableoid = '{partition}'::regclass")).Should().Be(_written);
        (await books.Scalar<long>("select count(*) from deliveries d join events e on e.merchant_id = d.merchant_id and e.id = d.event_id")).Should().Be(_written);
        (await books.Scalar<string[]>($"select array(select indexrelid::regclass::text from pg_index where indrelid = '{partition}'::regclass)")).Should().Equal(partition + "_pkey");
        (await books.Scalar<string[]>($"select array(select conname::text from pg_constraint where conrelid = '{partition}'::regclass)")).Should().Equal(partition + "_pkey");
    }

    private static async Task<long> Reads(NpgsqlDataSource database, string table)
    {
        await using var command = database.CreateCommand($"select seq_scan from pg_stat_user_tables where relname = '{table}'");
        return (long)(await command.ExecuteScalarAsync(Stop))!;
    }

    // Statements of the version before, prepared once, in a session of its own.
    private async Task Write(string merchant)
    {
        await using var connection = await _before.OpenConnectionAsync(Stop);
        await using var insert = await Prepare(
            """
            with evented as (
              insert into events (merchant_id, id, type, bill, created_at, data) values ($1, $2, 'bill.paid', 1, now(), '{}')
            )
            insert into deliveries (event_id, receiver, merchant_id, due_at) values ($2, 'we_1', $1, now())
            """);
        await using var latest = await Prepare(
            "with page as (select id, type, created_at, data from events where merchant_id = $1 and id <= $2 order by id desc limit 1) select id from page");
        await using var claimed = await Prepare(
            "select e.id from (select * from deliveries where event_id = $2) c join events e on e.merchant_id = c.merchant_id and e.id = c.event_id where c.merchant_id = $1");
        while (!_isOver)
        {
            var id = Guid.CreateVersion7();
            insert.Parameters[1].Value = latest.Parameters[1].Value = claimed.Parameters[1].Value = id;
            (await insert.ExecuteNonQueryAsync(Stop)).Should().Be(1);
            (await latest.ExecuteScalarAsync(Stop)).Should().Be(id);
            (await claimed.ExecuteScalarAsync(Stop)).Should().Be(id);
            Interlocked.Increment(ref _written);
        }

        async Task<NpgsqlCommand> Prepare(string sql)
        {
            var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = merchant }, new() { Value = Guid.Empty } } };
            await command.PrepareAsync(Stop);
            return command;
        }
    }

    private Task Written(int more)
    {
        var goal = Volatile.Read(ref _written) + more;
        return Eventually.Is(() => Task.FromResult(Volatile.Read(ref _written) >= goal), $"{more} more events");
    }
}
