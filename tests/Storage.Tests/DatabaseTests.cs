using Lakala.Rules.Attempts;
using Lakala.Storage.Merchants;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>The connections to the database: migrations beside traffic, poolers, and the log of failed commits.</summary>
public sealed class DatabaseTests(Books books) : IClassFixture<Books>
{
    private static readonly TimeSpan Patience = HangGuard.Bound;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_migration_that_must_wait_lets_swipes_pass_and_names_who_blocks_it()
    {
        await books.Execute("alter table attempts drop column trace_id; delete from schemaversions where scriptname like '%0011_traces%'");
        await using var report = NpgsqlDataSource.Create(books.ConnectionString + ";Application Name=a long report;Pooling=false");
        await using var blocker = await report.OpenConnectionAsync(Stop);
        await using var transaction = await blocker.BeginTransactionAsync(Stop);
        await using (var read = new NpgsqlCommand("select count(*) from attempts", blocker, transaction))
        {
            await read.ExecuteNonQueryAsync(Stop);
        }

        var log = new TestLog();
        var migration = Database.Migrate(books.Database, books.ConnectionString, log);
        var told = await log.Next.WaitAsync(Patience, Stop);

        (await books.Scalar<long>("select count(*) from attempts")).Should().BeGreaterThanOrEqualTo(0, "nobody stands behind it for longer than a moment");
        told.Should().Contain("0011_traces").And.Contain($"process {blocker.ProcessID} (a long report, idle in transaction, its transaction is 00:00:0")
            .And.NotContain("count(*)");
        migration.IsCompleted.Should().BeFalse("it tries again");
        await transaction.CommitAsync(Stop);
        await migration.WaitAsync(Patience, Stop);
        (await books.Scalar<long>("select count(*) from information_schema.columns where table_name = 'attempts' and column_name = 'trace_id'")).Should().Be(1);
    }

    [Fact]
    public async Task A_pooler_that_deals_out_sessions_by_the_transaction_is_refused_in_words()
    {
        await using var pooler = await PgBouncer.Start(books.ConnectionString, "transaction", Stop);
        await using var database = Database.Open(pooler.ConnectionString);

        await FluentActions.Awaiting(() => Database.Migrate(database, pooler.ConnectionString))
            .Should().ThrowAsync<InvalidOperationException>().WithMessage("*pool_mode = session*");
    }

    [Fact]
    public async Task A_pooler_in_session_mode_carries_swipes_with_the_settings_of_the_commit_path()
    {
        await using var pooler = await PgBouncer.Start(books.ConnectionString, "session", Stop);
        await using var database = Database.Open(pooler.ConnectionString);
        await using var connections = Database.OpenForCommits(pooler.ConnectionString);
        await using var commits = NewCommits(connections);

        await Database.Migrate(database, pooler.ConnectionString);
        var start = await books.NewAttempt(await books.PutBill(), 71);
        (await commits.StartAttempts.Submit(start)).Should().BeOfType<StartOutcome.Started>();
        (await commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow()))).Moved.Should().BeTrue();
        await commits.TryCommits.Submit(new TryCommit());
        await using var connection = await connections.OpenConnectionAsync(Stop);
        await connection.CloseAsync();
        await connection.OpenAsync(Stop);
        await using var setting = new NpgsqlCommand("select current_setting('enable_seqscan') || current_setting('plan_cache_mode')", connection);
        (await setting.ExecuteScalarAsync(Stop)).Should().Be("offforce_generic_plan");
    }

    [Fact]
    public async Task Why_commits_fail_is_told_in_the_log_and_not_for_every_swipe()
    {
        var (log, time) = (new TestLog(), new FakeTimeProvider());
        await using var nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=x;Database=x");
        await using var writer = new GroupCommit<TryCommit, CommitTried>(new TryCommits(), nowhere, log, time);

        for (var i = 0; i < 3; i++)
        {
            await FluentActions.Awaiting(() => writer.Submit(new TryCommit())).Should().ThrowAsync<DatabaseAwayException>();
        }

        log.Lines.Should().ContainSingle().Which.Should().StartWith("try_commits: the database cannot be reached: Connection refused.");
        time.Advance(TimeSpan.FromSeconds(10));
        await FluentActions.Awaiting(() => writer.Submit(new TryCommit())).Should().ThrowAsync<DatabaseAwayException>();
        log.Lines.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_key_is_looked_up_once_more_when_the_connections_that_lay_idle_turn_out_to_be_dead()
    {
        await using var line = new TestLine(books.ConnectionString);
        await using var database = Database.Open(line.ConnectionString);
        var keys = new ApiKeyRows(database);
        var key = await new MerchantRows(database).Provision(new Merchant("other", "Other Shop"), 60);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => keys.Authenticate(key, Stop)));

        line.Close();
        line.Open();

        (await keys.Authenticate(key, Stop))!.Merchant.Id.Should().Be("other");
        (await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => keys.Authenticate(key, Stop)))).Should().OnlyContain(holder => holder!.Merchant.Id == "other");
    }

    [Fact]
    public async Task Trying_a_commit_changes_nothing()
    {
        var before = await books.Scalar<string>(Counts);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => books.Commits.TryCommits.Submit(new TryCommit())));

        (await books.Scalar<string>(Counts)).Should().Be(before);
    }

    private const string Counts =
        """
        select concat_ws(' ', (select count(*) from bills), (select count(*) from attempts), (select count(*) from postings),
          (select count(*) from events), (select count(*) from deliveries), (select count(*) from reversals))
        """;

    private static Commits NewCommits(NpgsqlDataSource connections) =>
        new(connections, Options.Create(new SwipeOptions()), NullLogger<Commits>.Instance);

    private sealed class TestLog : ILogger
    {
        private readonly TaskCompletionSource<string> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public System.Collections.Concurrent.ConcurrentQueue<string> Lines { get; } = new();

        /// <summary>The first line, when there is one.</summary>
        public Task<string> Next => _next.Task;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Lines.Enqueue(formatter(state, exception));
            _next.TrySetResult(formatter(state, exception));
        }
    }
}
