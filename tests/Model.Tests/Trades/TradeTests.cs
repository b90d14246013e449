using Lakala.Testing;

namespace Lakala.Model.Tests.Trades;

/// <summary>
/// Random histories of trades, claims and refunds, by the product's own flows over the real PostgreSQL, whose rows decide. The auditor's
/// statements say what must hold after each.
/// </summary>
public sealed class TradeTests(TradeTests.Database database) : IClassFixture<TradeTests.Database>
{
    private const string Name = "trades";
    private const int MostSeeds = 200;

    // Histories that never come to an end of a kind would prove nothing about it.
    private static readonly string[] Ends =
    [
        "refund DONE", "refund DECLINED", "trade FINISHED", "trade CLOSED", "claim AGREED", "claim WITHDRAWN",
        "refund WITHDRAWN", "ruling AGAIN", "ruling OTHERWISE", "ruling LEFT",
    ];

    [Fact]
    public async Task Every_statement_holds_whoever_is_first()
    {
        var ends = new HashSet<string>();
        await using var market = new Market(database.Books, edits: null);
        foreach (var seed in Seeds.Of(Name, 25))
        {
            var history = new History(market, seed);
            if (await history.Run(areFaultsHarm: true) is { } violation)
            {
                Assert.Fail(Seeds.Report(Name, seed, violation, history.Trace));
            }

            ends.UnionWith(await market.Ends());
            if (Seeds.IsOne)
            {
                Console.WriteLine(string.Join('\n', history.Trace));
            }
        }

        (Seeds.AreUsual ? Ends.Except(ends) : []).Should().BeEmpty("the histories come to every end");
    }

    [Theory]
    [MemberData(nameof(Flaws))]
    public async Task A_broken_rule_is_seen_by_its_harm(string name)
    {
        Seeds.SkipWhenRepeating();
        var flaw = Flaw.All.Single(flaw => flaw.Name == name);
        var edits = new SqlEdits(flaw.Edits);
        string? found = null;
        await using (var market = new Market(database.Books, edits))
        {
            for (var seed = 1; seed <= MostSeeds && (found is null || edits.Unused.Count > 0); seed++)
            {
                found = await new History(market, seed, flaw.Without, flaw.Favourite).Run(areFaultsHarm: false) is { } violation ? $"seed {seed}: {violation}" : found;
            }
        }

        edits.Unused.Should().BeEmpty("each piece of the product's SQL is still there");
        found.Should().NotBeNull("it does harm");
        TestContext.Current.TestOutputHelper!.WriteLine(found!);
    }

    public static TheoryData<string> Flaws => [.. Flaw.All.Select(static flaw => flaw.Name)];

    /// <summary>One database for all histories, each of which begins with empty books.</summary>
    public sealed class Database(ModelPostgres postgres) : IAsyncLifetime
    {
        private string? _connectionString;

        public Books Books { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            _connectionString = await (await postgres.Open()).CreateDatabase("test_" + Guid.NewGuid().ToString("N"));
            Books = await Books.Over(_connectionString);
            await Books.Execute(
                "insert into operators (name, role, password, salt, password_hash) values ('dora', 'administer', '', '', ''), ('emil', 'administer', '', '', '')");
        }

        public async ValueTask DisposeAsync()
        {
            await Books.DisposeAsync();
            await (await postgres.Open()).DropDatabase(new Npgsql.NpgsqlConnectionStringBuilder(_connectionString).Database!);
        }
    }
}
