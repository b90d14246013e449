using System.Globalization;
using Lakala.Local;
using Lakala.Testing;
using Npgsql;

namespace Lakala.EndToEnd.Tests;

/// <summary>A merchant answers claims over the API, as the guide says, and the sweep does it when the merchant does not.</summary>
public sealed class ClaimApiTests(Network network) : IAsyncLifetime
{
    private const string Terminal = "T0000015";

    private Shop _shop = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _shop = await Shop.Open(network.Local);

    public ValueTask DisposeAsync()
    {
        _shop.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task An_offer_binds_and_what_is_agreed_reaches_the_card()
    {
        await using var receiver = await WebhookReceiver.Start();
        receiver.Trust((await _shop.Post("/v1/webhook_endpoints", $$"""{"url":"{{receiver.Address}}"}""")).String("secret"));
        var (bill, claim) = await Claimed(12_800);

        (await _shop.Get("/v1/claims?status=ASKED")).Json.GetProperty("data").EnumerateArray().Should().ContainSingle()
            .Which.GetProperty("id").GetString().Should().Be(claim);
        (await _shop.Get($"/v1/claims?bill={bill}")).Json.GetProperty("data").EnumerateArray().Should().ContainSingle()
            .Which.GetProperty("id").GetString().Should().Be(claim);
        (await _shop.Get($"/v1/claims?bill={(await _shop.NewBill()).GetProperty("number").GetString()}")).Json.GetProperty("data").GetArrayLength().Should().Be(0);
        (await _shop.Get("/v1/claims?status=BACK")).Json.GetProperty("data").GetArrayLength().Should().Be(0);
        var offer = await _shop.Post($"/v1/claims/{claim}/offer", """{"amount":2800,"text":"Keep it"}""");
        offer.Status.Should().Be(200, offer.Text);
        (offer.Json.GetProperty("offer").GetInt64(), offer.String("answer"), offer.String("status")).Should().Be((2_800, "Keep it", "ASKED"));
        (await _shop.Post($"/v1/claims/{claim}/offer", """{"amount":2800,"text":"Keep it"}""")).Status.Should().Be(200, "a call can be repeated");
        (await _shop.Post($"/v1/claims/{claim}/offer", """{"amount":2800,"text":"Keep the lid"}""")).ShouldBeProblem(409, "claim-offered");
        (await _shop.Post($"/v1/claims/{claim}/offer", """{"amount":2799}""")).ShouldBeProblem(409, "offer-out-of-range");
        (await _shop.Post($"/v1/claims/{claim}/agree", """{"amount":5}""")).ShouldBeProblem(400, "invalid-request");
        (await _shop.Post($"/v1/claims/{claim}/agree", "null,")).ShouldBeProblem(400, "invalid-request");
        (await _shop.Post($"/v1/claims/{claim}/refuse", """{"text":"No"}""")).ShouldBeProblem(409, "claim-offered");
        (await _shop.Post($"/v1/claims/{claim}/received")).ShouldBeProblem(409, "claim-not-now");

        var agreed = await _shop.Post($"/v1/claims/{claim}/agree");

        (agreed.String("status"), agreed.Json.GetProperty("granted").GetInt64()).Should().Be(("AGREED", 12_800));
        (await _shop.Post($"/v1/claims/{claim}/agree")).Text.Should().Be(agreed.Text);
        (await _shop.Post($"/v1/claims/{claim}/refuse", """{"text":"No"}""")).ShouldBeProblem(409, "claim-over");
        (await _shop.Post($"/v1/claims/{claim}/received")).ShouldBeProblem(409, "claim-over");
        await _shop.GetUntil($"/v1/refunds/{agreed.String("refund")}", refund => refund.GetProperty("status").GetString() == "DONE");
        (await Trade(bill)).Should().Be("CLOSED");
        await Eventually.Is(() => Task.FromResult(receiver.Accepted.Count >= 7), "all is told");
        receiver.Accepted.Values.Select(notice => notice.Type).Should().BeEquivalentTo(
            "bill.paid", "trade.shipped", "claim.offered", "claim.agreed", "trade.closed", "refund.created", "refund.done");
        receiver.Accepted.Values.Single(notice => notice.Type == "claim.agreed").Data.GetRawText().Should().Be(agreed.Text);
        (await network.Local.Books(Stop)).ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task Who_says_nothing_gives_what_is_claimed_and_the_trade_goes_on_with_the_rest()
    {
        var (bill, claim) = await Claimed(2_800);

        await Sql($"update claims set due_at = now() where id = {Number(claim)}");

        await _shop.GetUntil($"/v1/claims/{claim}", found => found.GetProperty("status").GetString() == "AGREED");
        (await Trade(bill)).Should().Be("SHIPPED");
        (await _shop.Get("/v1/balance")).Json.GetProperty("held").GetInt64().Should().Be(10_000);
    }

    [Fact]
    public async Task The_goods_come_back_before_the_money_goes()
    {
        var (_, claim) = await Claimed(12_800);

        (await _shop.Post($"/v1/claims/{claim}/return", "{}")).ShouldBeProblem(400, "invalid-request", "text");
        (await _shop.Post($"/v1/claims/{claim}/return", """{"text":"12 Nanjing Road"}""")).String("status").Should().Be("RETURNING");
        (await _shop.Post($"/v1/claims/{claim}/return", """{"text":"14 Nanjing Road"}""")).ShouldBeProblem(409, "claim-not-now")
            .GetProperty("detail").GetString().Should().EndWith("RETURNING. The shopper sends the goods back now; you can agree without them.");
        await Sql($"update claims set state = 'BACK', carrier = 'EMS', tracking_number = '7' where id = {Number(claim)}");

        (await _shop.Post($"/v1/claims/{claim}/received")).String("status").Should().Be("AGREED");
        (await _shop.Post($"/v1/claims/{claim}/received", "{}")).Status.Should().Be(200, "a call can be repeated");
        (await _shop.Post($"/v1/claims/{claim}/received", "null")).Status.Should().Be(200, "that says nothing either");
    }

    [Fact]
    public async Task Another_merchants_claim_does_not_exist_and_pages_follow_one_another()
    {
        var claims = new[] { await Claimed(1), await Claimed(2), await Claimed(3) };
        using var other = await Shop.Open(network.Local);

        (await other.Get($"/v1/claims/{claims[0].Claim}")).ShouldBeProblem(404, "not-found");
        (await other.Post($"/v1/claims/{claims[0].Claim}/agree")).ShouldBeProblem(404, "not-found");
        (await other.Get("/v1/claims")).Json.GetProperty("data").GetArrayLength().Should().Be(0);
        (await _shop.Get("/v1/claims?status=LOST")).ShouldBeProblem(400, "invalid-request", "status");
        (await _shop.Get("/v1/claims?bill=1")).ShouldBeProblem(400, "invalid-request", "bill");
        (await _shop.Get("/v1/claims?cursor=x")).ShouldBeProblem(400, "invalid-request", "cursor");
        var page = (await _shop.Get("/v1/claims?limit=2")).Json;
        var rest = (await _shop.Get($"/v1/claims?limit=2&cursor={page.GetProperty("next_cursor").GetString()}")).Json;
        page.GetProperty("data").EnumerateArray().Concat(rest.GetProperty("data").EnumerateArray()).Select(claim => claim.GetProperty("id").GetString())
            .Should().Equal(claims.Select(claim => claim.Claim).Reverse());
        rest.TryGetProperty("next_cursor", out _).Should().BeFalse();
    }

    /// <summary>A shipped escrow bill with an open claim. The shopper's page is not part of these tests.</summary>
    private async Task<(string Bill, string Claim)> Claimed(long amount)
    {
        var bill = (await _shop.NewBill(",\"settlement\":\"escrow\",\"delivery\":\"express\"")).GetProperty("number").GetString()!;
        var card = network.Card("approved");
        var run = await network.Local.RunTerminal(["pay", "--bill", bill, "--card", card.Track2, "--pin", card.Pin, "--terminal", Terminal], cancel: Stop);
        run.ExitCode.Should().Be(0, run.Output + run.Error);
        (await _shop.Post($"/v1/bills/{bill}/ship", """{"carrier":"SF Express","tracking_number":"SF1"}""")).Status.Should().Be(200);
        await using var database = NpgsqlDataSource.Create(network.Local.ConnectionString);
        await using var command = database.CreateCommand(
            $"""
            with stopped as (
              update trades set state = 'CLAIMED', time_left = interval '9 days', due_at = null, moves = moves + 1 where bill = {bill}
            )
            insert into claims (id, bill, merchant_id, place, kind, state, amount, currency, is_after_sale, reason, since, due_at, opened_at)
            select 900000000000 + (select count(*) from claims), number, merchant_id, 1, 'not_as_described', 'ASKED', {amount}, currency, false, 'it is broken', now(),
                   now() + interval '48 hours', now()
            from bills where number = {bill} returning id
            """);
        return (bill, ((long)(await command.ExecuteScalarAsync(Stop))!).ToString("D12", CultureInfo.InvariantCulture));
    }

    private async Task<string?> Trade(string bill) => (await _shop.Get($"/v1/bills/{bill}")).Json.GetProperty("trade").GetProperty("status").GetString();

    private async Task Sql(string sql)
    {
        await using var database = NpgsqlDataSource.Create(network.Local.ConnectionString);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Stop);
    }

    private static long Number(string id) => long.Parse(id, CultureInfo.InvariantCulture);
}
