using System.Collections.Concurrent;
using Lakala.Local;
using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Books = Lakala.Testing.Books;

namespace Lakala.Storage.Tests;

/// <summary>A primary and its synchronous standby, both real: one is lost, the other goes on.</summary>
public sealed class FailoverTests : IAsyncLifetime
{
    private const string Name = "lakala";

    private static readonly TimeSpan Patience = HangGuard.Bound;

    private static int Stans;

    private StateFolder _primaryFolder = null!, _standbyFolder = null!;
    private PrivatePostgres _primary = null!, _standby = null!;
    private Books _books = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        try
        {
            await Start();
        }
        catch
        {
            // A server that did not start is not disposed of by the fixture.
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (_books?.DisposeAsync() ?? ValueTask.CompletedTask);

        // A primary that waits for its standby does not stop normally.
        await (_primary?.Crash() ?? Task.CompletedTask);
        await (_standby?.DisposeAsync() ?? ValueTask.CompletedTask);
        _primaryFolder?.Dispose();
        _standbyFolder?.Dispose();
    }

    [Fact]
    public async Task What_was_acknowledged_before_the_primary_was_lost_is_there_after_it_and_swipes_go_on()
    {
        const int Points = 8, Before = 400, After = 200;
        var paid = new ConcurrentBag<StartAttempt>();
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var failedOver = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var losses = 0;
        var bills = new ConcurrentQueue<long>();
        while (bills.Count < Before + After)
        {
            bills.Enqueue(await _books.PutBill());
        }

        var points = Enumerable.Range(0, Points).Select(_ => Task.Run(Pay, Stop)).ToArray();
        await enough.Task.WaitAsync(Patience, Stop);
        await _primary.Crash();
        await Promote();
        failedOver.SetResult();
        await Task.WhenAll(points).WaitAsync(Patience, Stop);

        losses.Should().BePositive("somebody was in the middle of a commit");
        paid.Should().HaveCount(Before + After);
        foreach (var start in paid)
        {
            (await _books.StateUnder(start.Key)).Should().Be(AttemptState.Approved);
        }

        (await _books.Scalar<long>("select count(*) from bills where state = 'PAID'")).Should().Be(paid.Count);
        (await _books.Scalar<long>("select count(*) from events")).Should().Be(paid.Count);
        await _books.ShouldBalance();

        async Task Pay()
        {
            while (bills.TryDequeue(out var bill))
            {
                var start = await UntilItIsKnown(async () => await _books.NewAttempt(bill, Interlocked.Increment(ref Stans)));
                (await UntilItIsKnown(() => _books.Commits.StartAttempts.Submit(start))).Should().BeOfType<StartOutcome.Started>();
                var finish = Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow());
                var finished = await UntilItIsKnown(() => _books.Commits.FinishAttempts.Submit(finish));
                (finished.Moved || finished.Found!.State == AttemptState.Approved).Should().BeTrue();
                paid.Add(start);
                if (paid.Count >= Before)
                {
                    enough.TrySetResult();
                }
            }
        }

        // As a grain does: submits the same command again when the database answers.
        async Task<T> UntilItIsKnown<T>(Func<Task<T>> ask)
        {
            while (true)
            {
                try
                {
                    return await ask();
                }
                catch (Exception fault) when (fault is DatabaseAwayException or CommitUnknownException or NpgsqlException)
                {
                    Interlocked.Increment(ref losses);
                    await failedOver.Task;
                }
            }
        }
    }

    [Fact]
    public async Task An_approval_that_the_standby_does_not_have_is_told_to_nobody()
    {
        // The writers have their connections, and the accounts their numbers: only the commit itself waits for the standby.
        var earlier = await Started();
        await _books.Commits.FinishAttempts.Submit(Books.Finish(earlier, AttemptState.Approved, TimeProvider.System.GetUtcNow()));
        var start = await Started();
        await _standby.Crash();
        var finish = Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow());
        var approving = _books.Commits.FinishAttempts.Submit(finish);
        await Until(_primary, $"select count(*) = 1 from pg_stat_activity where datname = '{Name}' and wait_event = 'SyncRep'");

        // It is on the primary's disk. After a crash it becomes visible.
        await _primary.Crash();
        await FluentActions.Awaiting(() => approving).Should().ThrowAsync<CommitUnknownException>();
        await _primary.Start(Stop);
        (await StateOn(_primary, start)).Should().Be("APPROVED");

        // A silo that starts now has no memory of its hosts: it reads only the database.
        await using var database = Database.Open(_books.ConnectionString);
        await using var connections = Database.OpenForCommits(_books.ConnectionString);
        await using var commits = new Commits(connections, Options.Create(new SwipeOptions()), NullLogger<Commits>.Instance);
        var attempts = new AttemptRows(database);
        Func<Task>[] questions = [() => commits.FinishAttempts.Submit(finish), () => commits.ReadBills.Submit(start.Bill), () => attempts.FindByRrn(start.Rrn, Stop)];
        foreach (var question in questions.Select(ask => ask()).ToList())
        {
            var unheard = (await FluentActions.Awaiting(() => question).Should().ThrowAsync<Exception>()).Which;
            unheard.Should().Match(fault => fault is DatabaseAwayException || fault is NpgsqlException);
        }

        await _standby.Start(Stop);
        await StandbyIsSynchronous();
        await PrimaryAnswers();
        (await _books.Commits.FinishAttempts.Submit(finish)).Found!.State.Should().Be(AttemptState.Approved);
        (await StateOn(_standby, start)).Should().Be("APPROVED");
    }

    [Fact]
    public async Task A_commit_that_waits_too_long_for_the_standby_is_unknown_and_unseen_until_it_is_safe()
    {
        var settings = new NpgsqlConnectionStringBuilder(_primary.ConnectionString) { Database = Name, CommandTimeout = 1, CancellationTimeout = -1 };
        await using var database = NpgsqlDataSource.Create(settings);
        await using var writer = new GroupCommit<FinishAttempt, FinishOutcome>(new FinishAttempts(), database, NullLogger.Instance);
        await writer.Submit(Books.Finish(await Started(), AttemptState.Approved, TimeProvider.System.GetUtcNow()));
        var start = await Started();
        var finish = Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow());
        await _standby.Crash();

        await FluentActions.Awaiting(() => writer.Submit(finish)).Should().ThrowAsync<CommitUnknownException>();

        (await StateOn(_primary, start)).Should().Be("SENT");
        await _standby.Start(Stop);
        await Until(_primary, $"select state = 'APPROVED' from attempts where rrn = {start.Rrn}", Name);
        (await writer.Submit(finish)).Found!.State.Should().Be(AttemptState.Approved);
        await _books.ShouldBalance();
    }

    private async Task Start()
    {
        _primaryFolder = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "test", "primary"));
        _standbyFolder = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "test", "standby"));
        _primary = await PrivatePostgres.Start(_primaryFolder, Stop);
        _standby = await PrivatePostgres.StartStandby(_standbyFolder, _primary, Stop);
        await Ask(_primary, "alter system set synchronous_standby_names = '*'");
        await Ask(_primary, "select pg_reload_conf()");
        await StandbyIsSynchronous();
        await Ask(_primary, $"create database {Name}");

        // The standby is first in the list: a client that takes any host would get the wrong one.
        var both = new NpgsqlConnectionStringBuilder(_primary.ConnectionString) { Database = Name, Host = $"{Address(_standby)},{Address(_primary)}" };
        _books = await Books.Over(both.ConnectionString);
    }

    private async Task<StartAttempt> Started()
    {
        var start = await _books.NewAttempt(await _books.PutBill(), Interlocked.Increment(ref Stans));
        await _books.Commits.StartAttempts.Submit(start);
        return start;
    }

    private static string Address(PrivatePostgres server)
    {
        var settings = new NpgsqlConnectionStringBuilder(server.ConnectionString);
        return $"{settings.Host}:{settings.Port}";
    }

    // As the cluster manager does. The new primary has no standby yet, and its settings say so.
    private async Task Promote()
    {
        await Ask(_standby, "alter system set synchronous_standby_names = ''");
        await Ask(_standby, "select pg_reload_conf()");
        await Ask(_standby, "select pg_promote()");
        await PrimaryAnswers();
    }

    private Task StandbyIsSynchronous() => Until(_primary, "select count(*) = 1 from pg_stat_replication where sync_state = 'sync' and state = 'streaming'");

    // For two seconds after it was seen as a standby, or as gone, a host is not asked again.
    private async Task PrimaryAnswers()
    {
        using var bound = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                await using var connection = await _books.Database.OpenConnectionAsync(bound.Token);
                await using var commits = await _books.Connections.OpenConnectionAsync(bound.Token);
                return;
            }
            catch (NpgsqlException)
            {
                bound.Token.ThrowIfCancellationRequested();
            }
        }
    }

    private static async Task Until(PrivatePostgres server, string question, string database = "postgres")
    {
        using var bound = new CancellationTokenSource(Patience);
        while (await Ask(server, question, database) is not true)
        {
            bound.Token.ThrowIfCancellationRequested();
        }
    }

    private static Task<object?> StateOn(PrivatePostgres server, StartAttempt start) =>
        Ask(server, $"select state from attempts where rrn = {start.Rrn}", Name);

    // Not through the code under test, and without a pooled connection.
    private static async Task<object?> Ask(PrivatePostgres server, string sql, string database = "postgres")
    {
        var settings = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Pooling = false, Database = database };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(Stop);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Stop);
    }
}
