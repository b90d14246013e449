using Lakala.Rules.Attempts;
using Lakala.Storage.Ledger;
using Lakala.Testing;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>The rights of the role as which the silos run, the owner of the tables.</summary>
public sealed class GrantTests(TestPostgres postgres) : IAsyncLifetime
{
    private readonly string _role = "owner_" + Guid.NewGuid().ToString("N");
    private string _database = null!;
    private Books _books = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await postgres.CreateDatabase();
        await AsAdministrator($"create role {_role}; alter database {new NpgsqlConnectionStringBuilder(_database).Database} owner to {_role}");
        _books = await Books.Over(_database + $";Options=-c role={_role}");
    }

    public async ValueTask DisposeAsync()
    {
        await _books.DisposeAsync();
        await AsAdministrator($"reassign owned by {_role} to current_user; drop owned by {_role}; drop role {_role}");
        await postgres.DropDatabase(_database);
    }

    [Fact]
    public async Task Entries_are_only_added()
    {
        var ledger = new LedgerRows(_books.Connections);
        await ledger.OpenMonths(Stop);
        await _books.Execute("select open_ledger_month(30)");
        var start = await _books.NewAttempt(await _books.PutBill(), 1);
        await _books.Commits.StartAttempts.Submit(start);
        (await _books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow()))).Moved.Should().BeTrue();
        await ledger.FoldCredits(Stop);
        var tables = (await _books.Scalar<string[]>("select array(select relid::text from pg_partition_tree('entries') order by 1)"))!;
        tables.Should().Contain(["entries", "other_entries", "payment_entries", "payment_entries_0", "payment_entries_30"]);

        await ShouldOnlyBeAdded(tables, "who");

        await _books.ShouldBalance();
    }

    [Fact]
    public async Task Events_are_only_added()
    {
        await _books.Execute("select open_event_month(300)");
        var tables = (await _books.Scalar<string[]>("select array(select relid::text from pg_partition_tree('events') order by 1)"))!;
        tables.Should().HaveCount(3).And.Contain(["events", "events_300"]);

        await ShouldOnlyBeAdded(tables, "type");
    }

    private async Task ShouldOnlyBeAdded(IEnumerable<string> tables, string column)
    {
        foreach (var table in tables)
        {
            foreach (var change in new[] { $"update {table} set {column} = 'me'", $"delete from {table}", $"truncate {table}" })
            {
                await FluentActions.Awaiting(() => _books.Execute(change))
                    .Should().ThrowAsync<PostgresException>(change).Where(fault => fault.SqlState == PostgresErrorCodes.InsufficientPrivilege);
            }
        }
    }

    private async Task AsAdministrator(string sql)
    {
        await using var database = NpgsqlDataSource.Create(_database + ";Pooling=false");
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
