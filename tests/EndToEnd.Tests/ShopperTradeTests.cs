using System.Text.Json;
using System.Text.RegularExpressions;
using Lakala.Testing;
using Microsoft.Playwright;
using Npgsql;

namespace Lakala.EndToEnd.Tests;

/// <summary>The shopper of a guaranteed trade at the page of her bill, in a real browser: each button, and what it does to trade and money.</summary>
public sealed partial class ShopperTradeTests(Network network, Browser browser) : IAsyncLifetime
{
    private const string Terminal = "T0000017", Parcel = """{"carrier":"SF Express","tracking_number":"SF1"}""";

    private static readonly byte[] Pixel = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    private Shop _shop = null!;
    private NpgsqlDataSource _database = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = NpgsqlDataSource.Create(network.Local.ConnectionString);
        _shop = await Shop.Open(network.Local);
    }

    public async ValueTask DisposeAsync()
    {
        _shop.Dispose();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData("en", "You can take your money back.", "Take my money back", "The trade is closed. The money is on its way back to the card that paid.", "your bank has it")]
    [InlineData("zh", "您可以取回货款", "取回货款", "交易已关闭，货款正在退回付款的银行卡。", "银行已入账")]
    public async Task What_was_not_shipped_in_time_she_takes_back_alone(string language, string hint, string button, string told, string done)
    {
        var order = await Paid();
        await _shop.Sql($"update trades set due_at = now() where bill = {order.Number}");
        await _shop.GetUntil($"/v1/bills/{order.Number}", bill => bill.GetProperty("trade").GetProperty("ship_overdue").GetBoolean());
        var page = await Visit(order, language);
        (await page.Locator("#actions").InnerTextAsync()).Should().Contain(hint);
        (await page.Locator("form[action*='take-back']").CountAsync()).Should().Be(0, "without a code nobody can");
        await SignIn(page, order);

        await Press(page, "take-back", button);

        await Says(page, told);
        (await page.Locator("[data-trade]").First.GetAttributeAsync("data-trade")).Should().Be("CLOSED");
        (await page.Locator("form[action*='take-back']").CountAsync()).Should().Be(0);
        (await Scalar($"select t.state || ' ' || t.held || ' ' || b.refunded || ' ' || count(*) || ' ' || sum(r.amount) from trades t join bills b on b.number = t.bill join refunds r on r.bill = t.bill where t.bill = {order.Number} group by t.state, t.held, b.refunded"))
            .Should().Be("CLOSED 0 12800 1 12800");
        await Eventually.Is(async () => await Scalar($"select state from refunds where bill = {order.Number}") == "DONE", "the bank has credited the card");
        await page.ReloadAsync();
        (await page.Locator("[data-refund]").First.InnerTextAsync()).Should().Contain(done);
    }

    [Theory]
    [InlineData("en", "Withdraw the claim", "I have sent the goods back", "Ask for a ruling", "Done. Both sides are told.")]
    [InlineData("zh", "撤回争议", "我已寄回商品", "申请裁决", "已提交，双方都会收到通知。")]
    public async Task She_withdraws_a_claim_sends_goods_back_for_another_and_asks_for_a_ruling(
        string language, string withdraw, string sendBack, string escalate, string told)
    {
        var order = await Shipped();
        var page = await Visit(order, language);
        await SignIn(page, order);

        var first = await Claim(page, order);
        await Press(page, "withdraw", withdraw);
        await Says(page, told);
        await StandsAt(page, "WITHDRAWN", language == "en" ? "The claim has ended without money." : "争议已结束，没有退款。");
        (await Scalar($"select c.state || ' ' || t.state || ' ' || t.held from claims c join trades t using (bill) where c.id = {first}")).Should().Be("WITHDRAWN SHIPPED 12800");

        var second = await Claim(page, order);
        (await _shop.Post($"/v1/claims/{second}/return", """{"text":"12 Nanjing Road"}""")).Status.Should().Be(200);
        await page.ReloadAsync();
        (await page.Locator("#claim").InnerTextAsync()).Should().Contain("12 Nanjing Road");
        await page.Locator("#carrier").FillAsync("EMS");
        await page.Locator("#number").FillAsync("EM7");
        await Press(page, "send-back", sendBack);
        await Says(page, told);
        await StandsAt(page, "BACK", language == "en" ? "The goods are on their way back." : "商品正在寄回。");
        (await Scalar($"select state || ' ' || carrier || ' ' || tracking_number from claims where id = {second}")).Should().Be("BACK EMS EM7");
        (await _shop.Get($"/v1/claims/{second}")).String("return_tracking_number").Should().Be("EM7");

        (await _shop.Post($"/v1/claims/{second}/refuse", """{"text":"It came broken"}""")).Status.Should().Be(200);
        await page.ReloadAsync();
        await page.Locator("#appeal").FillAsync("It was broken when <b>it came</b>.");
        await Press(page, "escalate", escalate);
        await Says(page, told);
        await StandsAt(page, "JUDGING", language == "en" ? "Two people of the platform read what both sides say." : "平台的两位人员将审阅双方陈述");
        (await page.Locator("form[action*='escalate']").CountAsync()).Should().Be(0);
        (await Scalar($"select state || ' ' || appeal from claims where id = {second}")).Should().Be("JUDGING It was broken when <b>it came</b>.");
        (await Scalar($"select string_agg(what, ' ' order by move) from claim_moves where claim = {second}")).Should().Be("claim.opened claim.returning claim.back claim.refused claim.judging");
    }

    [Fact]
    public async Task A_form_that_is_open_holds_the_money_for_half_an_hour_and_the_page_alone_does_not()
    {
        var (order, other) = (await Shipped(), await Shipped());
        using (var nobody = new HttpClient())
        {
            using var refused = await nobody.PostAsync(new Uri(order.Page + "/claim"), new FormUrlEncodedContent([]), Stop);
            refused.RequestMessage!.RequestUri!.Query.Should().Contain("told=CodeNeeded");
        }

        var page = await Visit(order, "en");
        await SignIn(page, order);
        (await Scalar($"select leased_until is null from trades where bill = {order.Number}")).Should().Be("True");

        await Press(page, "claim", "Something is wrong");

        await Says(page, "Your money stays held for half an hour while you write.");
        await page.Locator("#claim-form").WaitForAsync();
        (await Scalar($"select leased_until - now() between interval '29 minutes' and interval '30 minutes' from trades where bill = {order.Number}")).Should().Be("True");
        await _shop.Sql($"update trades set due_at = now() - interval '1 minute' where bill = {order.Number}");
        await _shop.Sql($"update trades set due_at = now() where bill = {other.Number}");
        await TradeIs(other, "FINISHED");
        (await Scalar($"select state from trades where bill = {order.Number}")).Should().Be("SHIPPED", "it was due before the other one, and waits for the form");
        await _shop.Sql($"update trades set leased_until = now() where bill = {order.Number}");
        await TradeIs(order, "FINISHED");
    }

    [Theory]
    [InlineData("en", "A file is no PNG, JPEG, WebP or PDF, or is damaged.", "A file is larger than 2 MB.", "Add files", "Your files are with the claim.")]
    [InlineData("zh", "有文件不是 PNG、JPEG、WebP 或 PDF，或已损坏。", "有文件超过 2 MB。", "补充文件", "文件已加入争议。")]
    public async Task A_file_that_is_none_or_too_large_is_refused_with_words_and_not_stored(string language, string unreadable, string tooLarge, string button, string added)
    {
        var order = await Shipped();
        var page = await Visit(order, language);
        await SignIn(page, order);
        var claim = await Claim(page, order);

        await Add("picture.png", "image/png", "<script>alert(1)</script>"u8.ToArray());
        await Says(page, unreadable);
        await Add("picture.png", "image/png", [.. Pixel, .. new byte[2 * 1024 * 1024]]);
        await Says(page, tooLarge);
        (await Scalar($"select count(*) from evidence where claim = {claim}")).Should().Be("0");
        (await page.Locator("#claim a").CountAsync()).Should().Be(0);

        await Add("picture.png", "image/png", Pixel);
        await Says(page, added);
        (await Scalar($"select string_agg(side || ' ' || type, ', ') from evidence where claim = {claim}")).Should().Be("shopper image/png");
        (await page.Locator("#claim a").CountAsync()).Should().Be(1);

        async Task Add(string name, string type, byte[] bytes)
        {
            await page.Locator("#more-files").SetInputFilesAsync(new FilePayload { Name = name, MimeType = type, Buffer = bytes });
            await Press(page, "files", button);
        }
    }

    [Theory]
    [InlineData("en", "waits for the shop's money", "your bank has it")]
    [InlineData("zh", "等待商家资金到位", "银行已入账")]
    public async Task A_refund_that_waits_for_the_shops_money_is_not_shown_as_refunded(string language, string waits, string done)
    {
        var order = await Shipped(",\"fee_on_refund\":\"kept\"");
        var page = await Visit(order, language);
        await SignIn(page, order);
        await Press(page, "confirm", language == "en" ? "I have the goods" : "确认收货");
        await TradeIs(order, "FINISHED");

        // The shop has got 12,723, and with a fee that is kept it would bear 12,800.
        var refund = await _shop.Post($"/v1/bills/{order.Number}/refunds", "{}", Guid.NewGuid().ToString());
        refund.String("status").Should().Be("QUEUED");

        await page.GotoAsync($"{order.Page}?lang={language}");
        var shown = page.Locator("[data-refund]").First;
        (await shown.GetAttributeAsync("data-refund")).Should().Be("QUEUED");
        (await shown.InnerTextAsync()).Should().Contain(waits);
        (await shown.InnerTextAsync()).Should().NotContainEquivalentOf("refunded").And.NotContain("your card").And.NotContain("已退").And.NotContain("银行卡");
        (await page.Locator("main").InnerTextAsync()).Should().NotContain(done);
        await Pay(await _shop.NewBill());
        await _shop.GetUntil($"/v1/refunds/{refund.String("id")}", one => one.GetProperty("status").GetString() == "DONE");
        await page.ReloadAsync();
        (await shown.InnerTextAsync()).Should().Contain(done).And.NotContain(waits);
    }

    private async Task<Order> Paid(string more = "")
    {
        var mail = $"{Guid.NewGuid():N}@home.test";
        var bill = await _shop.NewBill($$""","settlement":"escrow","delivery":"express","shopper":{"email":"{{mail}}","language":"en"}{{more}}""");
        await Pay(bill);
        return new Order(bill.GetProperty("number").GetString()!, bill.GetProperty("pay_url").GetString()!, mail);
    }

    private async Task<Order> Shipped(string more = "")
    {
        var order = await Paid(more);
        (await _shop.Post($"/v1/bills/{order.Number}/ship", Parcel)).Status.Should().Be(200);
        return order;
    }

    private async Task Pay(JsonElement bill)
    {
        var card = network.Card("approved");
        var run = await network.Local.RunTerminal(
            ["pay", "--bill", bill.GetProperty("number").GetString()!, "--card", card.Track2, "--pin", card.Pin, "--terminal", Terminal], cancel: Stop);
        run.ExitCode.Should().Be(0, run.Output + run.Error);
    }

    private async Task<IPage> Visit(Order order, string language)
    {
        var page = await browser.Open();
        await page.GotoAsync($"{order.Page}?lang={language}");
        return page;
    }

    /// <summary>The code comes by mail.</summary>
    private async Task SignIn(IPage page, Order order)
    {
        await page.Locator("form[action*='/code'] button").ClickAsync();
        await page.Locator("#told").WaitForAsync();
        var mail = await Eventually.Is(
            () => Task.FromResult(Directory.EnumerateFiles(network.Local.Mails, "code_*.eml").Select(File.ReadAllText).FirstOrDefault(text => text.Contains(order.Mail, StringComparison.Ordinal))),
            text => text is not null,
            "the mail with the code");
        await page.Locator("#code").FillAsync(Code().Match(mail!).Groups[1].Value);
        await page.Locator("form[action*='/enter'] button").ClickAsync();
        await page.Locator("#code").WaitForAsync(new() { State = WaitForSelectorState.Detached });
    }

    /// <summary>By the form, about all that is held.</summary>
    /// <returns>The claim's id.</returns>
    private async Task<string> Claim(IPage page, Order order)
    {
        await page.Locator("form[action*='/claim?'] button").ClickAsync();
        await page.Locator("#claim-form input[value='not_as_described']").CheckAsync();
        await page.Locator("#reason").FillAsync("The lid is broken.");
        await page.Locator("#claim-form button").ClickAsync();
        await page.Locator("#claim [data-claim='ASKED']").WaitForAsync();
        return (await _shop.Get($"/v1/claims?bill={order.Number}")).Json.GetProperty("data")[0].GetProperty("id").GetString()!;
    }

    private static async Task Press(IPage page, string step, string words)
    {
        var button = page.Locator($"form[action*='/{step}?'] button");
        (await button.InnerTextAsync()).Should().Be(words);
        await page.EvaluateAsync("document.body.dataset.isOld = 'yes'");
        await button.ClickAsync();
        await page.Locator("body:not([data-is-old])").WaitForAsync();
    }

    private static async Task Says(IPage page, string words) => (await page.Locator("#told").InnerTextAsync()).Should().StartWith(words);

    private static async Task StandsAt(IPage page, string state, string words)
    {
        var shown = page.Locator("#claim [data-claim]");
        (await shown.GetAttributeAsync("data-claim")).Should().Be(state);
        (await shown.InnerTextAsync()).Should().StartWith(words);
    }

    private Task<Answer> TradeIs(Order order, string state) =>
        _shop.GetUntil($"/v1/bills/{order.Number}", bill => bill.GetProperty("trade").GetProperty("status").GetString() == state);

    private async Task<string?> Scalar(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        return (await command.ExecuteScalarAsync(Stop))?.ToString();
    }

    [GeneratedRegex(@"^(\d{6}) is your code", RegexOptions.Multiline)]
    private static partial Regex Code();

    /// <param name="Page">The address of its page.</param>
    /// <param name="Mail">The shopper's address, of this order alone.</param>
    private sealed record Order(string Number, string Page, string Mail);
}
