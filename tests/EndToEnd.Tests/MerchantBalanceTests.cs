using System.Text.Json;
using Lakala.Local;
using Lakala.Testing;

namespace Lakala.EndToEnd.Tests;

/// <summary>What a merchant reads of its balance over the API while claims freeze it and the guarantee fund has paid for it.</summary>
public sealed class MerchantBalanceTests(Network network) : IAsyncLifetime
{
    private const string Terminal = "T0000016", Parcel = """{"carrier":"SF Express","tracking_number":"SF1"}""";

    private Shop _shop = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _shop = await Shop.Open(network.Local);

    public ValueTask DisposeAsync()
    {
        _shop.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task The_balance_shows_what_is_frozen_and_owed_and_its_entries_page_without_loss()
    {
        await using var receiver = await WebhookReceiver.Start();
        receiver.Trust((await _shop.Post("/v1/webhook_endpoints", $$"""{"url":"{{receiver.Address}}"}""")).String("secret"));

        // The first brings 2,544,640 and each of the others 12,723: the fee of 12,800 is 77.
        using var first = await Finished(isFeeKept: true, amount: 2_560_000);
        using var second = await Finished(isFeeKept: true);
        using var third = await Finished(isFeeKept: false);
        var direct = await Paid("");
        (await Balance()).Should().Be((2_582_809, 0, 0));

        // With a fee that is kept the merchant bears all that is claimed.
        await first.Claim();
        await second.Claim();
        (await Balance()).Should().Be((10_009, 2_572_800, 0));
        var claim = await third.Claim();
        (await Balance()).Should().Be((10_009, 2_572_800, 0), "12,723 are not there to be frozen");

        // What waits for money goes before the debt.
        var waiting = await _shop.Post($"/v1/bills/{Number(direct)}/refunds", "{}", Guid.NewGuid().ToString());
        waiting.String("status").Should().Be("QUEUED");
        await Fund(10_000);
        await Rule(third, claim, "0", "28", "100");
        (await Balance()).Should().Be((10_009, 2_572_800, 10_000));
        var compensation = (await _shop.Get($"/v1/claims/{claim}")).String("compensation");
        var told = await Eventually.Is(
            () => Task.FromResult(receiver.Accepted.Values.SingleOrDefault(notice => notice.Type == "balance.owed")), notice => notice is not null, "the merchant is told");
        told!.Data.GetRawText().Should().Be($$"""{"refund":"{{compensation}}","claim":"{{claim}}","bill":"{{third.Number}}","amount":10000,"currency":"CNY","owed":10000}""");
        var owed = (await _shop.Get("/v1/events")).Json.GetProperty("data").EnumerateArray().Single(one => one.GetProperty("type").GetString() == "balance.owed");
        owed.GetProperty("deliveries").EnumerateArray().Select(one => one.GetProperty("receiver").GetString()).Should().OnlyContain(one => one!.StartsWith("we_"), "the shopper has a mail address");
        (await _shop.Post($"/v1/events/{owed.GetProperty("id").GetString()}/resend?to=shopper")).ShouldBeProblem(409, "nobody-to-tell");

        // While the pages are read, the second claim ends: what was frozen comes back, the refund goes, and the debt is paid.
        var before = await Entries("/v1/balance/entries?limit=100");
        var read = await Page(null, afterFirst: async () =>
        {
            (await second.Shopper.Take("withdraw", [], Stop)).Should().Be("ClaimMoved");
            await Eventually.Is(async () => (await Balance()).Owed == 0, "the debt is paid");
        });

        before.Should().HaveCountGreaterThan(5);
        read.Should().Equal(before, "what is posted meanwhile is above the cursor");
        (await Balance()).Should().Be((86, 2_560_000, 0));
        var after = await Page(null, afterFirst: null);
        after.Should().OnlyHaveUniqueItems().And.EndWith(before);
        after.Should().Equal(await Entries("/v1/balance/entries?limit=100"));
        after.Take(after.Count - before.Count).Select(entry => entry.Kind).Should().BeEquivalentTo("unfreeze", "refund", "debt_paid");
        after.Sum(entry => entry.Amount).Should().Be(86, "the entries are the balance");
        (await network.Local.Books(Stop)).ExitCode.Should().Be(0);
    }

    /// <summary>All entries, two at a time.</summary>
    private async Task<List<(string Kind, string Number, long Amount)>> Page(string? cursor, Func<Task>? afterFirst)
    {
        var all = new List<(string Kind, string Number, long Amount)>();
        do
        {
            var page = (await _shop.Get("/v1/balance/entries?limit=2" + (cursor is null ? "" : "&cursor=" + cursor))).Json;
            all.AddRange(Read(page));
            if (cursor is null && afterFirst is not null)
            {
                await afterFirst();
            }

            cursor = page.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
        return all;
    }

    private async Task<List<(string Kind, string Number, long Amount)>> Entries(string path) => [.. Read((await _shop.Get(path)).Json)];

    private static IEnumerable<(string Kind, string Number, long Amount)> Read(JsonElement page) => page.GetProperty("data").EnumerateArray()
        .Select(entry => (entry.GetProperty("kind").GetString()!, entry.GetProperty("number").GetString()!, entry.GetProperty("amount").GetInt64()));

    private async Task<(long Available, long Frozen, long Owed)> Balance()
    {
        // Payments are folded in within a second.
        var balance = (await _shop.Get("/v1/balance")).Json;
        return (balance.GetProperty("available").GetInt64(), balance.GetProperty("frozen").GetInt64(), balance.GetProperty("owed").GetInt64());
    }

    private async Task<JsonElement> Paid(string more, long amount = 12_800)
    {
        var bill = await _shop.NewBill(more, $"{amount}");
        var card = network.Card("approved");
        var available = (await Balance()).Available;
        var run = await network.Local.RunTerminal(["pay", "--bill", Number(bill), "--card", card.Track2, "--pin", card.Pin, "--terminal", Terminal], cancel: Stop);
        run.ExitCode.Should().Be(0, run.Output + run.Error);
        if (more.Length == 0)
        {
            await Eventually.Is(async () => (await Balance()).Available > available, "the payment is in the balance");
        }

        return bill;
    }

    /// <summary>A trade that its shopper has confirmed.</summary>
    private async Task<Sale> Finished(bool isFeeKept, long amount = 12_800)
    {
        var mail = $"{Guid.NewGuid():N}@home.test";
        var bill = await Paid($$""","settlement":"escrow","delivery":"express","shopper":{"email":"{{mail}}"}{{(isFeeKept ? ",\"fee_on_refund\":\"kept\"" : "")}}""", amount);
        (await _shop.Post($"/v1/bills/{Number(bill)}/ship", Parcel)).Status.Should().Be(200);
        var sale = new Sale(_shop, Number(bill), new ShopperClient(new Uri(bill.GetProperty("pay_url").GetString()!), mail, network.Local.Mails));
        (await sale.Shopper.SignIn(Stop)).Should().Be("CodeRight");
        (await sale.Shopper.Take("confirm", [], Stop)).Should().Be("Confirmed");
        return sale;
    }

    private async Task Fund(long amount)
    {
        using var one = await Shop.OpenAdmin(network.Local, "administer");
        using var other = await Shop.OpenAdmin(network.Local, "administer");
        var entered = await one.Post("/v1/admin/guarantee/payments", $$"""{"amount":{{amount}},"reason":"a test"}""", Guid.NewGuid().ToString());
        entered.Status.Should().BeInRange(200, 201, entered.Text);
        (await other.Post($"/v1/admin/guarantee/payments/{entered.String("id")}/approve")).Status.Should().Be(200);
    }

    private async Task Rule(Sale sale, string claim, string toShopper, string toMerchant, string fromGuarantee)
    {
        (await _shop.Post($"/v1/claims/{claim}/refuse", """{"text":"It was whole"}""")).Status.Should().Be(200);
        (await sale.Shopper.Take("escalate", new() { ["text"] = "It was not." }, Stop)).Should().Be("ClaimMoved");
        await Operate("act", $"/ops/disputes/{claim}/rulings", new()
        {
            ["to_shopper"] = toShopper,
            ["to_merchant"] = toMerchant,
            ["from_guarantee"] = fromGuarantee,
            ["text"] = "The shop has no money.",
        });
        await Operate("admin", $"/ops/disputes/{claim}/rulings/1/approve", []);
        (await _shop.Get($"/v1/claims/{claim}")).String("status").Should().Be("JUDGED");
    }

    private async Task Operate(string who, string path, Dictionary<string, string> fields)
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = network.Local.Http };
        client.DefaultRequestHeaders.Add("Origin", network.Local.Http.GetLeftPart(UriPartial.Authority));
        using var signedIn = await OpsNetwork.SignIn(client, who, network.Local.Seed.Operators.Single(person => person.Name == who).Password);
        using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), new FormUrlEncodedContent(fields), Stop);
        ((int)signedIn.StatusCode, (int)answer.StatusCode).Should().Be((303, 303));
    }

    private static string Number(JsonElement bill) => bill.GetProperty("number").GetString()!;

    private sealed record Sale(Shop Shop, string Number, ShopperClient Shopper) : IDisposable
    {
        /// <returns>The claim's id.</returns>
        public async Task<string> Claim()
        {
            (await Shopper.Take("open-claim", new() { ["kind"] = "not_as_described", ["reason"] = "The lid is broken." }, Stop)).Should().Be("ClaimSent");
            return (await Shop.Get($"/v1/claims?bill={Number}")).Json.GetProperty("data")[0].GetProperty("id").GetString()!;
        }

        public void Dispose() => Shopper.Dispose();
    }
}
