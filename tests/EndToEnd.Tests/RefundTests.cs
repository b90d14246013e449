using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Lakala.Local;
using Lakala.Testing;

namespace Lakala.EndToEnd.Tests;

/// <summary>Money goes back to the card: from the merchant's request to the bank's book.</summary>
public sealed class RefundTests(Network network) : IAsyncLifetime
{
    private const string Terminal = "T0000012";

    private readonly HttpClient _http = new();
    private Shop _shop = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _shop = await Shop.Open(network.Local);

    public ValueTask DisposeAsync()
    {
        _shop.Dispose();
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_refund_in_parts_reaches_the_card_and_all_books()
    {
        await using var receiver = await WebhookReceiver.Start();
        receiver.Trust((await _shop.Post("/v1/webhook_endpoints", $$"""{"url":"{{receiver.Address}}"}""")).String("secret"));
        var bill = await Pay(await _shop.NewBill());

        var part = await Refund(bill, """{"amount":2800,"reason":"The lid was broken"}""");
        var rest = await Refund(bill, "{}");

        part.Status.Should().Be(201, part.Text);
        part.Headers.Location!.ToString().Should().Be($"/v1/refunds/{part.String("id")}");
        part.Json.GetProperty("amount").GetInt64().Should().Be(2_800);
        part.String("reason").Should().Be("The lid was broken");
        part.String("bill").Should().Be(bill);
        rest.Json.GetProperty("amount").GetInt64().Should().Be(10_000);
        await Done(part, "DONE");
        await Done(rest, "DONE");

        (await _shop.Get($"/v1/bills/{bill}")).Json.GetProperty("refunded").GetInt64().Should().Be(12_800);
        (await _shop.Get($"/v1/bills/{bill}/refunds")).Json.GetProperty("data").EnumerateArray().Select(one => one.GetProperty("amount").GetInt64())
            .Should().BeEquivalentTo([2_800, 10_000]);
        (await Credits(bill)).Should().BeEquivalentTo([(part.String("id"), 2_800L), (rest.String("id"), 10_000L)]);
        await Eventually.Is(() => Task.FromResult(receiver.Accepted.Count >= 5), "all is told");
        receiver.Accepted.Values.Select(notice => notice.Type).Should().BeEquivalentTo("bill.paid", "refund.created", "refund.created", "refund.done", "refund.done");
        receiver.Accepted.Values.Single(notice => notice.Type == "refund.done" && notice.Data.GetProperty("amount").GetInt64() == 2_800).Data.GetProperty("id").GetString()
            .Should().Be(part.String("id"));
        (await network.Local.Books(Stop)).ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task When_the_fee_is_kept_the_shop_bears_the_refund_and_all_are_shown_that_before()
    {
        var (created, usual) = (await _shop.NewBill(""","fee_on_refund":"kept" """), await _shop.NewBill());
        (created.GetProperty("fee_on_refund").GetString(), usual.GetProperty("fee_on_refund").GetString()).Should().Be(("kept", "returned"));
        var page = new Uri(created.GetProperty("pay_url").GetString()!).AbsolutePath;
        (await _shop.Get(page)).Text.Should().Contain("The shop does not get the fee for this payment back.");
        (await _shop.Get(page + "?lang=zh")).Text.Should().Contain("本次付款的手续费不退还商家");
        (await _shop.Get(new Uri(usual.GetProperty("pay_url").GetString()!).AbsolutePath)).Text.Should().Contain("The shop gets the fee for this payment back.");

        var bill = await Pay(created);
        var refund = await Refund(bill, """{"amount":2800}""");

        await Done(refund, "DONE");
        (await _shop.Get($"/v1/bills/{bill}")).String("fee_on_refund").Should().Be("kept");
        (await _shop.Get("/v1/balance/entries")).Json.GetProperty("data").EnumerateArray()
            .Single(entry => entry.GetProperty("kind").GetString() == "refund").GetProperty("amount").GetInt64().Should().Be(-2_800);
        (await _shop.Get(page)).Text.Should().Contain("The shop does not get the fee for this payment back.");
    }

    [Fact]
    public async Task A_card_that_was_closed_takes_no_refund_and_the_money_is_back_where_it_was()
    {
        var bill = await Pay(await _shop.NewBill(), network.Local.Cards.First(card => card.RefundAnswers == "14"));

        var refund = await Refund(bill, "{}");

        (await Done(refund, "DECLINED")).GetProperty("response_code").GetString().Should().Be("14");
        (await _shop.Get($"/v1/bills/{bill}")).Json.GetProperty("refunded").GetInt64().Should().Be(0);
        (await Credits(bill)).Should().BeEmpty();
        (await network.Local.Books(Stop)).ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task A_bank_that_is_silent_is_asked_again_and_gives_one_credit()
    {
        var bill = await Pay(await _shop.NewBill());
        await Plan("silent");

        var refund = await Refund(bill, "{}");

        await Done(refund, "DONE");
        (await Credits(bill)).Should().Equal((refund.String("id"), 12_800L));
        (await Tries(refund)).Should().BeGreaterThan(1);
    }

    [Fact]
    public async Task Repeats_under_one_key_are_one_refund_and_the_key_is_of_one_bill()
    {
        var (bill, other) = (await Pay(await _shop.NewBill()), await Pay(await _shop.NewBill()));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Refund(bill, "{}", "key-1")));
        var foreign = await Refund(other, "{}", "key-1");

        answers.Select(answer => answer.Text).Distinct().Should().ContainSingle();
        answers.Should().OnlyContain(answer => answer.Status == 201 && answer.Headers.Location != null);
        foreign.ShouldBeProblem(409, "idempotency-key-reused", "Idempotency-Key");
    }

    [Fact]
    public async Task What_cannot_be_refunded_is_refused_and_changes_nothing()
    {
        var (open, paid) = ((await _shop.NewBill()).GetProperty("number").GetString()!, await Pay(await _shop.NewBill()));
        using var stranger = await Shop.Open(network.Local);

        (await Refund(open, "{}")).ShouldBeProblem(409, "bill-not-paid").GetProperty("detail").GetString().Should().Contain("is OPEN");
        (await Refund(paid, """{"amount":null}""")).ShouldBeProblem(400, "invalid-request", "amount");
        (await Refund(paid, """{"amount":12801}""")).ShouldBeProblem(409, "refund-exceeds").GetProperty("left").GetInt64().Should().Be(12800);
        (await Refund(paid, """{"amount":0}""")).ShouldBeProblem(400, "invalid-request", "amount");
        (await Refund(paid, """{"amount":-1}""")).ShouldBeProblem(400, "invalid-request", "amount");
        (await Refund(paid, """{"amount":1.5}""")).ShouldBeProblem(400, "invalid-request", "amount");
        (await Refund(paid, """{"reason":""}""")).ShouldBeProblem(400, "invalid-request", "reason");
        (await Refund(paid, """{"amont":1}""")).ShouldBeProblem(400, "invalid-request", "amont");
        (await _shop.Post($"/v1/bills/{paid}/refunds", "{}")).ShouldBeProblem(400, "invalid-request", "Idempotency-Key");
        (await Refund("00000000000000", "{}")).ShouldBeProblem(404, "not-found");
        (await stranger.Post($"/v1/bills/{paid}/refunds", "{}", Guid.NewGuid().ToString())).ShouldBeProblem(404, "not-found");
        (await stranger.Get($"/v1/bills/{paid}/refunds")).ShouldBeProblem(404, "not-found");

        var refund = await Refund(paid, """{"amount":1}""");
        (await stranger.Get($"/v1/refunds/{refund.String("id")}")).ShouldBeProblem(404, "not-found");
        (await _shop.Get("/v1/refunds/none")).ShouldBeProblem(404, "not-found");
        (await _shop.Get($"/v1/bills/{paid}")).Json.GetProperty("refunded").GetInt64().Should().Be(1);
    }

    [Fact]
    public async Task Of_many_at_once_no_more_than_the_bill_is_refunded()
    {
        var bill = await Pay(await _shop.NewBill());

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Refund(bill, """{"amount":4000}""")));

        answers.Count(answer => answer.Status == 201).Should().Be(3);
        answers.Where(answer => answer.Status != 201).Should().HaveCount(7);
        foreach (var refused in answers.Where(answer => answer.Status != 201))
        {
            refused.ShouldBeProblem(409, "refund-exceeds");
        }
    }

    [Fact]
    public async Task A_shop_withdraws_a_refund_that_waits_for_its_money_and_not_one_that_the_bank_has()
    {
        await using var receiver = await WebhookReceiver.Start();
        receiver.Trust((await _shop.Post("/v1/webhook_endpoints", $$"""{"url":"{{receiver.Address}}"}""")).String("secret"));
        using var stranger = await Shop.Open(network.Local);
        var made = await _shop.NewBill(""","fee_on_refund":"kept" """);
        var (bill, page) = (await Pay(made), new Uri(made.GetProperty("pay_url").GetString()!).AbsolutePath);
        var refund = await Refund(bill, "{}");
        refund.String("status").Should().Be("QUEUED", "the shop has the price without the fee");
        (await _shop.Get(page)).Text.Should().Contain("data-refund=\"QUEUED\"").And.Contain("waits for the shop&#x27;s money");

        (await Withdraw(stranger, refund)).ShouldBeProblem(404, "not-found");
        (await _shop.Post("/v1/refunds/none/withdraw")).ShouldBeProblem(404, "not-found");
        (await _shop.Post($"/v1/refunds/{refund.String("id")}/withdraw", """{"reason":"a mistake"}""")).ShouldBeProblem(400, "invalid-request");
        var withdrawn = await Withdraw(_shop, refund);
        var again = await Withdraw(_shop, refund);

        withdrawn.Status.Should().Be(200, withdrawn.Text);
        withdrawn.String("status").Should().Be("WITHDRAWN");
        withdrawn.Json.TryGetProperty("decision", out _).Should().BeFalse("nobody was promised it");
        withdrawn.Json.GetProperty("finished_at").GetDateTimeOffset().Should().BeOnOrAfter(withdrawn.Json.GetProperty("created_at").GetDateTimeOffset());
        (again.Status, again.Text).Should().Be((200, withdrawn.Text));
        (await _shop.Get($"/v1/refunds/{refund.String("id")}")).Text.Should().Be(withdrawn.Text);
        (await _shop.Get($"/v1/bills/{bill}")).Json.GetProperty("refunded").GetInt64().Should().Be(0);
        (await _shop.Get(page)).Text.Should().Contain("data-refund=\"WITHDRAWN\"").And.Contain("the shop has withdrawn it");
        (await _shop.Get(page + "?lang=zh")).Text.Should().Contain("商家已撤回");

        var part = await Refund(bill, """{"amount":2800}""");
        await Done(part, "DONE");
        (await Withdraw(_shop, part)).ShouldBeProblem(409, "refund-not-withdrawable").GetProperty("detail").GetString().Should().Contain("is DONE");
        (await Credits(bill)).Should().Equal((part.String("id"), 2_800L));
        await Eventually.Is(() => Task.FromResult(receiver.Accepted.Count >= 5), "all is told");
        receiver.Accepted.Values.Select(notice => notice.Type).Should().BeEquivalentTo("bill.paid", "refund.created", "refund.withdrawn", "refund.created", "refund.done");
        receiver.Accepted.Values.Single(notice => notice.Type == "refund.withdrawn").Data.GetProperty("status").GetString().Should().Be("WITHDRAWN");
        (await network.Local.Books(Stop)).ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task A_refund_that_the_bank_may_have_is_not_withdrawn()
    {
        var bill = await Pay(await _shop.NewBill());
        await Plan("silent");
        var refund = await Refund(bill, "{}");
        await Eventually.Is(async () => await Tries(refund) > 0, "the bank was asked");

        (await Withdraw(_shop, refund)).ShouldBeProblem(409, "refund-not-withdrawable").GetProperty("detail").GetString().Should().Contain("only what is QUEUED or REQUESTED");

        await Done(refund, "DONE");
        (await Credits(bill)).Should().Equal((refund.String("id"), 12_800L));
    }

    [Fact]
    public async Task The_shopper_sees_on_the_page_how_a_refund_is_coming_along()
    {
        var made = await _shop.NewBill();
        var refund = await Refund(await Pay(made), """{"amount":2800}""");
        await Done(refund, "DONE");

        var page = made.GetProperty("pay_url").GetString()!;
        (await _http.GetStringAsync(page + "?lang=en", Stop)).Should().Contain("data-refund=\"DONE\"").And.Contain("¥28.00").And.Contain("it is on your card");
        (await _http.GetStringAsync(page + "?lang=zh", Stop)).Should().Contain("已退回您的银行卡");
    }

    private Task<Answer> Refund(string bill, string body, string? key = null) => _shop.Post($"/v1/bills/{bill}/refunds", body, key ?? Guid.NewGuid().ToString());

    private static Task<Answer> Withdraw(Shop shop, Answer refund) => shop.Post($"/v1/refunds/{refund.String("id")}/withdraw");

    private async Task<JsonElement> Done(Answer refund, string state) =>
        (await _shop.GetUntil($"/v1/refunds/{refund.String("id")}", found => found.GetProperty("status").GetString() == state)).Json;

    private async Task<string> Pay(JsonElement bill, TestCard? card = null)
    {
        var number = bill.GetProperty("number").GetString()!;
        card ??= network.Card("approved");
        var run = await network.Local.RunTerminal(["pay", "--bill", number, "--card", card.Track2, "--pin", card.Pin, "--terminal", Terminal], cancel: Stop);
        run.ExitCode.Should().Be(0, run.Output + run.Error);
        return number;
    }

    private async Task<IReadOnlyList<(string Rrn, long Amount)>> Credits(string bill) =>
        await network.Local.CreditsOf((await _shop.Get($"/v1/bills/{bill}")).Json.GetProperty("payment").GetProperty("rrn").GetString()!);

    private async Task<int> Tries(Answer refund)
    {
        await using var database = Npgsql.NpgsqlDataSource.Create(network.Local.ConnectionString);
        await using var command = database.CreateCommand($"select tries from refunds where rrn = {long.Parse(refund.String("id"), CultureInfo.InvariantCulture)}");
        return (int)(await command.ExecuteScalarAsync(Stop))!;
    }

    private async Task Plan(string kind)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri(network.Local.BankHttp, "/faults"), new { kind, count = 1, of = "refunds" }, Stop);
        answer.EnsureSuccessStatusCode();
    }
}
