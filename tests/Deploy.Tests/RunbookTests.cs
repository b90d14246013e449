using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using Lakala.Local;
using Lakala.Rules.Attempts;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Npgsql;
using Books = Lakala.Testing.Books;

namespace Lakala.Deploy.Tests;

/// <summary>The commands, statements, metrics and log lines of the runbook.</summary>
public sealed partial class RunbookTests(Books books) : IClassFixture<Books>, IAsyncLifetime
{
    private static readonly string Runbook = File.ReadAllText(Path.Combine(Repository.Root, "docs", "runbook.md"));
    private static readonly string PutBack = File.ReadAllText(Path.Combine(Repository.Root, "deploy", "postgresql", "put-back.sql"));

    // What a program writes stands in it as text.
    private static readonly IReadOnlyList<string> Texts =
        [.. new[] { typeof(Silo.Sweeping.Sweeper), typeof(Grains.Swipes.Payments), typeof(RrnBlocks) }.SelectMany(type => TextsOf(type.Assembly))];

    private static int Stans;

    // Cut to the database's precision.
    private static readonly DateTimeOffset PaidAt = DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await books.Execute("truncate bills, attempts, entries, events, deliveries, reversals");
        await books.Execute(
            $"insert into terminals (id, store_id, master_key) values ('T0000001', '{Books.Store}', '\\x00') on conflict do nothing");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Every_statement_runs_on_the_schema_in_the_order_in_which_it_stands()
    {
        var statements = Sql().Matches(Runbook).Select(match => match.Groups[1].Value).ToList();
        statements.Should().HaveCountGreaterThan(10);
        await using var connection = await books.Database.OpenConnectionAsync(Stop);
        await using var trial = await connection.BeginTransactionAsync(Stop);

        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection, trial);
            await FluentActions.Awaiting(() => command.ExecuteNonQueryAsync(Stop)).Should().NotThrowAsync(statement);
        }
    }

    [Fact]
    public async Task A_payment_that_was_put_back_under_a_closed_batch_is_found_by_the_query_of_operations()
    {
        var operations = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "operations.md"), Stop);
        var query = Sql().Matches(operations).Select(match => match.Groups[1].Value).Single(sql => sql.Contains("closed_with", StringComparison.Ordinal));
        var start = await Paid(amount: 700);
        await books.Execute($"insert into batches values ('{start.Key.Terminal}', {start.Key.Batch}, clock_timestamp(), 0, 0, 0, 0)");

        await using var command = books.Database.CreateCommand(query);
        await using var row = await command.ExecuteReaderAsync(Stop);

        (await row.ReadAsync(Stop)).Should().BeTrue();
        row.GetString(0).Should().Be(start.Key.Terminal);
        (row.GetInt32(2), row.GetInt64(3)).Should().Be((0, 1L));
        await books.Execute("delete from batches");
    }

    [Fact]
    public async Task After_a_restore_no_RRN_that_the_bank_knows_is_handed_out()
    {
        const long HighestAtTheBank = 4_321_987;
        var statement = Sql().Matches(Runbook).Select(match => match.Groups[1].Value).Single(sql => sql.Contains("setval"));

        await books.Execute(statement.Replace(" 0 / ", $" {HighestAtTheBank} / "));

        using var afterwards = new RrnBlocks(books.Database, TimeProvider.System);
        (await afterwards.Next()).Should().BeGreaterThan(HighestAtTheBank);
    }

    [Theory]
    [InlineData("delete from attempts; update bills set state = 'OPEN', paid_rrn = null, closed_at = null")]
    [InlineData(
        """
        update attempts set state = 'SENT', settled_at = null, response_code = null, authorisation_code = null;
        update bills set state = 'PAYING', paid_rrn = null, closed_at = null
        """)]
    public async Task A_payment_that_is_put_back_stands_in_the_books_as_its_swipe_wrote_it(string restored)
    {
        var start = await Paid(amount: 8_333);
        var before = await Written(start);
        await books.Execute($"delete from entries; {restored}");

        (await PutItBack(start)).Should().Be(4);

        (await Written(start)).Should().Be(before);
        await books.ShouldBalance();
    }

    [Theory]
    [InlineData("delete from attempts; update bills set amount = amount + 1, state = 'OPEN', paid_rrn = null")]
    [InlineData("delete from attempts; update bills set state = 'CANCELLED', live = false, paid_rrn = null")]
    [InlineData("select 1")]
    [InlineData(
        """
        update bills set state = 'OPEN', paid_rrn = null;
        update attempts set state = 'VOID', bill = null, rrn = null, settled_at = null
        """)]
    [InlineData("update bills set state = 'OPEN', paid_rrn = null; update attempts set state = 'REVERSED'")]
    [InlineData(
        """
        update bills set state = 'PAYING', paid_rrn = null;
        update attempts set state = 'SENT', rrn = rrn + 1, settled_at = null, response_code = null, authorisation_code = null
        """)]
    public async Task What_is_not_as_the_receipt_says_is_left_alone(string otherwise)
    {
        var start = await Paid();
        await books.Execute($"delete from entries; {otherwise}");
        var before = await Everything();

        (await PutItBack(start)).Should().Be(0);

        (await Everything()).Should().Be(before);
    }

    [Theory]
    [InlineData("PostgreSQL does not answer")]
    [InlineData("the database cannot be reached")]
    [InlineData("The work that is due could not be looked up")]
    [InlineData("Bank line:")]
    [InlineData("The ledger's work behind the swipes has failed")]
    [InlineData("refuses the sign-on")]
    [InlineData("does not answer the sign-on")]
    public void Every_line_of_the_log_is_one_that_is_written(string line)
    {
        Runbook.Should().Contain($"`{line}`");
        Texts.Should().Contain(text => text.Contains(line));
    }

    private async Task<StartAttempt> Paid(long amount = 1000)
    {
        var start = await books.NewAttempt(await books.PutBill(amount), Interlocked.Increment(ref Stans), amount);
        await books.Commits.StartAttempts.Submit(start);
        var finish = Books.Finish(start, AttemptState.Approved, PaidAt);
        (await books.Commits.FinishAttempts.Submit(finish)).Moved.Should().BeTrue();
        return start;
    }

    // Replaces the variables as psql does.
    private async Task<int> PutItBack(StartAttempt start)
    {
        var variables = new Dictionary<string, string>
        {
            ["terminal"] = start.Key.Terminal,
            ["batch"] = $"{start.Key.Batch:D6}",
            ["stan"] = $"{start.Key.Stan:D6}",
            ["bill"] = $"{start.Bill}",
            ["amount"] = $"{start.Amount.Minor}",
            ["rrn"] = Rrn.ToText(start.Rrn),
            ["card"] = start.MaskedPan,
            ["code"] = Books.ApprovalCode,
            ["at"] = $"{PaidAt:O}",
        };
        await using var command = books.Database.CreateCommand(Variable().Replace(PutBack, match => $"'{variables[match.Groups[1].Value]}'"));
        await using var rows = await command.ExecuteReaderAsync(Stop);
        var lines = 0;
        while (await rows.ReadAsync(Stop))
        {
            lines++;
        }

        return lines;
    }

    // Without the values that only the lost row had: its id and its start.
    private Task<string> Written(StartAttempt start) => books.Scalar<string>(
        $"""
        select concat(
          (select to_jsonb(a) - 'id' - 'started_at' - 'deadline' from attempts a where rrn = {start.Rrn}),
          (select to_jsonb(b) from bills b where number = {start.Bill}),
          (select jsonb_agg(to_jsonb(p) order by line) from postings p where rrn = {start.Rrn}))
        """);

    private Task<string> Everything() => books.Scalar<string>(
        "select concat((select jsonb_agg(a) from attempts a), (select jsonb_agg(b) from bills b), (select jsonb_agg(p) from postings p))");

    private static IEnumerable<string> TextsOf(Assembly assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var metadata = file.GetMetadataReader();
        var handle = MetadataTokens.UserStringHandle(0);
        do
        {
            yield return metadata.GetUserString(handle);
            handle = metadata.GetNextHandle(handle);
        }
        while (!handle.IsNil);
    }

    [GeneratedRegex(@"^ *```sql\n(.*?)^ *```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Sql();

    [GeneratedRegex(@":'(\w+)'")]
    private static partial Regex Variable();
}
