using System.Text.Json;
using Lakala.Grains.Tests;
using Lakala.Silo.Hosting;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Lakala.Silo.Tests.Hosting;

/// <summary>The health checks for load balancers.</summary>
public sealed class HealthTests(Books books) : IClassFixture<Books>
{
    private static readonly TestBank Bank = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Health_tells_that_swipes_wait_behind_a_lock_and_asks_the_database_once_a_second()
    {
        var time = new FakeTimeProvider();
        var health = new Health(books.Database, books.Commits, Bank, Life(), time);
        (await Ask(health)).Should().Be((200, "up", "up"));

        await using (var migration = await books.Database.OpenConnectionAsync(Stop))
        {
            await using var command = new NpgsqlCommand("begin; lock table postings in access exclusive mode", migration);
            await command.ExecuteNonQueryAsync(Stop);
            (await Ask(health)).Status.Should().Be(200, "it was asked less than a second ago");
            time.Advance(TimeSpan.FromSeconds(1));
            var asks = Enumerable.Range(0, 50).Select(_ => Ask(health)).ToArray();
            await books.SomebodyWaits();
            time.Advance(TimeSpan.FromSeconds(2));
            (await Task.WhenAll(asks)).Should().OnlyContain(answer => answer.Status == 503 && answer.Database == "up" && answer.Commits.StartsWith("down: no answer within 2 s"));
            (await books.Scalar<long>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).Should().Be(1);
        }

        await books.Until("select count(*) = 0 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
        time.Advance(TimeSpan.FromSeconds(1));
        (await Ask(health)).Should().Be((200, "up", "up"));
    }

    [Fact]
    public async Task Health_tells_that_a_database_answers_and_commits_nothing()
    {
        var readOnly = new NpgsqlConnectionStringBuilder(books.ConnectionString) { Options = "-c default_transaction_read_only=on" }.ConnectionString;
        await using var connections = Database.OpenForCommits(readOnly);
        await using var commits = new Commits(connections, Options.Create(new SwipeOptions()), NullLogger<Commits>.Instance);

        (await Ask(new Health(books.Database, commits, Bank, Life(), TimeProvider.System)))
            .Should().Be((503, "up", "down: the silo's log says why, after try_commits"));
    }

    private static ApplicationLifetime Life() => new(NullLogger<ApplicationLifetime>.Instance);

    private static async Task<(int Status, string Database, string Commits)> Ask(Health health)
    {
        var answer = await health.Check();
        var told = JsonSerializer.SerializeToElement(((IValueHttpResult)answer).Value);
        return (((IStatusCodeHttpResult)answer).StatusCode!.Value, told.GetProperty("database").GetString()!, told.GetProperty("commits").GetString()!);
    }
}
