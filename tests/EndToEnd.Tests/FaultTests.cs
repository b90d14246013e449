using System.Net.Http.Json;
using System.Text.Json;
using Lakala.Local;
using Lakala.Testing;
using Npgsql;

namespace Lakala.EndToEnd.Tests;

/// <summary>A network whose parts are broken on purpose.</summary>
/// <param name="bankTimeout">In seconds; the silo's other times are longer in proportion.</param>
public abstract class BrokenNetwork(int bankTimeout) : IAsyncLifetime
{
    private static readonly TimeSpan Bound = HangGuard.Bound;

    private readonly HttpClient _http = new();
    private MerchantClient _merchant = null!;

    public LocalNetwork Local { get; private set; } = null!;

    public TestCard Card => Local.Cards.First(card => card.Expected == "approved");

    public async ValueTask InitializeAsync()
    {
        Local = await Network.StartAnother(new LocalNetworkOptions
        {
            Silo = new Dictionary<string, string>
            {
                ["Swipe__BankTimeout"] = Seconds(bankTimeout),
                ["Swipe__CommitDeadline"] = Seconds(bankTimeout + 4),
                ["Swipe__SweepAfter"] = Seconds(bankTimeout + 5),
                ["Swipe__TerminalTimeout"] = Seconds(bankTimeout + 25),
            },
        });
        _merchant = new MerchantClient(Local.Http, Local.Seed.ApiKey);

        static string Seconds(int count) => TimeSpan.FromSeconds(count).ToString();
    }

    public async ValueTask DisposeAsync()
    {
        _merchant.Dispose();
        _http.Dispose();
        await Local.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    public async Task<string> NewBill(long amount = 1_000) =>
        (await _merchant.CreateBill("order-" + Guid.NewGuid().ToString("N"), amount, "A teapot")).GetProperty("number").GetString()!;

    public Task Plan(string kind, int delayMs = 0) => Plan(kind, 1, delayMs);

    /// <summary>The bank decides the next payment, and answers when the test allows it.</summary>
    public Task HoldBank() => Plan("held", 1, 0);

    public Task LetBankAnswer() => Plan("held", 0, 0);

    private async Task Plan(string kind, int count, int delayMs)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri(Local.BankHttp, "/faults"), new { kind, count, delay_ms = delayMs });
        answer.EnsureSuccessStatusCode();
    }

    /// <param name="terminal">Only one program at a time may use it.</param>
    public async Task<JsonElement> Pay(string bill, string terminal = "T0000001")
    {
        var result = await Local.RunTerminal(["pay", "--bill", bill, "--card", Card.Track2, "--pin", Card.Pin, "--terminal", terminal, "--json"]);
        result.Error.Should().BeEmpty();
        return JsonElement.Parse(result.Output);
    }

    public async Task<string> BillState(string bill) =>
        (await _merchant.GetBill(bill)).GetProperty("status").GetString()!;

    /// <summary>The path of the shopper's page.</summary>
    public async Task<string> PageOf(string bill) => new Uri((await _merchant.GetBill(bill)).GetProperty("pay_url").GetString()!).AbsolutePath;

    /// <summary>The entries of the bill's attempts in the bank's book, oldest first.</summary>
    public async Task<IReadOnlyList<string>> BankStates(string bill)
    {
        var rrns = await Column($"select lpad(rrn::text, 12, '0') from attempts where bill = {bill} order by rrn");
        var book = await _http.GetFromJsonAsync<JsonElement>(new Uri(Local.BankHttp, "/book"));
        var states = book.GetProperty("entries").EnumerateArray()
            .ToDictionary(entry => entry.GetProperty("rrn").GetString()!, entry => entry.GetProperty("state").GetString()!);
        return [.. rrns.Select(rrn => states.GetValueOrDefault(rrn, "NONE"))];
    }

    public Task<IReadOnlyList<string>> AttemptStates(string bill) =>
        Column($"select state from attempts where bill = {bill} order by rrn");

    /// <summary>The rows of a terminal's keys, oldest first.</summary>
    public Task<IReadOnlyList<string>> StatesOf(string terminal) =>
        Column($"select state from attempts where terminal_id = '{terminal}' order by started_at");

    public Task UntilAttempt(string bill, string state) =>
        Eventually.Is(async () => await AttemptStates(bill) is [.., var last] && last == state, $"bill {bill}: an attempt that is {state}");

    /// <summary>Changes rows directly in the database.</summary>
    public async Task Falsify(string sql)
    {
        await using var database = NpgsqlDataSource.Create(Local.ConnectionString + ";Pooling=false");
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public Task<IReadOnlyList<string>> Read(string sql) => Column(sql);

    public Task UntilReady() => Local.Silo.WaitUntilHealthy(_http, new Uri(Local.Http, "/healthz"), Bound);

    private async Task<IReadOnlyList<string>> Column(string sql)
    {
        await using var database = NpgsqlDataSource.Create(Local.ConnectionString + ";Pooling=false");
        await using var command = database.CreateCommand(sql);
        await using var rows = await command.ExecuteReaderAsync();
        var column = new List<string>();
        while (await rows.ReadAsync())
        {
            column.Add(rows.GetString(0));
        }

        return column;
    }
}

/// <summary>With short timers, for tests of their effects.</summary>
public sealed class FragileNetwork() : BrokenNetwork(bankTimeout: 5);

/// <summary>With long ones, for tests that hold the bank until they have done something.</summary>
public sealed class PatientNetwork() : BrokenNetwork(bankTimeout: 60);

/// <summary>Each neighbour fails in the middle of a swipe; the money is right afterwards.</summary>
public sealed class FaultTests(FragileNetwork network) : IClassFixture<FragileNetwork>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Strangers_who_try_keys_use_up_no_session_that_a_swipe_needs()
    {
        var bill = await network.NewBill();
        await using var database = NpgsqlDataSource.Create(network.Local.ConnectionString + ";Pooling=false");
        await using var connection = await database.OpenConnectionAsync(Stop);
        await using var held = await connection.BeginTransactionAsync(Stop);
        await using (var take = new NpgsqlCommand("lock table api_keys in access exclusive mode", connection, held))
        {
            await take.ExecuteNonQueryAsync(Stop);
        }

        // Each is well formed, waits for the table, and has a session for as long; those who get none wait for one.
        using var http = new HttpClient();
        var strangers = Enumerable.Range(0, 150).Select(async _ =>
        {
            using var ask = new HttpRequestMessage(HttpMethod.Get, new Uri(network.Local.Http, "/v1/bills/1"));
            ask.Headers.Authorization = new("Bearer", network.Local.Seed.ApiKey[..^4] + "AAAA");
            using var answer = await http.SendAsync(ask, Stop);
            return answer.StatusCode;
        }).ToArray();
        await using var look = NpgsqlDataSource.Create(network.Local.ConnectionString);
        await Eventually.Is(
            async () =>
            {
                await using var count = look.CreateCommand("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%api_keys%'");
                return (long)(await count.ExecuteScalarAsync(Stop))!;
            },
            waiting => waiting >= 30,
            "all sessions of visitors taken");

        Said(await network.Pay(bill)).Should().Be(("approved", "00"));
        await held.RollbackAsync(Stop);
        (await Task.WhenAll(strangers)).Should().OnlyContain(status => status == System.Net.HttpStatusCode.Unauthorized || status == System.Net.HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task A_silent_bank_is_reversed_and_the_bill_can_be_paid_again()
    {
        var bill = await network.NewBill();
        await network.Plan("silent");

        var first = await network.Pay(bill);
        await network.UntilAttempt(bill, "REVERSED");
        var second = await network.Pay(bill);

        Said(first).Should().Be(("refused", "68"));
        Said(second).Should().Be(("approved", "00"));
        (await network.AttemptStates(bill)).Should().Equal("REVERSED", "APPROVED");
        (await network.BankStates(bill)).Should().Equal("REVERSED", "DEBITED");
    }

    [Fact]
    public async Task A_slow_approval_in_time_settles()
    {
        var bill = await network.NewBill();
        await network.Plan("slow", delayMs: 1_000);

        Said(await network.Pay(bill)).Should().Be(("approved", "00"));
        (await network.BillState(bill)).Should().Be("PAID");
    }

    [Fact]
    public async Task A_bank_that_drops_the_line_after_deciding_is_reversed()
    {
        var bill = await network.NewBill();
        await network.Plan("drop");

        var answer = await network.Pay(bill);
        await network.UntilAttempt(bill, "REVERSED");

        Said(answer).Should().Be(("refused", "68"));
        (await network.BankStates(bill)).Should().Equal("REVERSED");
    }

    [Fact]
    public async Task A_bank_that_answers_twice_settles_once()
    {
        var bill = await network.NewBill();
        await network.Plan("twice");

        Said(await network.Pay(bill)).Should().Be(("approved", "00"));
        (await network.AttemptStates(bill)).Should().Equal("APPROVED");
        (await network.BankStates(bill)).Should().Equal("DEBITED");
    }

    [Fact]
    public async Task A_bank_that_cannot_be_reached_means_not_paid_for_sure()
    {
        var bill = await network.NewBill();
        await network.Local.Bank.Crash();
        try
        {
            Said(await network.Pay(bill)).Should().Be(("refused", "92"));
            (await network.AttemptStates(bill)).Should().Equal("NOT_SENT");
            (await network.BillState(bill)).Should().Be("OPEN");
        }
        finally
        {
            await network.Local.StartBank(TestContext.Current.CancellationToken);
            await network.UntilReady();
        }
    }

    [Fact]
    public async Task While_the_database_is_away_nothing_is_sold_and_a_silo_that_starts_without_it_waits()
    {
        Assert.SkipWhen(network.Local.Postgres.Cluster is null, "the database is somebody else's");
        var bill = await network.NewBill();
        var page = await network.PageOf(bill);
        await network.Local.Postgres.Cluster.Stop();
        try
        {
            var answer = await network.Pay(bill);
            answer.GetProperty("outcome").GetString().Should().Be("refused");
            await SaysNotNowOverHttp(bill, page);

            await network.Local.Silo.Crash();
            network.Local.StartSiloWithoutWaiting();
            await Eventually.Is(
                async () => (await File.ReadAllTextAsync(network.Local.Silo.Log, TestContext.Current.CancellationToken)).Contains("PostgreSQL does not answer", StringComparison.Ordinal),
                "the silo says that the database is away");
        }
        finally
        {
            await network.Local.Postgres.Cluster.Start(TestContext.Current.CancellationToken);
            await network.UntilReady();
        }

        (await network.AttemptStates(bill)).Should().BeEmpty();
        Said(await network.Pay(bill)).Should().Be(("approved", "00"));
    }

    // Every answer that means "not now" says when, and the log says which route it was without the address itself.
    private async Task SaysNotNowOverHttp(string bill, string page)
    {
        using var shop = new Shop(network.Local, network.Local.Seed.ApiKey);
        foreach (var path in new[] { $"/v1/bills/{bill}", "/v1/stores?region=Shanghai&district=Huangpu", page, "/healthz" })
        {
            await Eventually.Is(async () => (await shop.Get(path)).Status, status => status == 503, $"{path} says that it is not now");
            (await shop.Get(path)).Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(5), path);
        }

        var log = await File.ReadAllTextAsync(network.Local.Silo.Log, Stop);
        log.Should().Contain("GET /v1/bills/{number}: try later").And.NotContain(page);
    }

    private static (string? Outcome, string? Code) Said(JsonElement report) =>
        (report.GetProperty("outcome").GetString(), report.GetProperty("response_code").GetString());
}
