using System.Text.Json;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Lakala.Local;
using Lakala.Testing;
using Lakala.Wire.Iso8583;
using Microsoft.Playwright;

namespace Lakala.EndToEnd.Tests;

/// <summary>The bill page in a real browser, as a shopper uses it.</summary>
public sealed class ShopperPageTests(Network network, Browser browser) : IAsyncLifetime
{
    private const int PhoneWidth = 390, PhoneHeight = 844, DesktopWidth = 1280, DesktopHeight = 900;

    private Shop _shop = null!;

    public async ValueTask InitializeAsync() => _shop = await Shop.Open(network.Local);

    public ValueTask DisposeAsync()
    {
        _shop.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("zh-CN", null, null, "等待付款", "zh-Hans")]
    [InlineData("en-US", null, null, "Waiting for payment", "en")]
    [InlineData("fr-FR", null, null, "Waiting for payment", "en")]
    [InlineData("en-US", "zh", null, "等待付款", "zh-Hans")]
    [InlineData("zh-CN", "zh", "en", "Waiting for payment", "en")]
    public async Task The_page_speaks_what_was_clicked_or_the_merchant_says_or_the_browser_asks_for(
        string locale, string? merchantSays, string? clicked, string headline, string tag)
    {
        var bill = await _shop.NewBill(merchantSays is null ? "" : $$""","shopper":{"language":"{{merchantSays}}"}""");
        var page = await browser.Open(locale: locale);

        await page.GotoAsync(PayUrl(bill));
        if (clicked is not null)
        {
            await page.Locator("nav a").ClickAsync();
        }

        await page.GetByText(headline, new() { Exact = true }).WaitForAsync();
        (await page.Locator("html").GetAttributeAsync("lang")).Should().Be(tag);
    }

    [Fact]
    public async Task The_change_to_paid_comes_in_the_shoppers_language()
    {
        var bill = await _shop.NewBill(""","shopper":{"language":"zh"}""");
        var page = await Visit(bill);

        await Pay(bill, "T0000009");

        await page.GetByText("已付款").First.WaitForAsync();
        (await page.Locator("main").InnerTextAsync()).Should().Contain("街角小店一号").And.Contain("授权码");
        (await page.Locator("#stores").CountAsync()).Should().Be(0);
        await Browser.Picture(page, "bill-paid-zh");
    }

    [Fact]
    public async Task A_page_that_was_off_line_while_its_bill_was_paid_says_so_when_it_is_back()
    {
        var bill = await _shop.NewBill();
        var page = await Visit(bill);
        await page.Locator(".left").WaitForAsync();

        // The browser does not close an open stream when it goes off line, so the test closes it.
        await page.EvaluateAsync("() => { events.close(); }");
        await page.Context.SetOfflineAsync(true);
        await Pay(bill, "T0000009");
        (await page.Locator(".headline").TextContentAsync()).Should().Be("Waiting for payment");
        await page.Context.SetOfflineAsync(false);
        await page.EvaluateAsync("() => { heard = 0; window.dispatchEvent(new Event('online')); }");

        await page.Locator(".banner.paid").WaitForAsync();
    }

    [Fact]
    public async Task Stores_are_chosen_by_district_and_without_scripts()
    {
        var page = await browser.Open(javaScript: false);
        await page.GotoAsync(PayUrl(await _shop.NewBill()));

        await page.GetByText("徐汇 Xuhui").ClickAsync();

        (await page.Locator(".stores .name").AllTextContentsAsync()).Should().HaveCount(4).And.Contain(name => name.StartsWith("Plane Tree Shop"));
        (await page.Locator(".areas [aria-current]").TextContentAsync()).Should().Be("徐汇 Xuhui");
        (await page.Locator("button:visible").CountAsync()).Should().Be(0, "what needs a script hides itself");
        (await page.GetByText("Add to calendar").IsVisibleAsync()).Should().BeTrue();
    }

    [Fact]
    public async Task The_nearest_stores_come_first_when_the_shopper_says_where_they_are()
    {
        var page = await browser.Open(position: new() { Latitude = 31.2489f, Longitude = 121.4556f });
        await page.GotoAsync(PayUrl(await _shop.NewBill()));

        await page.GetByText("Stores near me").ClickAsync();

        await page.Locator(".distance").First.WaitForAsync();
        (await page.Locator(".stores .name").First.TextContentAsync()).Should().StartWith("Station Stall");
        (await page.Locator(".stores .distance").First.TextContentAsync()).Should().EndWith(" m");
        (await page.Locator(".stores li").CountAsync()).Should().Be(12);
    }

    [Fact]
    public async Task Who_does_not_say_where_they_are_is_told_to_choose_a_district()
    {
        var page = await Visit(await _shop.NewBill());

        await page.GetByText("Stores near me").ClickAsync();

        await page.GetByText("Choose a district instead").WaitForAsync();
    }

    [Fact]
    public async Task A_store_is_ready_while_a_terminal_there_is_heard()
    {
        await using var terminal = await RawTerminal.SignedOn(network.Local, network.Local.Seed.Terminals[9]);
        var page = await Visit(await _shop.NewBill());
        await page.GetByText("黄浦 Huangpu").ClickAsync();

        await Eventually.Is(
            async () =>
            {
                await terminal.AskWell(terminal.Network(NetworkCode.Echo).ToIso());
                await page.ReloadAsync();
                return await page.Locator(".stores li").First.InnerTextAsync();
            },
            first => first.Contains("Ready now", StringComparison.Ordinal),
            "a store that is ready");

        (await page.Locator(".stores li").Nth(1).InnerTextAsync()).Should().Contain("Not ready now");
        await Browser.Picture(page, "bill-phone-en");
    }

    [Fact]
    public async Task The_number_is_copied_and_the_time_counts_down()
    {
        var bill = await _shop.NewBill(""","expires_in_seconds":7260""");
        var page = await Visit(bill);

        (await page.Locator(".left").TextContentAsync()).Should().MatchRegex("^(2 h [01]|1 h 59) min left$");
        await page.GetByText("Copy number").ClickAsync();

        await page.GetByText("Copied").WaitForAsync();
        (await page.EvaluateAsync<string>("navigator.clipboard.readText()")).Should().Be(Number(bill));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    [InlineData(-8)]
    public async Task The_time_left_is_counted_by_the_servers_clock(int hours)
    {
        var bill = await _shop.NewBill(""","expires_in_seconds":3660""");
        var page = await browser.Open();
        await page.AddInitScriptAsync($"window.right = Date.now; window.wrong = {hours} * 3600000; Date.now = () => right() + wrong;");

        await page.GotoAsync(PayUrl(bill));
        (await page.Locator(".left").TextContentAsync()).Should().MatchRegex("^(1 h [01]|59) min left$|^59 min [0-9]+ s left$");

        // The phone's clock is corrected, or set wrong in the other direction, while the page is open; the server's next event has the time.
        await page.EvaluateAsync(
            """
            () => {
              wrong = -wrong;
              events.dispatchEvent(new MessageEvent('beat', { data: JSON.stringify({ now: right() }) }));
              count();
            }
            """);
        (await page.Locator(".left").TextContentAsync()).Should().MatchRegex("^(1 h [01]|59) min left$|^59 min [0-9]+ s left$");
        (await page.EvaluateAsync<bool>("wrong = 5 * wrong, isPast(heard, SILENCE)")).Should().BeTrue("a line is not waited for by a clock that was put back");
    }

    [Fact]
    public async Task A_beat_tells_the_time()
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(PayUrl(await _shop.NewBill()) + "/events", HttpCompletionOption.ResponseHeadersRead, Shop.Stop);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Shop.Stop));

        var line = await lines.ReadLineAsync(Shop.Stop);
        while (line is not "event: beat")
        {
            line = await lines.ReadLineAsync(Shop.Stop) ?? throw new InvalidOperationException("The stream has ended without a beat.");
        }

        (await lines.ReadLineAsync(Shop.Stop)).Should().MatchRegex("""^data: \{"now":[0-9]{13}\}$""");
    }

    [Fact]
    public async Task The_end_of_the_bills_time_goes_into_a_calendar_as_long_as_it_can_be_paid()
    {
        var bill = await _shop.NewBill(""","shopper":{"language":"zh"},"expires_at":"2027-03-01T09:00:00Z" """);
        using var http = new HttpClient();

        var file = await http.GetAsync(PayUrl(bill) + "/calendar.ics", Shop.Stop);
        var text = await file.Content.ReadAsStringAsync(Shop.Stop);
        await _shop.Post($"/v1/bills/{Number(bill)}/cancel");
        using var afterwards = await http.GetAsync(PayUrl(bill) + "/calendar.ics", Shop.Stop);

        file.Content.Headers.ContentType!.MediaType.Should().Be("text/calendar");
        text.Split("\r\n").Should().StartWith("BEGIN:VCALENDAR").And.Contain("DTSTART:20270301T090000Z").And.Contain("END:VALARM")
            .And.OnlyContain(line => System.Text.Encoding.UTF8.GetByteCount(line) <= 75);
        text.Replace("\r\n ", "", StringComparison.Ordinal).Should().Contain("SUMMARY:付款 ¥128.00 给 Tea & <b>Sons</b>").And.Contain($"URL:{PayUrl(bill)}\r\n");
        afterwards.StatusCode.Should().Be(System.Net.HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_printed_page_is_one_sheet_with_number_barcode_and_steps_and_scanners_read_it()
    {
        var bill = await _shop.NewBill();
        var page = await Visit(bill);
        var folder = Directory.CreateTempSubdirectory("lakala-print-");
        try
        {
            var pdf = Path.Combine(folder.FullName, "bill.pdf");
            await page.PdfAsync(new() { Path = pdf, Format = "A4", PrintBackground = false });
            await Tool.RunOrFail(["/usr/bin/pdftoppm", "-r", "150", "-png", pdf, Path.Combine(folder.FullName, "sheet")], cancel: Shop.Stop);

            var sheet = folder.GetFiles("*.png").Should().ContainSingle("it is one sheet").Which;
            var read = await Browser.Scan(await File.ReadAllBytesAsync(sheet.FullName, Shop.Stop));
            read.Split('\n').Should().BeEquivalentTo($"CODE-128:{Number(bill)}", $"QR-Code:{Number(bill)}");
            var text = await Tool.RunOrFail(["/usr/bin/pdftotext", pdf, "-"], cancel: Shop.Stop);
            text.Should().Contain("128.00").And.Contain("Swipe your bank card").And.NotContain("Corner Store").And.NotContain("Copy number");
            if (Browser.PictureFile("bill-print") is { } picture)
            {
                File.Copy(sheet.FullName, picture, overwrite: true);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_scanner_reads_barcode_and_qr_code_off_a_whole_phone()
    {
        var bill = await _shop.NewBill();
        var page = await browser.Open(width: 360, height: 900);
        await page.GotoAsync(PayUrl(bill));
        await page.Locator(".number").ScrollIntoViewIfNeededAsync();

        var read = await Browser.Scan(await page.ScreenshotAsync(new() { FullPage = true }));

        read.Split('\n').Should().BeEquivalentTo($"CODE-128:{Number(bill)}", $"QR-Code:{Number(bill)}");
    }

    [Theory]
    [InlineData("OPEN", "en", PhoneWidth, PhoneHeight)]
    [InlineData("OPEN", "zh", PhoneWidth, PhoneHeight)]
    [InlineData("OPEN", "en", DesktopWidth, DesktopHeight)]
    [InlineData("OPEN", "zh", DesktopWidth, DesktopHeight)]
    [InlineData("PAYING", "en", PhoneWidth, PhoneHeight)]
    [InlineData("PAYING", "zh", DesktopWidth, DesktopHeight)]
    [InlineData("PAID", "en", PhoneWidth, PhoneHeight)]
    [InlineData("PAID", "zh", DesktopWidth, DesktopHeight)]
    [InlineData("EXPIRED", "en", PhoneWidth, PhoneHeight)]
    [InlineData("EXPIRED", "zh", DesktopWidth, DesktopHeight)]
    [InlineData("CANCELLED", "en", PhoneWidth, PhoneHeight)]
    [InlineData("CANCELLED", "zh", DesktopWidth, DesktopHeight)]
    [InlineData("UNKNOWN", "en", PhoneWidth, PhoneHeight)]
    [InlineData("UNKNOWN", "zh", DesktopWidth, DesktopHeight)]
    public async Task Every_state_has_a_page_that_everybody_can_use(string state, string language, int width, int height)
    {
        var bill = await _shop.NewBill($$""","shopper":{"language":"{{language}}"}""");
        await Bring(bill, state);
        var page = await browser.Open(width, height);

        await page.GotoAsync(state == "UNKNOWN" ? PayUrl(bill)[..^2] + "xx?lang=" + language : PayUrl(bill));

        await page.GetByText(Headline(state, language)).First.WaitForAsync();
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).Should().BeLessThanOrEqualTo(width);
        if (width == PhoneWidth)
        {
            // On a desktop it is the same page with more around it.
            var faults = await page.RunAxe(
                new AxeRunOptions { RunOnly = new() { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] } });
            faults.Violations.Select(fault => $"{fault.Id}: {string.Join(' ', fault.Nodes.Select(node => node.Html))}").Should().BeEmpty();
        }

        await Browser.Picture(page, $"bill-{state.ToLowerInvariant()}-{language}-{(width == PhoneWidth ? "phone" : "desktop")}");
    }

    private static string Headline(string state, string language) => (state, language) switch
    {
        ("OPEN", "en") => "Waiting for payment",
        ("OPEN", _) => "等待付款",
        ("PAYING", "en") => "Payment in progress",
        ("PAYING", _) => "正在付款",
        ("PAID", "en") => "Paid",
        ("PAID", _) => "已付款",
        ("EXPIRED", "en") => "can no longer be paid",
        ("EXPIRED", _) => "已过期",
        ("CANCELLED", "en") => "Do not pay it",
        ("CANCELLED", _) => "已取消",
        (_, "en") => "There is no such bill",
        _ => "没有此账单",
    };

    private async Task Bring(JsonElement bill, string state)
    {
        switch (state)
        {
            case "PAYING":
                await _shop.Sql($"update bills set state = 'PAYING' where number = {Number(bill)}");
                break;
            case "PAID":
                await Pay(bill, "T0000009");
                break;
            case "EXPIRED":
                await _shop.Sql($"update bills set expires_at = clock_timestamp() where number = {Number(bill)}");
                await _shop.GetUntil($"/v1/bills/{Number(bill)}", json => json.GetProperty("status").GetString() == "EXPIRED");
                break;
            case "CANCELLED":
                (await _shop.Post($"/v1/bills/{Number(bill)}/cancel")).Status.Should().Be(200);
                break;
        }
    }

    private async Task Pay(JsonElement bill, string terminal)
    {
        var card = network.Card("approved");
        var swipe = await network.Local.RunTerminal(
            ["pay", "--bill", Number(bill), "--card", card.Track2, "--pin", card.Pin, "--terminal", terminal, "--json"], cancel: Shop.Stop);
        swipe.ExitCode.Should().Be(0, swipe.Output + swipe.Error);
    }

    private async Task<IPage> Visit(JsonElement bill)
    {
        var page = await browser.Open();
        await page.GotoAsync(PayUrl(bill));
        return page;
    }

    private static string Number(JsonElement bill) => bill.GetProperty("number").GetString()!;

    private static string PayUrl(JsonElement bill) => bill.GetProperty("pay_url").GetString()!;
}
