using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Lakala.Local;
using Lakala.Testing;
using Lakala.Wire.Files;
using Microsoft.Playwright;
using MimeKit;

namespace Lakala.EndToEnd.Tests;

/// <summary>A network whose mails go to a real SMTP server and whose SMS to a gateway of the test's.</summary>
public sealed class ShopperNetwork : IAsyncLifetime
{
    public const string GatewayToken = "Bearer of-the-gateway";

    private readonly HttpListener _gateway = new();
    private readonly List<ShortMessage> _texts = [];
    private Task _listening = Task.CompletedTask;

    public LocalNetwork Local { get; private set; } = null!;

    internal MailServer Server { get; private set; } = null!;

    internal Shop Shop { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await MailServer.Start();
        var sms = FreePorts.Take(1)[0];
        _gateway.Prefixes.Add($"http://127.0.0.1:{sms}/");
        _gateway.Start();
        _listening = Listen();
        var token = Path.Combine(Repository.Home, "test", "sms-token");
        Directory.CreateDirectory(Path.GetDirectoryName(token)!);
        AtomicFile.Write(token, GatewayToken + "\n");
        var password = Path.Combine(Repository.Home, "test", "mail-password");
        AtomicFile.Write(password, MailServer.Password + "\n");
        Local = await Network.StartAnother(new LocalNetworkOptions
        {
            Silo = new Dictionary<string, string>
            {
                ["Mail__Host"] = "127.0.0.1",
                ["Mail__Port"] = $"{Server.Port}",
                ["Mail__User"] = MailServer.User,
                ["Mail__PasswordFile"] = password,
                ["SSL_CERT_FILE"] = Server.Authority,

                // The local CA publishes no revocation list.
                ["Mail__CheckRevocation"] = "false",
                ["Mail__From"] = "Lakala <bills@pay.test>",
                ["Sms__Url"] = $"http://127.0.0.1:{sms}/send",
                ["Sms__AuthorizationFile"] = token,
                ["Notices__LongestPause"] = "00:00:01",
            },
        });
        Shop = await Shop.Open(Local);
    }

    public async ValueTask DisposeAsync()
    {
        Shop.Dispose();
        await Local.DisposeAsync();
        await Server.DisposeAsync();
        _gateway.Stop();
        await _listening;
        _gateway.Close();
    }

    /// <summary>The SMS that contain this text.</summary>
    internal List<ShortMessage> Texts(string piece)
    {
        lock (_texts)
        {
            return [.. _texts.Where(text => text.Text.Contains(piece, StringComparison.Ordinal))];
        }
    }

    private async Task Listen()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _gateway.GetContextAsync();
            }
            catch (Exception over) when (over is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            var body = (await JsonDocument.ParseAsync(context.Request.InputStream)).RootElement;
            lock (_texts)
            {
                _texts.Add(new ShortMessage(
                    context.Request.Headers["Idempotency-Key"],
                    context.Request.Headers["Authorization"],
                    body.GetProperty("to").GetString(),
                    body.GetProperty("text").GetString()!));
            }

            context.Response.StatusCode = 202;
            context.Response.Close();
        }
    }
}

internal sealed record ShortMessage(string? Id, string? Authorization, string? To, string Text);

/// <summary>The shopper's mails and SMS.</summary>
public sealed class ShopperMailTests(ShopperNetwork network, Browser browser) : IClassFixture<ShopperNetwork>
{
    private const string Phone = "+8613800000000";

    private static int Addresses;

    private readonly MailServer _server = network.Server;
    private readonly Shop _shop = network.Shop;

    [Fact]
    public async Task A_shopper_is_told_of_the_bill_and_of_its_payment_in_words_and_codes()
    {
        var (bill, to) = await NewBill("en", more: $$""","phone":"{{Phone}}","name":"Li Na" """);
        var created = (await _server.Until(to, 1))[0];
        await Pay(bill);
        var paid = (await _server.Until(to, 2))[1];

        created.Subject.Should().Be("Your bill: ¥128.00, Tea & <b>Sons</b>");
        created.From.ToString().Should().Be("\"Lakala\" <bills@pay.test>");
        created.Headers["Auto-Submitted"].Should().Be("auto-generated");
        created.MessageId.Should().Be($"{await EventId(bill, "bill.created")}@pay.test");
        created.TextBody.Should().Contain("Hello Li Na,").And.Contain(Spaced(bill)).And.Contain(PayUrl(bill)).And.Contain("Beijing time");
        created.HtmlBody.Should().Contain("Tea &amp; &lt;b&gt;Sons&lt;/b&gt;").And.Contain(PayUrl(bill)).And.Contain(Spaced(bill));
        (await Codes(created)).Should().BeEquivalentTo($"CODE-128:{Number(bill)}", $"QR-Code:{Number(bill)}");

        var payment = (await _shop.Get($"/v1/bills/{Number(bill)}")).Json.GetProperty("payment");
        paid.Subject.Should().StartWith("Paid: ¥128.00");
        foreach (var body in new[] { paid.TextBody, paid.HtmlBody })
        {
            body.Should().Contain(payment.GetProperty("rrn").GetString()).And.Contain(payment.GetProperty("authorisation_code").GetString())
                .And.Contain(payment.GetProperty("masked_card").GetString()).And.Contain("Corner Store 1").And.NotContain(PayUrl(bill));
        }

        paid.BodyParts.OfType<MimePart>().Should().NotContain(part => part.ContentType.MediaType == "image", "there is nothing to scan any more");
        var texts = await Eventually.Is(() => Task.FromResult(network.Texts(Spaced(bill))), texts => texts.Count == 2, "two SMS");
        texts.Should().OnlyContain(text => text.Authorization == ShopperNetwork.GatewayToken && text.To == Phone);
        texts[0].Text.Should().StartWith("Your bill: ").And.EndWith(PayUrl(bill));
        texts[1].Text.Should().StartWith("Paid: ").And.NotContain(PayUrl(bill));
        texts[1].Id.Should().Be(await EventId(bill, "bill.paid"));
        await Look(created, "mail-created-en");
        await Look(paid, "mail-paid-en");
    }

    [Theory]
    [InlineData("zh", "bill.cancelled", "您的账单已取消")]
    [InlineData("en", "bill.cancelled", "Your bill was cancelled")]
    [InlineData("zh", "bill.expired", "您的账单已过期")]
    [InlineData("en", "bill.expired", "Your bill has expired")]
    public async Task A_shopper_is_told_that_nothing_can_or_need_be_paid_any_more(string language, string type, string headline)
    {
        var (bill, to) = await NewBill(language);
        await _server.Until(to, 1);
        if (type == "bill.cancelled")
        {
            (await _shop.Post($"/v1/bills/{Number(bill)}/cancel")).Status.Should().Be(200);
        }
        else
        {
            await _shop.Sql($"update bills set expires_at = clock_timestamp() where number = {Number(bill)}");
        }

        var ended = (await _server.Until(to, 2))[1];

        ended.Subject.Should().StartWith(headline);
        ended.TextBody.Should().Contain(headline).And.NotContain(PayUrl(bill));
        ended.HtmlBody.Should().Contain(headline).And.NotContain("cid:");
    }

    [Fact]
    public async Task A_reminder_comes_once_before_the_end_in_the_shoppers_language()
    {
        var (bill, to) = await NewBill("zh");
        await _server.Until(to, 1);
        await _shop.Sql($"update bills set remind_at = clock_timestamp() where number = {Number(bill)}");

        var reminder = (await _server.Until(to, 2))[1];
        await _shop.Post($"/v1/bills/{Number(bill)}/cancel");
        var all = await _server.Until(to, 3);

        reminder.Subject.Should().StartWith("您的账单尚未付款");
        reminder.TextBody.Should().Contain(Spaced(bill)).And.Contain("付款截止").And.Contain("北京时间");
        (await Codes(reminder)).Should().BeEquivalentTo($"CODE-128:{Number(bill)}", $"QR-Code:{Number(bill)}");
        all.Select(mail => mail.Subject![..4]).Should().Equal("您的账单", "您的账单", "您的账单");
        all[2].Subject.Should().StartWith("您的账单已取消");
        await Look(reminder, "mail-reminder-zh");
    }

    [Theory]
    [InlineData(320)]
    [InlineData(390)]
    [InlineData(700)]
    public async Task A_mail_fits_its_screen_whatever_the_merchant_wrote(int width)
    {
        var to = $"shopper-{Interlocked.Increment(ref Addresses)}@home.test";
        var order = Guid.NewGuid().ToString("N") + new string('o', 32);
        var json = JsonSerializer.Serialize(new
        {
            order_id = order,
            amount = 999_999_999_999,
            currency = "CNY",
            description = new string('n', 255),
            shopper = new { email = to, name = new string('m', 100) },
        });
        (await _shop.Post("/v1/bills", json)).Status.Should().Be(201);
        var mail = (await _server.Until(to, 1))[0];

        var page = await Show(mail, width);

        (await page.EvaluateAsync<string>("[...document.querySelectorAll('body, body *')].filter(e => e.scrollWidth > e.clientWidth && e.clientWidth).map(e => e.outerHTML).join()"))
            .Should().BeEmpty();
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).Should().BeLessThanOrEqualTo(width);
        (await page.Locator("p", new() { HasText = "¥9,999" }).First.InnerHTMLAsync()).Should().Be("¥9,<wbr>999,<wbr>999,<wbr>999.99<wbr>", "it is broken behind a comma alone");
        (await page.Locator("meta[name=format-detection]").GetAttributeAsync("content")).Should().Contain("telephone=no");
        await Browser.Picture(page, $"mail-long-{width}");
    }

    [Fact]
    public async Task A_mail_that_the_server_refuses_is_tried_again_and_once_paid_nobody_is_asked_to_pay()
    {
        _server.Refuse(true);
        var (bill, to) = await NewBill("en");
        var created = await EventId(bill, "bill.created");
        await _shop.GetUntil($"/v1/events/{created}", json => Delivery(json).GetProperty("tries").GetInt32() >= 1
            && Delivery(json).TryGetProperty("last_error", out var error) && error.GetString() == "the mail server refuses with 451: come again");
        await Pay(bill);
        _server.Refuse(false);

        var first = (await _server.Until(to, 1))[0];
        var skipped = await _shop.GetUntil($"/v1/events/{created}", json => Delivery(json).GetProperty("state").GetString() == "SKIPPED");

        first.Subject.Should().StartWith("Paid: ");
        Delivery(skipped.Json).GetProperty("last_error").GetString().Should().Be("the bill is paid");
        (await File.ReadAllTextAsync(network.Local.Silo.Log, Shop.Stop)).Should().NotContain(to);
    }

    [Fact]
    public async Task Each_event_can_be_sent_to_the_shopper_again_under_its_id()
    {
        var (bill, to) = await NewBill("en");
        await _server.Until(to, 1);
        var created = await EventId(bill, "bill.created");

        (await _shop.Post($"/v1/events/{created}/resend?to=shopper")).Status.Should().Be(202);
        var mails = await _server.Until(to, 2);

        mails.Select(mail => mail.MessageId).Should().Equal($"{created}@pay.test", $"{created}@pay.test");
        (await _shop.Post($"/v1/events/{created}/resend")).ShouldBeProblem(409, "nobody-to-tell");
        (await _shop.Post($"/v1/events/{created}/resend?to=bank")).ShouldBeProblem(400, "invalid-request", "to");
    }

    [Theory]
    [InlineData("\"email\":\"nobody\"", "shopper.email")]
    [InlineData("\"email\":\"a@b.test\\r\\nBcc: c@d.test\"", "shopper.email")]
    [InlineData("\"phone\":\"13800000000\"", "shopper.phone")]
    [InlineData("\"language\":\"fr\"", "shopper.language")]
    public async Task A_shopper_that_cannot_be_told_is_refused_by_name(string member, string field) =>
        (await _shop.Post("/v1/bills", Shop.BillOf(Shop.NewOrder(), $",\"shopper\":{{{member}}}"))).ShouldBeProblem(400, "invalid-request", field);

    private static JsonElement Delivery(JsonElement told) =>
        told.GetProperty("deliveries").EnumerateArray().Single(delivery => delivery.GetProperty("receiver").GetString() == "mail");

    [Theory]
    [InlineData("en", 1280, 900)]
    [InlineData("zh", 390, 844)]
    public async Task A_shopper_follows_her_trade_and_confirms_it_with_a_code(string language, int width, int height)
    {
        var words = Spoken[language];
        var (bill, to) = await NewEscrowBill(language, confirmSeconds: 864_000);
        var page = await browser.Open(width, height);
        await page.GotoAsync(PayUrl(bill));
        await page.GetByText(words.Guarantee).WaitForAsync();

        await Pay(bill);
        await page.GetByText(words.Wait).First.WaitForAsync();
        (await _shop.Post($"/v1/bills/{Number(bill)}/ship", """{"carrier":"SF Express","tracking_number":"SF1234567890123"}""")).Status.Should().Be(200);
        await page.GetByText("SF1234567890123").WaitForAsync();
        await Press(page, words.SendCode);
        await page.GetByText(words.CodeSent).WaitForAsync();
        var mail = (await _server.Until(to, 4)).Single(mail => mail.Subject!.Contains(words.Subject, StringComparison.Ordinal));
        var code = Regex.Match(mail.TextBody!, "[0-9]{6}").Value;
        await ShouldBeUsable(page, width);

        await Enter(page, words, code == "000000" ? "000001" : "000000");
        await page.GetByText(words.CodeWrong).WaitForAsync();
        await Enter(page, words, code);
        await page.GetByText(words.CodeRight).WaitForAsync();
        await ShouldBeUsable(page, width);
        await Browser.Picture(page, $"trade-{language}-{(width < 500 ? "phone" : "desktop")}");
        var before = (await _shop.Get($"/v1/bills/{Number(bill)}")).Json.GetProperty("confirm_by").GetDateTimeOffset();
        await Press(page, words.Extend);
        await page.GetByText(words.Extended).WaitForAsync();
        (await _shop.Get($"/v1/bills/{Number(bill)}")).Json.GetProperty("confirm_by").GetDateTimeOffset().Should().Be(before.AddDays(3));
        await Press(page, words.Confirm);
        await page.GetByText(words.Confirmed).WaitForAsync();

        (await _shop.Get($"/v1/bills/{Number(bill)}")).Json.GetProperty("trade").GetProperty("status").GetString().Should().Be("FINISHED");
        (await page.Locator("#actions button").AllTextContentsAsync()).Should().Equal([words.Begin], "a claim is still possible for seven days");
    }

    [Fact]
    public async Task Without_a_script_and_without_a_code_nobody_moves_the_money()
    {
        var (bill, to) = await NewEscrowBill("en", confirmSeconds: 864_000);
        await Pay(bill);
        await _shop.Post($"/v1/bills/{Number(bill)}/ship", """{"carrier":"SF Express","tracking_number":"SF1"}""");
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        using var answer = await http.PostAsync(new Uri(PayUrl(bill) + "/confirm"), new FormUrlEncodedContent([]), Shop.Stop);
        ((int)answer.StatusCode, answer.Headers.Location!.OriginalString).Should().Be((303, $"../{PayUrl(bill).Split('/')[^1]}?told=CodeNeeded#told"));
        using var elsewhere = await http.PostAsync(new Uri(PayUrl(bill)[..^2] + "xx/confirm"), new FormUrlEncodedContent([]), Shop.Stop);
        ((int)elsewhere.StatusCode).Should().Be(404);

        // She takes her time: her page has no script, and shows what she did.
        var words = Spoken["en"];
        var page = await browser.Open(javaScript: false);
        await page.GotoAsync(PayUrl(bill));
        await Press(page, words.SendCode);
        await Press(page, words.SendCode);
        await page.GetByText(words.CodeTooSoon).WaitForAsync();
        var mail = (await _server.Until(to, 4)).Single(mail => mail.Subject!.StartsWith("Your code", StringComparison.Ordinal));
        await Enter(page, words, Regex.Match(mail.TextBody!, "[0-9]{6}").Value);
        await Press(page, words.Confirm);
        await page.GetByText(words.Confirmed).WaitForAsync();
        (await _shop.Get($"/v1/bills/{Number(bill)}")).Json.GetProperty("trade").GetProperty("status").GetString().Should().Be("FINISHED");
    }

    [Theory]
    [InlineData("en", 390, 844)]
    [InlineData("zh", 1280, 900)]
    public async Task A_shopper_whom_nobody_can_write_to_acts_with_the_code_on_her_receipt(string language, int width, int height)
    {
        var words = Spoken[language];
        var bill = await _shop.NewBill($$""","shopper":{"language":"{{language}}"},"settlement":"escrow","delivery":"express","confirm_within_seconds":864000""");
        var copies = (await Pay(bill)).GetProperty("receipts").EnumerateArray().Select(receipt => receipt.GetString()!).ToList();
        await _shop.Post($"/v1/bills/{Number(bill)}/ship", """{"carrier":"SF Express","tracking_number":"SF1"}""");
        var page = await browser.Open(width, height);
        await page.GotoAsync(PayUrl(bill));
        var code = Regex.Match(copies[0], "[0-9]{5} [0-9]{5}").Value;
        copies[1].Should().NotMatchRegex("[0-9]{5} [0-9]{5}", "the store's copy has none");
        await ShouldBeUsable(page, width);
        (await page.GetByRole(AriaRole.Button, new() { Name = words.SendCode, Exact = true }).CountAsync()).Should().Be(0);

        await Enter(page, words, (code[0] == '0' ? '1' : '0') + code[1..]);
        await page.GetByText(words.CodeWrong).WaitForAsync();
        await Enter(page, words, code);
        await page.GetByText(words.CodeRight).WaitForAsync();
        await Press(page, words.Confirm);
        await page.GetByText(words.Confirmed).WaitForAsync();
        await Press(page, words.Begin);
        await page.GetByLabel(words.Kind).WaitForAsync();

        (await _shop.Get($"/v1/bills/{Number(bill)}")).Json.GetProperty("trade").GetProperty("status").GetString().Should().Be("FINISHED");
        var digits = code.Replace(" ", "", StringComparison.Ordinal);
        (await File.ReadAllTextAsync(network.Local.Silo.Log, Shop.Stop)).Should().NotContain(digits).And.NotContain(code);
        var again = await network.Local.RunTerminal(["reprint", "--json"], cancel: Shop.Stop);
        again.Output.Should().Contain(code);
    }

    [Theory]
    [InlineData("en", 390, 844)]
    [InlineData("zh", 1280, 900)]
    public async Task A_shopper_claims_with_a_picture_and_takes_the_shops_offer(string language, int width, int height)
    {
        var words = Spoken[language];
        var (bill, to) = await NewEscrowBill(language, confirmSeconds: 864_000);
        await Pay(bill);
        await _shop.Post($"/v1/bills/{Number(bill)}/ship", """{"carrier":"SF Express","tracking_number":"SF1"}""");
        var page = await browser.Open(width, height);
        await page.GotoAsync(PayUrl(bill));
        await Press(page, words.SendCode);
        var mail = (await _server.Until(to, 4)).Single(mail => mail.Subject!.Contains(words.Subject, StringComparison.Ordinal));
        await Enter(page, words, Regex.Match(mail.TextBody!, "[0-9]{6}").Value);
        await Press(page, words.Begin);

        await page.GetByLabel(words.Kind).CheckAsync();
        await page.GetByLabel(words.Amount).FillAsync("100.50");
        await page.GetByLabel(words.Reason).FillAsync("The pot is broken <b>1</b>");
        await page.GetByLabel(words.Files).SetInputFilesAsync(new FilePayload { Name = "pot.html", MimeType = "text/html", Buffer = Convert.FromBase64String(Picture) });
        await ShouldBeUsable(page, width);
        await Press(page, words.Send);
        await page.GetByText(words.ClaimSent).WaitForAsync();
        await ShouldBeUsable(page, width);
        await Browser.Picture(page, $"claim-{language}-{(width < 500 ? "phone" : "desktop")}");
        var claim = (await _shop.Get("/v1/claims?limit=100")).Json.GetProperty("data").EnumerateArray().Single(one => one.GetProperty("bill").GetString() == Number(bill));
        (claim.GetProperty("status").GetString(), claim.GetProperty("amount").GetInt64()).Should().Be(("ASKED", 10_050));
        var file = await page.APIRequest.GetAsync(new Uri(new Uri(page.Url), (await page.Locator("#claim a").GetAttributeAsync("href"))!).ToString());
        (file.Status, file.Headers["content-type"], file.Headers["x-content-type-options"]).Should().Be((200, "image/png", "nosniff"));
        (await (await browser.Open()).APIRequest.GetAsync(file.Url)).Status.Should().Be(404, "it is for the shopper's session alone");
        (await _shop.Get($"/v1/bills/{Number(bill)}")).Json.GetProperty("trade").GetProperty("status").GetString().Should().Be("CLAIMED");

        var offer = await _shop.Post($"/v1/claims/{claim.GetProperty("id").GetString()}/offer", """{"amount":5000,"text":"Half of it."}""");
        offer.Status.Should().Be(200, offer.Text);
        await page.GetByText("Half of it.").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = words.Accept }).ClickAsync();
        await page.Locator("[data-claim=AGREED]").WaitForAsync();

        var refunded = await _shop.GetUntil($"/v1/bills/{Number(bill)}/refunds", list => list.GetProperty("data")[0].GetProperty("status").GetString() == "DONE");
        refunded.Json.GetProperty("data")[0].GetProperty("amount").GetInt64().Should().Be(5000);
        (await _shop.Get($"/v1/bills/{Number(bill)}")).Json.GetProperty("trade").GetProperty("held").GetInt64().Should().Be(12_800 - 5000);
    }

    // One white point.
    private const string Picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==";

    private sealed record Words(
        string Guarantee, string Wait, string SendCode, string CodeSent, string CodeTooSoon, string Subject, string CodeLabel, string Enter, string CodeWrong, string CodeRight,
        string Extend, string Extended, string Confirm, string Confirmed,
        string Begin, string Kind, string Amount, string Reason, string Files, string Send, string ClaimSent, string Accept);

    private static readonly Dictionary<string, Words> Spoken = new()
    {
        ["en"] = new(
            "Your money is held until you have the goods", "The shop ships by", "Send me a code", "The code is on its way to you", "A code was sent a moment ago", "Your code", "Your code",
            "Enter", "This code is not right", "Your code is right", "Take more time", "You have more time now", "I have the goods", "You have confirmed",
            "Something is wrong", "The goods are not as described", "Amount in yuan", "What happened", "Pictures or PDFs", "Send the claim", "Your claim is with the shop", "Take the offer"),
        ["zh"] = new(
            "收到商品之前，货款由平台保管", "商家应在", "发送验证码", "验证码已发送", "刚刚已发送过验证码", "验证码", "验证码",
            "提交", "验证码不正确", "验证通过", "延长查验时间", "查验时间已延长", "确认收货", "您已确认收货",
            "商品有问题", "商品与描述不符", "要求退回的金额", "请说明情况", "图片或 PDF", "提交争议", "争议已提交商家", "接受报价"),
    };

    private static Task Press(IPage page, string button) => page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();

    private static async Task Enter(IPage page, Words words, string code)
    {
        await page.GetByLabel(words.CodeLabel).FillAsync(code);
        await Press(page, words.Enter);
    }

    private static async Task ShouldBeUsable(IPage page, int width)
    {
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).Should().BeLessThanOrEqualTo(width);
        var faults = await page.RunAxe(new AxeRunOptions { RunOnly = new() { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] } });
        faults.Violations.Select(fault => $"{fault.Id}: {string.Join(' ', fault.Nodes.Select(node => node.Html))}").Should().BeEmpty();
    }

    private async Task<(JsonElement Bill, string To)> NewEscrowBill(string language, int confirmSeconds)
    {
        var to = $"shopper-{Interlocked.Increment(ref Addresses)}@home.test";
        return (await _shop.NewBill($$""","shopper":{"email":"{{to}}","language":"{{language}}"},"settlement":"escrow","delivery":"express","confirm_within_seconds":{{confirmSeconds}}"""), to);
    }

    private async Task<(JsonElement Bill, string To)> NewBill(string language, string more = "")
    {
        var to = $"shopper-{Interlocked.Increment(ref Addresses)}@home.test";
        return (await _shop.NewBill($$""","shopper":{"email":"{{to}}","language":"{{language}}"{{more}}}"""), to);
    }

    private async Task<JsonElement> Pay(JsonElement bill)
    {
        var card = network.Local.Cards.First(card => card.Expected == "approved");
        var swipe = await network.Local.RunTerminal(["pay", "--bill", Number(bill), "--card", card.Track2, "--pin", card.Pin, "--json"], cancel: Shop.Stop);
        swipe.ExitCode.Should().Be(0, swipe.Output + swipe.Error);
        return JsonElement.Parse(swipe.Output);
    }

    private async Task<string> EventId(JsonElement bill, string type) => (await _shop.Get("/v1/events?limit=100")).Json.GetProperty("data").EnumerateArray()
        .Single(told => told.GetProperty("type").GetString() == type && told.GetProperty("data").GetProperty("number").GetString() == Number(bill))
        .GetProperty("id").GetString()!;

    private static async Task<string[]> Codes(MimeMessage mail)
    {
        var read = new List<string>();
        foreach (var picture in mail.BodyParts.OfType<MimePart>().Where(part => part.ContentType.MediaType == "image"))
        {
            using var png = new MemoryStream();
            await picture.Content!.DecodeToAsync(png, Shop.Stop);
            read.Add(await Browser.Scan(png.ToArray()));
        }

        return [.. read];
    }

    private async Task Look(MimeMessage mail, string name)
    {
        var page = await Show(mail, width: 480);
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).Should().BeLessThanOrEqualTo(480);
        await Browser.Picture(page, name);
    }

    /// <summary>The mail as a mail program shows it.</summary>
    private async Task<IPage> Show(MimeMessage mail, int width)
    {
        var html = mail.HtmlBody!;
        foreach (var picture in mail.BodyParts.OfType<MimePart>().Where(part => part.ContentType.MediaType == "image"))
        {
            using var png = new MemoryStream();
            await picture.Content!.DecodeToAsync(png, Shop.Stop);
            html = html.Replace($"cid:{picture.ContentId}", $"data:image/png;base64,{Convert.ToBase64String(png.ToArray())}", StringComparison.Ordinal);
        }

        var page = await browser.Open(width, height: 700, javaScript: false);
        await page.SetContentAsync(html);
        return page;
    }

    private static string Number(JsonElement bill) => bill.GetProperty("number").GetString()!;

    private static string Spaced(JsonElement bill) => string.Join(' ', Number(bill).Chunk(4).Select(group => new string(group)));

    private static string PayUrl(JsonElement bill) => bill.GetProperty("pay_url").GetString()!;
}
