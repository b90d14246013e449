using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Lakala.Chaos.Audit;
using Lakala.Local;
using Lakala.Testing;
using Npgsql;

namespace Lakala.Chaos.Tests;

/// <summary>The readers against real processes: an instance with a few swipes, read and found right, then falsified.</summary>
public sealed class RealBooksTests : IAsyncLifetime
{
    private const string Terminal = "T0000001", OtherTerminal = "T0000002";

    // No card has this PIN; the search needs one.
    private const string NobodysPin = "739184620517";

    private readonly HttpClient _http = new();
    private readonly Dictionary<string, List<string>> _paper = [];
    private readonly List<AcknowledgedBill> _bills = [];
    private LocalNetwork _network = null!;
    private WebhookReceiver _receiver = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _network = await LocalNetwork.Start(
            await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "test", "audit")), new LocalNetworkOptions { ProgramsSwipe = true }, Stop);
        _receiver = await WebhookReceiver.Start();
        _http.BaseAddress = _network.Http;
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _network.Seed.ApiKey);
        _receiver.Trust((await Post("/v1/webhook_endpoints", new { url = _receiver.Address })).GetProperty("secret").GetString()!);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _receiver.DisposeAsync();
        await _network.DisposeAsync();
    }

    [Fact]
    public async Task Real_books_hold_all_statements_until_somebody_falsifies_them()
    {
        await KeepCommitTimes();
        var approved = await Pay(await NewBill(12_800), Terminal, "approved");
        await Pay(await NewBill(1), OtherTerminal, "approved");
        await Pay(await NewBill(500), Terminal, "51");
        await Pay(await NewBill(600), OtherTerminal, "68");
        await Pay(approved, OtherTerminal, "approved");
        await Run(Terminal, ["reprint"]);
        var cancelled = await NewBill(700);
        await Post($"/v1/bills/{cancelled}/cancel", null);
        await NewBill(800, expiresIn: 1);
        await Eventually.Is(IsQuiet, "empty queues");

        var sources = new EvidenceSources
        {
            ConnectionString = _network.ConnectionString,
            Bank = _network.BankHttp,
            BankFolder = Path.Combine(_network.Home, "bank"),
            Home = _network.Home,
            Paper = _paper.ToDictionary(paper => paper.Key, paper => (IReadOnlyList<string>)paper.Value),
            Receivers = [_receiver],
            Acknowledged = new Acknowledged(_bills, [cancelled], []),
            Secrets = await SecretSearch.For(_network.Seed, _network.Cards, _network.Secrets, [NobodysPin], Stop),
        };
        var evidence = await EvidenceReader.Read(sources, Stop);

        Auditor.Check(evidence).Should().BeEmpty();
        (_network.Postgres.Cluster is null || Auditor.FindGaps(evidence).Count == 0).Should().BeTrue("the times of commits are recorded");
        ShouldHoldWhatHappened(evidence);

        // Put right again: the next one would break the same statement.
        await Sql("update balances set amount = amount + 1 where account = (select id from accounts where kind = 'merchant')");
        await ShouldBreak(sources, 16);
        await Sql("update balances set amount = amount - 1 where account = (select id from accounts where kind = 'merchant')");
        await ShouldBreak(sources);

        // Each falsification on top of the one before.
        await Sql("delete from entries where number = (select paid_rrn from bills where amount = 12800)");
        await ShouldBreak(sources, 1, 11, 16);
        await Sql("update deliveries set state = 'PARKED', tries = 3 where event_id = (select id from events where type = 'bill.cancelled')");
        await ShouldBreak(sources, 1, 7, 11, 16);
        await Sql("delete from attempts where state = 'DECLINED'");
        await ShouldBreak(sources, 1, 7, 8, 11, 16);
        await File.WriteAllTextAsync(Path.Combine(_network.Home, "notes"), _network.Cards[0].Track2, Stop);
        await ShouldBreak(sources, 1, 7, 8, 10, 11, 16);
    }

    private void ShouldHoldWhatHappened(Evidence evidence)
    {
        evidence.Database.Bills.Select(bill => bill.State).Should().BeEquivalentTo("PAID", "PAID", "OPEN", "OPEN", "CANCELLED", "EXPIRED");
        evidence.Database.Attempts.Select(attempt => attempt.State).Should().BeEquivalentTo("APPROVED", "APPROVED", "DECLINED", "REVERSED");
        evidence.Database.Postings.Should().HaveCount(4 + 2);
        evidence.Database.Balances.Select(balance => balance.Account[..balance.Account.IndexOf(':')]).Should().BeEquivalentTo("merchant", "store");
        evidence.Database.Reversals.Should().ContainSingle().Which.IsAcknowledged.Should().BeTrue();
        evidence.Bank.Select(entry => (entry.State, entry.Debits, entry.Reversals)).Should()
            .BeEquivalentTo([("DEBITED", 1, 0), ("DEBITED", 1, 0), ("DECLINED", 0, 0), ("TOMBSTONE", 0, 1)]);
        evidence.Database.Events.Select(told => told.Type).Should().BeEquivalentTo("api_key.created", "bill.paid", "bill.paid", "bill.cancelled", "bill.expired");

        // The merchant's key was made before commit times were recorded.
        evidence.Database.Events.Where(told => told.Bill is not null).Should()
            .OnlyContain(told => _network.Postgres.Cluster == null || told.CommittedAt >= told.CreatedAt);
        evidence.Receivers.Should().ContainSingle().Which.Events.Should().HaveCount(4).And.OnlyContain(received => received.Accepted == 1);
        evidence.Terminals.Select(book => (book.Terminal, book.Results.Count, book.Reports.Count, book.Slips.Count, book.TornReports)).Should()
            .Equal((Terminal, 2, 3, 2 + 1 + 2, 0), (OtherTerminal, 2, 2, 2 + 1, 0));
    }

    private static async Task ShouldBreak(EvidenceSources sources, params int[] statements) =>
        Auditor.Check(await EvidenceReader.Read(sources, Stop)).Select(violation => violation.Statement).Distinct().Should().Equal(statements);

    // The setting needs a restart. A server that is not ours is left unchanged.
    private async Task KeepCommitTimes()
    {
        if (_network.Postgres.Cluster is { } cluster)
        {
            await cluster.KeepCommitTimes(Stop);

            // Its old connections would fail the first swipe.
            await _network.Silo.Crash();
            await _network.StartSilo(Stop);
        }
    }

    private async Task<string> NewBill(long amount, int expiresIn = 3_600)
    {
        var order = $"order-{_bills.Count}";
        var bill = await Post("/v1/bills", new { order_id = order, amount, currency = "CNY", description = "A teapot", expires_in_seconds = expiresIn });
        _bills.Add(new AcknowledgedBill(bill.GetProperty("number").GetString()!, order, amount));
        return _bills[^1].Number;
    }

    private async Task<string> Pay(string bill, string terminal, string card)
    {
        var with = _network.Cards.First(one => one.Expected == card);
        await Run(terminal, ["pay", "--bill", bill, "--card", with.Track2, "--pin", with.Pin]);
        return bill;
    }

    private async Task Run(string terminal, string[] command)
    {
        var result = await _network.RunTerminal([.. command, "--terminal", terminal, "--json"], cancel: Stop);
        if (!_paper.TryGetValue(terminal, out var lines))
        {
            _paper.Add(terminal, lines = []);
        }

        lines.AddRange(result.Output.Split('\n'));
    }

    private async Task<bool> IsQuiet() => await Sql(
        """
        select (select count(*) from attempts where state in ('SENT', 'REVERSING')) + (select count(*) from deliveries where state = 'PENDING')
          + (select count(*) from bills where amount = 800 and state <> 'EXPIRED') + (select count(*) from entries, folded where xact >= upto)
        """) is 0L;

    private async Task<JsonElement> Post(string path, object? body)
    {
        using var answer = await _http.PostAsJsonAsync(path, body, Stop);
        answer.IsSuccessStatusCode.Should().BeTrue(path);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
    }

    private async Task<object?> Sql(string sql)
    {
        await using var connection = new NpgsqlConnection(_network.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Stop);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Stop);
    }
}
