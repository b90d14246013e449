using Lakala.Rules.Attempts;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>The writer with a database that is slow, silent, full or down.</summary>
public sealed class GroupCommitTests(Books books) : IClassFixture<Books>
{
    private const string Marked = "621700******0077";
    private static int Stans;

    private static int NextStan() => Interlocked.Increment(ref Stans);

    [Fact]
    public async Task A_commit_whose_end_is_never_told_is_unknown_though_its_rows_were_read()
    {
        await using var line = new TestLine(books.ConnectionString);
        await using var database = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(line.ConnectionString) { CommandTimeout = 1, CancellationTimeout = -1 });
        await using var writer = new GroupCommit<StartAttempt, StartOutcome>(new StartAttempts(TimeSpan.FromSeconds(15)), database, NullLogger.Instance);
        var start = await books.NewAttempt(await books.PutBill(), NextStan()) with { MaskedPan = Marked };
        var silenced = line.SilenceCommit(Marked);

        await FluentActions.Awaiting(() => writer.Submit(start)).Should().ThrowAsync<CommitUnknownException>();

        await silenced;
        (await writer.Submit(start)).Should().BeOfType<StartOutcome.Started>();
    }

    [Fact]
    public async Task A_commit_that_brings_a_warning_is_in_doubt()
    {
        await using var writer = await Writer("raise warning 'canceling wait for synchronous replication due to user request'");

        await FluentActions.Awaiting(() => writer.Submit(1)).Should().ThrowAsync<CommitUnknownException>();
    }

    [Theory]
    [InlineData("53100")]
    [InlineData("25006")]
    public async Task A_database_that_cannot_work_is_away_for_the_whole_batch(string state)
    {
        await using var writer = await Writer($"raise exception 'no' using errcode = '{state}'");

        var submitted = Enumerable.Range(0, 10).Select(number => writer.Submit(number)).ToList();

        foreach (var command in submitted)
        {
            await FluentActions.Awaiting(() => command).Should().ThrowAsync<DatabaseAwayException>();
        }
    }

    [Fact]
    public async Task A_row_that_breaks_a_rule_fails_alone()
    {
        await using var writer = await Writer("if number = 7 then raise exception 'no' using errcode = '23514'; end if");

        var submitted = Enumerable.Range(0, 20).Select(number => writer.Submit(number)).ToList();

        await FluentActions.Awaiting(() => submitted[7]).Should().ThrowAsync<InvalidOperationException>();
        (await Task.WhenAll(submitted.Where((_, i) => i != 7))).Select(echo => echo.Number).Should().BeEquivalentTo(
            Enumerable.Range(0, 20).Where(number => number != 7));
    }

    [Fact]
    public async Task A_connection_that_was_lost_while_it_lay_idle_is_not_trusted_with_a_commit()
    {
        var clock = new FakeTimeProvider();
        await using var line = new TestLine(books.ConnectionString);
        await using var database = NpgsqlDataSource.Create(line.ConnectionString);
        await using var writer = new GroupCommit<long, BillSeen>(new ReadBills(), database, NullLogger.Instance, clock);
        await writer.Submit(1);
        line.Close();
        clock.Advance(GroupCommit<long, BillSeen>.Idle);

        await FluentActions.Awaiting(() => writer.Submit(1)).Should().ThrowAsync<DatabaseAwayException>();
        line.Open();
        (await writer.Submit(1)).Row.Should().BeNull();
        line.Close();
        line.Open();
        clock.Advance(GroupCommit<long, BillSeen>.Idle);

        (await writer.Submit(1)).Row.Should().BeNull();
    }

    [Fact]
    public async Task A_full_queue_refuses_and_what_is_in_it_is_still_committed()
    {
        await using var connection = await books.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var holding = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var take = new NpgsqlCommand("select pg_advisory_xact_lock(1)", connection);
        await take.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var writer = await Writer("perform pg_advisory_xact_lock(1)");
        var submitted = new List<Task<Echo>> { writer.Submit(0) };
        await books.SomebodyWaits();
        for (var i = 1; i <= GroupCommit<int, Echo>.Capacity; i++)
        {
            submitted.Add(writer.Submit(i));
        }

        FluentActions.Invoking(() => { _ = writer.Submit(-1); }).Should().Throw<CommitQueueFullException>();
        await holding.CommitAsync(TestContext.Current.CancellationToken);
        await writer.DisposeAsync();

        (await Task.WhenAll(submitted)).Select(echo => echo.Number).Should().Equal(Enumerable.Range(0, submitted.Count));
    }

    [Theory]
    [InlineData(AttemptState.Approved, AttemptState.Reversing)]
    [InlineData(AttemptState.Reversing, AttemptState.Approved)]
    public async Task Approval_and_reversal_of_one_attempt_in_one_batch_agree_on_the_outcome(AttemptState one, AttemptState other)
    {
        var (blocked, contested) = (await books.NewAttempt(await books.PutBill(), NextStan()), await books.NewAttempt(await books.PutBill(), NextStan()));
        await books.Commits.StartAttempts.Submit(blocked);
        await books.Commits.StartAttempts.Submit(contested);
        await using var connection = await books.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var holding = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var take = new NpgsqlCommand($"select 1 from bills where number = {blocked.Bill} for update", connection);
        await take.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var now = TimeProvider.System.GetUtcNow();

        // While the writer waits for the first, the other two form one batch.
        var first = books.Commits.FinishAttempts.Submit(Books.Finish(blocked, AttemptState.Approved, now));
        await books.SomebodyWaits();
        AttemptState[] moves = [one, other];
        var submitted = moves.Select(to => books.Commits.FinishAttempts.Submit(Books.Finish(contested, to, now))).ToList();
        await holding.CommitAsync(TestContext.Current.CancellationToken);
        await first;
        var outcomes = await Task.WhenAll(submitted);

        var state = await books.StateUnder(contested.Key);
        for (var i = 0; i < moves.Length; i++)
        {
            // The loser gets the winner's row.
            outcomes[i].Moved.Should().Be(moves[i] == state);
            if (!outcomes[i].Moved)
            {
                outcomes[i].Found!.State.Should().Be(state);
            }
        }
    }

    private async Task<GroupCommit<int, Echo>> Writer(string body)
    {
        var name = "f_" + Guid.NewGuid().ToString("N");
        await books.Execute($"create function {name}(number int) returns int language plpgsql as $$ begin {body}; return number; end $$");
        return new GroupCommit<int, Echo>(new Call(name), books.Connections, NullLogger.Instance);
    }

    private sealed record Echo(int Number);

    private sealed class Call(string function) : BatchStatement<int, Echo>
    {
        public override string Name => function;

        public override BatchInput<int> Input { get; } = new BatchInput<int>().Column("number", "int", static number => number);

        public override string Sql => $"select i.ord, {function}(i.number) from {Input.Rows}";

        public override Echo Read(NpgsqlDataReader row, int command) => new(row.GetInt32(1));
    }
}
