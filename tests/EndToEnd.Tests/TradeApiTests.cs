using System.Text.Json;
using Lakala.Local;

namespace Lakala.EndToEnd.Tests;

/// <summary>A network whose shops may choose timers of a second.</summary>
public sealed class HastyNetwork : IAsyncLifetime
{
    public LocalNetwork Local { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Local = await Network.StartAnother(new LocalNetworkOptions
    {
        Silo = new Dictionary<string, string> { ["Trades__ShortestShipTime"] = "00:00:01", ["Trades__ShortestConfirmTime"] = "00:00:01" },
    });

    public async ValueTask DisposeAsync() => await Local.DisposeAsync();
}

/// <summary>A guaranteed trade through terminal, silo, bank and merchant API, as the guide says.</summary>
public sealed class TradeApiTests(HastyNetwork network) : IClassFixture<HastyNetwork>, IAsyncLifetime
{
    private const string Escrow = ",\"settlement\":\"escrow\",\"delivery\":\"express\"";
    private const string Parcel = """{"carrier":"SF Express","tracking_number":"SF1234567890123"}""";

    private Shop _shop = null!;

    public async ValueTask InitializeAsync() => _shop = await Shop.Open(network.Local);

    public ValueTask DisposeAsync()
    {
        _shop.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_trade_is_paid_held_shipped_and_released_by_itself()
    {
        var bill = await _shop.NewBill(Escrow + ""","confirm_within_seconds":1""");
        (bill.GetProperty("settlement").GetString(), bill.GetProperty("delivery").GetString()).Should().Be(("escrow", "express"));
        (bill.GetProperty("ship_within_seconds").GetInt64(), bill.GetProperty("confirm_within_seconds").GetInt64()).Should().Be((259_200, 1));
        bill.TryGetProperty("trade", out _).Should().BeFalse("it is not paid");
        var number = bill.GetProperty("number").GetString()!;

        await Pay(number);
        var paid = (await _shop.Get($"/v1/bills/{number}")).Json;
        Trade(paid).GetProperty("status").GetString().Should().Be("HELD");
        Trade(paid).GetProperty("held").GetInt64().Should().Be(12_800);
        (await Balance()).Should().Be((0, 12_800));
        (paid.GetProperty("ship_by").GetDateTimeOffset() - paid.GetProperty("payment").GetProperty("paid_at").GetDateTimeOffset()).Should().BeCloseTo(TimeSpan.FromHours(72), TimeSpan.FromMilliseconds(1));

        var shipped = await _shop.Post($"/v1/bills/{number}/ship", Parcel);
        shipped.Status.Should().Be(200, shipped.Text);
        Trade(shipped.Json).GetProperty("tracking_number").GetString().Should().Be("SF1234567890123");
        (await _shop.Post($"/v1/bills/{number}/ship", Parcel)).Status.Should().Be(200, "a call can be repeated");
        var finished = await _shop.GetUntil($"/v1/bills/{number}", one => Trade(one).GetProperty("status").GetString() == "FINISHED");

        (Trade(finished.Json).GetProperty("held").GetInt64(), Trade(finished.Json).GetProperty("released").GetInt64()).Should().Be((0, 12_800));
        (await Balance()).Should().Be((12_723, 0), "the fee is 77");
        var entry = (await _shop.Get("/v1/balance/entries")).Json.GetProperty("data").EnumerateArray().Should().ContainSingle("held money is not available").Which;
        (entry.GetProperty("kind").GetString(), entry.GetProperty("amount").GetInt64(), entry.GetProperty("bill").GetString()).Should().Be(("release", 12_723, number));
        (await _shop.Post($"/v1/bills/{number}/extend", """{"days":1}""")).ShouldBeProblem(409, "trade-finished");
        var events = (await _shop.Get("/v1/events")).Json.GetProperty("data").EnumerateArray().Select(one => one.GetProperty("type").GetString());
        events.Should().Equal("trade.finished", "trade.shipped", "bill.paid");
        (await network.Local.Books(Shop.Stop)).Should().Match<ToolResult>(books => books.ExitCode == 0, "the books balance");
    }

    [Fact]
    public async Task A_part_goes_back_before_the_release_and_the_fee_is_of_the_rest()
    {
        var number = (await _shop.NewBill(Escrow + ""","confirm_within_seconds":1""")).GetProperty("number").GetString()!;
        await Pay(number);

        var part = await Refund(number, """{"amount":2800}""");
        part.Status.Should().Be(201, part.Text);
        (await Balance()).Should().Be((0, 10_000));
        await _shop.Post($"/v1/bills/{number}/ship", Parcel);
        var finished = await _shop.GetUntil($"/v1/bills/{number}", one => Trade(one).GetProperty("status").GetString() == "FINISHED");
        await _shop.GetUntil($"/v1/refunds/{part.String("id")}", one => one.GetProperty("status").GetString() == "DONE");

        (Trade(finished.Json).GetProperty("released").GetInt64(), finished.Json.GetProperty("refunded").GetInt64()).Should().Be((10_000, 2_800));
        (await Balance()).Should().Be((9_940, 0), "the fee of what is left is 60");
        var rest = await Refund(number, "{}");
        await _shop.GetUntil($"/v1/refunds/{rest.String("id")}", one => one.GetProperty("status").GetString() == "DONE");
        (await Balance()).Should().Be((0, 0), "after a full refund there is no fee");
        (await network.Local.Books(Shop.Stop)).Should().Match<ToolResult>(books => books.ExitCode == 0, "the books balance");
    }

    [Fact]
    public async Task Goods_that_are_not_shipped_are_given_back_by_the_shop_and_the_trade_is_closed()
    {
        var number = (await _shop.NewBill(Escrow)).GetProperty("number").GetString()!;
        await Pay(number);

        var refund = await Refund(number, "{}");

        var closed = (await _shop.Get($"/v1/bills/{number}")).Json;
        (Trade(closed).GetProperty("status").GetString(), Trade(closed).GetProperty("held").GetInt64()).Should().Be(("CLOSED", 0));
        (await _shop.Post($"/v1/bills/{number}/ship", Parcel)).ShouldBeProblem(409, "trade-closed");
        (await Refund(number, "{}")).ShouldBeProblem(409, "refund-exceeds");
        await _shop.GetUntil($"/v1/refunds/{refund.String("id")}", one => one.GetProperty("status").GetString() == "DONE");
        var events = (await _shop.Get("/v1/events")).Json.GetProperty("data").EnumerateArray().Select(one => one.GetProperty("type").GetString());
        events.Should().BeEquivalentTo("bill.paid", "trade.closed", "refund.created", "refund.done");
    }

    [Fact]
    public async Task What_a_shop_asks_wrongly_of_a_trade_is_refused_and_changes_nothing()
    {
        var direct = (await _shop.NewBill()).GetProperty("number").GetString()!;
        var number = (await _shop.NewBill(Escrow)).GetProperty("number").GetString()!;
        (await _shop.Post($"/v1/bills/{direct}/ship", Parcel)).ShouldBeProblem(409, "no-trade").GetProperty("detail").GetString().Should().Contain("is direct");
        (await _shop.Post($"/v1/bills/{number}/ship", Parcel)).ShouldBeProblem(409, "no-trade").GetProperty("detail").GetString().Should().Contain("is OPEN");
        (await _shop.Post($"/v1/bills/{number}/cancel", """{"reason":"sold out"}""")).ShouldBeProblem(400, "invalid-request");
        await Pay(number);

        (await _shop.Post($"/v1/bills/{number}/extend", """{"days":1}""")).ShouldBeProblem(409, "trade-not-shipped");
        (await _shop.Post($"/v1/bills/{number}/extend", """{"days":16}""")).ShouldBeProblem(400, "invalid-request", "days");
        (await _shop.Post($"/v1/bills/{number}/ship", """{"carrier":"EMS","tracking_number":"1","method":"balloon"}""")).ShouldBeProblem(400, "invalid-request", "method");
        (await _shop.Post($"/v1/bills/{number}/ship", Parcel)).Status.Should().Be(200);
        (await _shop.Post($"/v1/bills/{number}/extend", """{"days":5}""")).Status.Should().Be(200);
        (await _shop.Post($"/v1/bills/{number}/extend", """{"days":6}""")).ShouldBeProblem(409, "trade-extended");
        (await _shop.Post($"/v1/bills/{number}/ship", """{"carrier":"EMS","tracking_number":"2"}""")).Status.Should().Be(200, "it is the correction");
        (await _shop.Post($"/v1/bills/{number}/ship", """{"carrier":"EMS","tracking_number":"3"}""")).ShouldBeProblem(409, "trade-shipped");
        using var other = await Shop.Open(network.Local);
        (await other.Post($"/v1/bills/{number}/ship", Parcel)).ShouldBeProblem(404, "not-found");

        Trade((await _shop.Get($"/v1/bills/{number}")).Json).GetProperty("tracking_number").GetString().Should().Be("2");
    }

    [Theory]
    [InlineData(",\"settlement\":\"later\"", "settlement")]
    [InlineData(",\"settlement\":\"escrow\"", "delivery")]
    [InlineData(",\"settlement\":\"escrow\",\"delivery\":\"balloon\"", "delivery")]
    [InlineData(",\"delivery\":\"express\"", "delivery")]
    [InlineData(""","settlement":"direct","ship_within_seconds":3600""", "ship_within_seconds")]
    [InlineData(""","confirm_within_seconds":86400""", "confirm_within_seconds")]
    [InlineData(""","settlement":"escrow","delivery":"auto","ship_within_seconds":0""", "ship_within_seconds")]
    [InlineData(""","settlement":"escrow","delivery":"auto","confirm_within_seconds":3888001""", "confirm_within_seconds")]
    [InlineData(",\"fee_on_refund\":\"Kept\"", "fee_on_refund")]
    [InlineData(",\"settlement\":\"escrow\",\"delivery\":\"auto\",\"fee_on_refund\":\"half\"", "fee_on_refund")]
    public async Task Terms_that_make_no_trade_are_refused(string more, string field) =>
        (await _shop.Post("/v1/bills", Shop.BillOf(Shop.NewOrder(), more))).ShouldBeProblem(400, "invalid-request", field);

    [Fact]
    public async Task The_shopper_sees_the_terms_before_paying_and_the_trade_after_it()
    {
        var bill = await _shop.NewBill(Escrow);
        var page = new Uri(bill.GetProperty("pay_url").GetString()!).AbsolutePath;
        (await _shop.Get(page)).Text.Should().Contain("Guaranteed trade").And.Contain("3 days").And.Contain("10 days");
        (await _shop.Get(page + "?lang=zh")).Text.Should().Contain("担保交易");

        await Pay(bill.GetProperty("number").GetString()!);
        (await _shop.Get(page)).Text.Should().Contain("data-trade=\"HELD\"");
        await _shop.Post($"/v1/bills/{bill.GetProperty("number").GetString()}/ship", Parcel);
        (await _shop.Get(page)).Text.Should().Contain("data-trade=\"SHIPPED\"").And.Contain("SF1234567890123");
    }

    [Fact]
    public async Task The_counter_and_the_receipt_show_the_terms()
    {
        var bill = (await _shop.NewBill(Escrow)).GetProperty("number").GetString()!;
        var found = await network.Local.RunTerminal(["lookup", "--bill", bill, "--json"], cancel: Shop.Stop);
        var terms = JsonElement.Parse(found.Output);
        (terms.GetProperty("ship_within_seconds").GetInt32(), terms.GetProperty("check_within_seconds").GetInt32()).Should().Be((259_200, 864_000));

        terms.TryGetProperty("is_fee_kept", out _).Should().BeFalse();

        (await Pay(bill)).GetProperty("receipts")[0].GetString().Should().Contain("GUARANTEED TRADE").And.Contain("10 days").And.NotContain("If refunded");
        (await Pay((await _shop.NewBill()).GetProperty("number").GetString()!)).GetProperty("receipts")[0].GetString().Should().NotContain("GUARANTEED TRADE");
    }

    [Fact]
    public async Task The_counter_and_both_copies_of_the_receipt_say_that_the_fee_is_kept()
    {
        var bill = (await _shop.NewBill(Escrow + ""","fee_on_refund":"kept" """)).GetProperty("number").GetString()!;
        var found = await network.Local.RunTerminal(["lookup", "--bill", bill, "--json"], cancel: Shop.Stop);
        JsonElement.Parse(found.Output).GetProperty("is_fee_kept").GetBoolean().Should().BeTrue();
        (await network.Local.RunTerminal(["lookup", "--bill", bill], cancel: Shop.Stop)).Output.Should().Contain("If refunded: in full. The shop does not get the fee for this payment back.");

        var receipts = (await Pay(bill)).GetProperty("receipts").EnumerateArray().Select(receipt => receipt.GetString()).ToList();

        receipts.Should().HaveCount(2).And.OnlyContain(receipt => receipt!.Contains("If refunded: in full. The shop\ndoes not get the fee for this\npayment back.\n"));
    }

    private async Task<(long Available, long Held)> Balance()
    {
        var balance = (await _shop.Get("/v1/balance")).Json;
        return (balance.GetProperty("available").GetInt64(), balance.GetProperty("held").GetInt64());
    }

    private async Task<JsonElement> Pay(string bill)
    {
        var card = network.Local.Cards.First(one => one.Expected == "approved");
        var paid = await network.Local.RunTerminal(["pay", "--bill", bill, "--card", card.Track2, "--pin", card.Pin, "--json"], cancel: Shop.Stop);
        paid.ExitCode.Should().Be(0, paid.Output + paid.Error);
        return JsonElement.Parse(paid.Output);
    }

    private Task<Answer> Refund(string bill, string body) => _shop.Post($"/v1/bills/{bill}/refunds", body, Guid.NewGuid().ToString());

    private static JsonElement Trade(JsonElement bill) => bill.GetProperty("trade");
}
