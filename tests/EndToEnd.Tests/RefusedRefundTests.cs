using System.Text.Json;
using Lakala.Local;
using Lakala.Testing;
using Microsoft.Playwright;

namespace Lakala.EndToEnd.Tests;

/// <summary>The bank refuses what was held for the shopper: the money waits, and two operators decide how she gets it, by the real programs.</summary>
[Collection(nameof(OpsNetwork))]
public sealed class RefusedRefundTests(OpsNetwork network, Browser browser) : IAsyncLifetime
{
    private const string Escrow = ",\"settlement\":\"escrow\",\"delivery\":\"express\"";
    private const string Parcel = """{"carrier":"SF Express","tracking_number":"SF1234567890123"}""";

    private Shop _shop = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _shop = await Shop.Open(network.Local);

    public ValueTask DisposeAsync()
    {
        _shop.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Two_operators_send_it_again_and_the_trade_is_closed()
    {
        await using var receiver = await WebhookReceiver.Start();
        receiver.Trust((await _shop.Post("/v1/webhook_endpoints", $$"""{"url":"{{receiver.Address}}"}""")).String("secret"));
        var (bill, page, payment) = await Pay();
        var (_, _, smaller) = await Pay(amount: 100);
        await KnowAs(bill, smaller);

        var refused = await Refused(bill, "{}");
        await KnowAs(bill, payment);

        refused.GetProperty("response_code").GetString().Should().Be("61");
        await TradeIs(bill, "HELD", held: 12_800, isStopped: true);
        (await Bill(bill)).GetProperty("refunded").GetInt64().Should().Be(0);
        (await Order(bill, "{}")).ShouldBeProblem(409, "refund-undecided");
        (await _shop.Get(page)).Text.Should().Contain("your bank did not take it; we look for another way to give it to you")
            .And.Contain("Your money stays held, and operators of Lakala decide how you get it.");
        (await _shop.Get(page + "?lang=zh")).Text.Should().Contain("银行未受理，我们正在另行安排退款");

        await Rule(refused, "the bank has refused it", "send it again: a new refund goes to the card that paid");
        (await _shop.Get($"/v1/refunds/{refused.GetProperty("id").GetString()}")).String("decision").Should().Be("made");

        var refunds = (await _shop.GetUntil($"/v1/bills/{bill}/refunds", list => list.GetProperty("data").EnumerateArray().Any(one => one.GetProperty("status").GetString() == "DONE")))
            .Json.GetProperty("data").EnumerateArray().ToList();
        refunds.Select(one => (one.GetProperty("status").GetString(), one.TryGetProperty("decision", out var decision) ? decision.GetString() : null))
            .Should().BeEquivalentTo([("DONE", null), ("DECLINED", "made")]);
        var again = refunds.Single(one => one.GetProperty("status").GetString() == "DONE").GetProperty("id").GetString()!;
        (await network.Local.CreditsOf(payment)).Should().Equal((again, 12_800L));
        await TradeIs(bill, "CLOSED", held: 0, isStopped: false);
        (await Bill(bill)).GetProperty("refunded").GetInt64().Should().Be(12_800);
        (await _shop.Get(page)).Text.Should().Contain("it is on your card").And.Contain("your bank did not take it; it is settled");

        string[] told = ["bill.paid", "bill.paid", "refund.created", "trade.closed", "trade.stopped", "refund.declined", "refund.created", "trade.closed", "refund.done"];
        await Eventually.Is(() => Task.FromResult(receiver.Accepted.Count >= told.Length), "all is told");
        receiver.Accepted.Values.Select(notice => notice.Type).Should().BeEquivalentTo(told);
        receiver.Accepted.Values.Single(notice => notice.Type == "trade.stopped").Data.GetProperty("trade").GetProperty("stopped").GetBoolean().Should().BeTrue();
        receiver.Accepted.Values.Single(notice => notice.Type == "refund.declined").Data.GetProperty("decision").GetString().Should().Be("pending");
        (await network.Local.Books(Stop)).ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task The_platform_pays_in_another_way_when_the_card_is_closed_for_good_and_the_trade_goes_on()
    {
        var (bill, page, payment) = await Pay(refundAnswers: "14");
        var refused = await Refused(bill, """{"amount":2800}""");
        await TradeIs(bill, "HELD", held: 12_800, isStopped: true);
        await Eventually.Is(
            () => Task.FromResult(network.Alarms.Accepted.Values.Any(notice => notice.Data.TryGetProperty("kind", out var kind) && kind.GetString() == "refund_refused")), "operators are told");
        using var api = await network.Api("watch");
        (await api.Get("/v1/admin/open_items")).Json.GetProperty("undecided_refunds").EnumerateArray().Single(one => one.GetProperty("rrn").GetString() == refused.GetProperty("id").GetString())
            .GetProperty("why").GetString().Should().Be("refused");

        await Rule(refused, "the bank has refused it", "the platform has paid the shopper in another way, out of the reserve account");

        var paid = (await _shop.Get($"/v1/bills/{bill}/refunds")).Json.GetProperty("data").EnumerateArray().Single(one => one.GetProperty("status").GetString() == "DONE");
        (paid.GetProperty("paid_otherwise").GetBoolean(), paid.GetProperty("amount").GetInt64()).Should().Be((true, 2_800));
        (await network.Local.CreditsOf(payment)).Should().BeEmpty("the bank was not asked again");
        await TradeIs(bill, "HELD", held: 10_000, isStopped: false);
        (await _shop.Get(page)).Text.Should().Contain("paid to you in another way than to your card");
        (await Events()).Should().Contain("trade.resumed").And.Contain("refund.done");
        (await _shop.Post($"/v1/bills/{bill}/ship", Parcel)).Status.Should().Be(200, "the trade goes on");
        (await network.Local.Books(Stop)).ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task The_guarantee_fund_pays_what_has_waited_too_long_for_the_merchants_money_and_the_merchant_owes_it()
    {
        var (bill, _, payment) = await Pay(terms: ",\"fee_on_refund\":\"kept\"");
        var refund = (await Order(bill, "{}")).Json;
        refund.GetProperty("status").GetString().Should().Be("QUEUED", "the money without the fee does not cover it");
        await network.Execute($"update refunds set created_at = created_at - interval '6 days' where rrn = {refund.GetProperty("id").GetString()}");
        var alarms = await network.Visit(browser, "watch", "/ops/alarms");
        await alarms.GetByRole(AriaRole.Row).Filter(new() { HasText = "Refunds wait for merchants' money for long" }).GetByRole(AriaRole.Link, new() { Name = "Open items" }).ClickAsync();
        await alarms.Locator("#undecided").GetByText("waits for the merchant's money").First.WaitForAsync();
        using var one = await network.Api("administer");
        using var other = await network.Api("administer");
        var paidIn = await one.Post("/v1/admin/guarantee/payments", """{"amount":12800,"reason":"transfer 8"}""");
        (await other.Post($"/v1/admin/guarantee/payments/{paidIn.String("id")}/approve")).Status.Should().Be(200);

        refund = (await _shop.Get($"/v1/refunds/{refund.GetProperty("id").GetString()}")).Json;
        await Rule(refund, "waits for the merchant's money", "the guarantee fund pays it: the merchant owes it from then on");

        await _shop.GetUntil($"/v1/refunds/{refund.GetProperty("id").GetString()}", found => found.GetProperty("status").GetString() == "DONE");
        (await network.Local.CreditsOf(payment)).Should().Equal((refund.GetProperty("id").GetString()!, 12_800L));
        var balance = (await _shop.Get("/v1/balance")).Json;
        (balance.GetProperty("available").GetInt64() - balance.GetProperty("owed").GetInt64()).Should().Be(-77, "the fee is the merchant's loss");
        (await network.Local.Books(Stop)).ExitCode.Should().Be(0);
    }

    /// <returns>Its number, the path of its page, and the number of its payment.</returns>
    private async Task<(string Bill, string Page, string Payment)> Pay(long amount = 12_800, string? refundAnswers = null, string terms = Escrow)
    {
        await using var terminal = await network.SignedOn(network.NextTerminal());
        var made = await _shop.NewBill(terms, amount: $"{amount}");
        var number = made.GetProperty("number").GetString()!;
        (await terminal.AskWell(terminal.Pay(number, amount, network.Local.Cards.First(card => card.Expected == "approved" && card.RefundAnswers == refundAnswers)))).Verdict.Code.Should().Be("00");
        return (number, new Uri(made.GetProperty("pay_url").GetString()!).AbsolutePath, (await Bill(number)).GetProperty("payment").GetProperty("rrn").GetString()!);
    }

    private Task<Answer> Order(string bill, string body) => _shop.Post($"/v1/bills/{bill}/refunds", body, Guid.NewGuid().ToString());

    /// <summary>A refund that the bank refuses, as it is while nobody has decided about it.</summary>
    private async Task<JsonElement> Refused(string bill, string body)
    {
        var ordered = await Order(bill, body);
        ordered.Status.Should().Be(201, ordered.Text);
        var refused = (await _shop.GetUntil($"/v1/refunds/{ordered.String("id")}", one => one.GetProperty("status").GetString() == "DECLINED")).Json;
        refused.GetProperty("decision").GetString().Should().Be("pending");
        return refused;
    }

    private async Task<JsonElement> Bill(string number) => (await _shop.Get($"/v1/bills/{number}")).Json;

    private async Task TradeIs(string bill, string status, long held, bool isStopped)
    {
        var trade = (await Bill(bill)).GetProperty("trade");
        (trade.GetProperty("status").GetString(), trade.GetProperty("held").GetInt64(), trade.GetProperty("stopped").GetBoolean()).Should().Be((status, held, isStopped));
    }

    private async Task<IEnumerable<string?>> Events() =>
        (await _shop.Get("/v1/events")).Json.GetProperty("data").EnumerateArray().Select(one => one.GetProperty("type").GetString());

    // The bank knows the bill by a payment of CNY 1.00, which is less than the refund: it refuses for good.
    private Task KnowAs(string bill, string payment) => network.Execute($"update bills set paid_rrn = {payment} where number = {bill}");

    /// <summary>One operator proposes, cannot approve it alone, and another one approves.</summary>
    private async Task Rule(JsonElement refund, string why, string verdict)
    {
        var id = refund.GetProperty("id").GetString()!;
        var page = await network.Visit(browser, "act", "/ops/open");
        var row = page.Locator("#undecided").GetByRole(AriaRole.Row).Filter(new() { HasText = id });
        (await row.InnerTextAsync()).Should().Contain(why);
        await row.GetByRole(AriaRole.Link, new() { Name = id }).ClickAsync();
        await page.Locator("#state").GetByText(why).WaitForAsync();
        await page.Locator("select[name=what]").SelectOptionAsync(verdict);
        await page.GetByLabel("Reason, such as the number of the bank's letter").FillAsync("She has asked for it.");
        await Browser.Picture(page, "ops-refund-refused");
        await page.GetByRole(AriaRole.Button, new() { Name = "Propose" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await page.GetByText("Another operator has to approve it.").WaitForAsync();
        (await _shop.Get($"/v1/refunds/{id}")).Text.Should().Be(refund.GetRawText(), "one operator alone decides nothing");

        var other = await network.Visit(browser, "admin", $"/ops/refunds/{id}");
        await other.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await other.Locator("#rulings").GetByText("approved by admin").WaitForAsync();

        (await other.Locator("select[name=what]").CountAsync()).Should().Be(0, "nothing is to be decided any more");
    }
}
