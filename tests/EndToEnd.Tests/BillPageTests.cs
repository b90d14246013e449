using System.Net;
using System.Text.Json;
using Lakala.Testing;
using Microsoft.Playwright;

namespace Lakala.EndToEnd.Tests;

/// <summary>The shopper's page in a real browser, against the running network.</summary>
public sealed class BillPageTests(Network network, Browser browser) : IAsyncLifetime
{
    private static readonly HttpClient Http = new();

    private Shop _shop = null!;

    public async ValueTask InitializeAsync() => _shop = await Shop.Open(network.Local);

    public ValueTask DisposeAsync()
    {
        _shop.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task The_page_turns_paid_by_itself_when_the_card_is_swiped()
    {
        var bill = await _shop.NewBill(amount: "129900");
        var page = await Visit(bill);
        await page.GetByText("Waiting for payment").WaitForAsync();
        (await page.Locator(".amount").TextContentAsync()).Should().Be("¥1,299.00");
        var card = network.Card("approved");

        var swipe = await network.Local.RunTerminal(
            ["pay", "--bill", Number(bill), "--card", card.Track2, "--pin", card.Pin, "--terminal", "T0000005", "--json"], cancel: Shop.Stop);
        swipe.ExitCode.Should().Be(0, swipe.Output + swipe.Error);
        await page.Locator(".banner.paid").WaitForAsync();

        var receipt = JsonElement.Parse(swipe.Output);
        var shown = await page.Locator("main").InnerTextAsync();
        shown.Should().Contain(receipt.GetProperty("rrn").GetString())
            .And.Contain(receipt.GetProperty("authorisation_code").GetString())
            .And.Contain(receipt.GetProperty("masked_card").GetString())
            .And.Contain("STORE0000000001");
        (await page.TitleAsync()).Should().StartWith("Paid · ¥1,299.00");
        (await page.Locator("svg").CountAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Barcode_and_qr_code_read_as_the_bill_number()
    {
        var bill = await _shop.NewBill();
        var page = await Visit(bill);

        var barcode = await Scan(page, ".barcode");
        var qr = await Scan(page, ".qr");

        barcode.Should().Be("CODE-128:" + Number(bill));
        qr.Should().Be("QR-Code:" + Number(bill));
        (await page.Locator(".digits").InnerTextAsync()).Replace(" ", "", StringComparison.Ordinal).Should().Be(Number(bill));
        (await page.Locator(".groups span").AllTextContentsAsync()).Select(group => group.Length).Should().Equal(4, 4, 4, 2);
    }

    [Theory]
    [InlineData("CANCELLED", "Cancelled")]
    [InlineData("EXPIRED", "Expired")]
    public async Task A_page_tells_live_that_its_bill_can_no_longer_be_paid(string state, string headline)
    {
        var bill = await _shop.NewBill(state == "EXPIRED" ? ""","expires_in_seconds":2""" : "");
        var page = await Visit(bill);

        if (state == "CANCELLED")
        {
            await _shop.Post($"/v1/bills/{Number(bill)}/cancel");
        }

        await page.GetByRole(AriaRole.Status).Filter(new() { HasText = headline }).WaitForAsync();
        (await page.Locator("svg").CountAsync()).Should().Be(0);
        await page.ReloadAsync();
        (await page.Locator(".headline").TextContentAsync()).Should().Be(headline);
    }

    [Fact]
    public async Task A_page_shows_that_a_payment_is_going_on()
    {
        var bill = await _shop.NewBill();
        await _shop.Sql($"update bills set state = 'PAYING' where number = {Number(bill)}");

        var page = await Visit(bill);

        (await page.Locator(".headline").TextContentAsync()).Should().Be("Payment in progress");
    }

    [Fact]
    public async Task Nothing_is_fetched_from_elsewhere_and_the_policy_is_kept()
    {
        var complaints = new List<string>();
        var page = await browser.Open();
        page.Console += (_, message) => complaints.AddRange(message.Type is "error" or "warning" ? [message.Text] : []);
        var requests = Watch(page);

        await page.GotoAsync(PayUrl(await _shop.NewBill()));
        await page.Locator(".barcode").WaitForAsync();
        await page.GotoAsync(new Uri(network.Local.Http, "/docs").ToString(), new() { WaitUntil = WaitUntilState.NetworkIdle });
        await page.GetByText("Creates a bill").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });

        requests.Should().HaveCountGreaterThan(4).And.OnlyContain(url => url.StartsWith(network.Local.Http.ToString()) || url.StartsWith("data:"));
        complaints.Should().BeEmpty();
    }

    [Fact]
    public async Task Without_scripts_the_page_says_all_and_reloads_itself()
    {
        var bill = await _shop.NewBill();
        var page = await browser.Open(javaScript: false);

        await page.GotoAsync(PayUrl(bill));

        (await page.Locator("main").InnerTextAsync()).Should().Contain("¥128.00").And.Contain("shows by itself when you have paid")
            .And.NotContain("JavaScript").And.NotContain("reload", "it does that by itself");
        (await page.Locator("meta[http-equiv=refresh]").CountAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Texts_of_a_merchant_are_shown_and_never_run()
    {
        const string Evil = "<script>alert(1)</script>\\\"'><img src=x onerror=alert(2)>";
        var order = "<b>" + Guid.NewGuid().ToString("N");
        var json = JsonSerializer.Serialize(new { order_id = order, amount = 1, currency = "CNY", description = Evil });
        var bill = (await _shop.Post("/v1/bills", json)).Json;

        var page = await Visit(bill);

        (await page.Locator(".description").TextContentAsync()).Should().Be(Evil);
        (await page.Locator("h1").TextContentAsync()).Should().Be("Tea & <b>Sons</b>");
        (await page.Locator("footer").TextContentAsync()).Should().Contain(order);
        (await page.Locator("img, b, script:not([src])").CountAsync()).Should().Be(0);
    }

    [Fact]
    public async Task An_address_that_is_not_right_tells_nothing()
    {
        var real = PayUrl(await _shop.NewBill());
        var forged = real[..^1] + (real[^1] == 'A' ? 'Q' : 'A');
        var unreadable = real[..^2] + "xx";
        var elsewhere = new Uri(network.Local.Http, "/b/").ToString() + new string('A', 30);

        var answers = new List<string>();
        foreach (var address in new[] { forged, unreadable, elsewhere, new Uri(network.Local.Http, "/b/x").ToString() })
        {
            using var answer = await Http.GetAsync(address, Shop.Stop);
            answer.StatusCode.Should().Be(HttpStatusCode.NotFound);
            answers.Add(await answer.Content.ReadAsStringAsync(Shop.Stop));
            using var events = await Http.GetAsync(address + "/events", Shop.Stop);
            events.StatusCode.Should().Be(HttpStatusCode.NotFound);
        }

        answers.Distinct().Should().ContainSingle().Which.Should().Contain("There is no such bill");
    }

    [Fact]
    public async Task The_address_is_kept_secret_by_headers_and_stays_out_of_the_log()
    {
        var address = PayUrl(await _shop.NewBill());

        using var answer = await Http.GetAsync(address, Shop.Stop);

        answer.Headers.GetValues("Content-Security-Policy").Single().Should().StartWith("default-src 'none'").And.NotContain("unsafe");
        answer.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");
        answer.Headers.GetValues("Referrer-Policy").Should().Equal("no-referrer");
        answer.Headers.CacheControl!.NoStore.Should().BeTrue();
        (await File.ReadAllTextAsync(network.Local.Silo.Log, Shop.Stop)).Should().NotContain(address.Split('/')[^1]);
    }

    [Fact]
    public async Task Events_end_when_the_bill_is_final()
    {
        var bill = await _shop.NewBill();
        using var answer = await Http.GetAsync(PayUrl(bill) + "/events", HttpCompletionOption.ResponseHeadersRead, Shop.Stop);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Shop.Stop));

        var first = await lines.ReadLineAsync(Shop.Stop);
        await _shop.Post($"/v1/bills/{Number(bill)}/cancel");
        var rest = await lines.ReadToEndAsync(Shop.Stop);

        answer.Content.Headers.ContentType!.MediaType.Should().Be("text/event-stream");
        first.Should().StartWith("data: {\"version\":\"OPEN ");
        rest.Should().Contain("data: {\"version\":\"CANCELLED ").And.Contain("\"final\":true");
    }

    [Fact]
    public async Task Windows_that_are_gone_without_a_word_do_not_keep_the_shopper_out()
    {
        var bill = await _shop.NewBill();
        var open = new List<HttpResponseMessage>();
        for (var i = 0; i < 10; i++)
        {
            open.Add(await Http.GetAsync(PayUrl(bill) + "/events", HttpCompletionOption.ResponseHeadersRead, Shop.Stop));
        }

        var page = await Visit(bill);
        using var oldest = new StreamReader(await open[0].Content.ReadAsStreamAsync(Shop.Stop));
        (await oldest.ReadToEndAsync(Shop.Stop)).Should().Contain("event: displaced", "it makes room");
        await _shop.Post($"/v1/bills/{Number(bill)}/cancel");

        await page.Locator(".banner.cancelled").WaitForAsync();
        open.Should().OnlyContain(answer => answer.StatusCode == HttpStatusCode.OK);
        open.ForEach(answer => answer.Dispose());
    }

    [Fact]
    public async Task A_window_that_makes_room_for_ten_others_says_so_and_comes_back()
    {
        var bill = await _shop.NewBill();
        var page = await Visit(bill);

        // WaitForFunctionAsync asks the second time from inside the page, whose policy lets no text be run.
        await Eventually.Is(() => page.EvaluateAsync<bool>("events?.readyState === EventSource.OPEN"), "The page listens");
        var others = new List<HttpResponseMessage>();
        for (var i = 0; i < 10; i++)
        {
            others.Add(await Http.GetAsync(PayUrl(bill) + "/events", HttpCompletionOption.ResponseHeadersRead, Shop.Stop));
        }

        await page.Locator("#offline").WaitForAsync();
        (await page.EvaluateAsync<bool>("events === null && pause >= 20000")).Should().BeTrue("it does not push the others out at once");
        await page.EvaluateAsync("() => { pause = 0; }");

        await page.Locator("#offline").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        others.ForEach(answer => answer.Dispose());
    }

    [Fact]
    public async Task Nothing_between_may_hold_an_event_back()
    {
        using var answer = await Http.GetAsync(PayUrl(await _shop.NewBill()) + "/events", HttpCompletionOption.ResponseHeadersRead, Shop.Stop);

        answer.Headers.GetValues("X-Accel-Buffering").Should().Equal("no");
    }

    [Fact]
    public async Task An_address_that_ends_in_a_slash_leads_to_the_page()
    {
        var bill = await _shop.NewBill();
        var page = await browser.Open();

        await page.GotoAsync(PayUrl(bill) + "/?lang=zh");

        page.Url.Should().Be(PayUrl(bill) + "?lang=zh");
        (await page.Locator(".headline").TextContentAsync()).Should().Be("等待付款");
        await page.Locator(".left").WaitForAsync();
    }

    [Fact]
    public async Task Phones_take_nothing_on_the_page_for_a_telephone_number()
    {
        var page = await Visit(await _shop.NewBill());

        (await page.Locator("meta[name=format-detection]").GetAttributeAsync("content")).Should().Contain("telephone=no");
    }

    [Theory]
    [InlineData(320, 640)]
    [InlineData(390, 844)]
    [InlineData(1280, 900)]
    public async Task The_page_fits_its_screen(int width, int height)
    {
        var long_ = new string('n', 255);
        var bill = (await _shop.Post(
            "/v1/bills", $$"""{"order_id":"{{Shop.NewOrder()}}","amount":999999999999,"currency":"CNY","description":"{{long_}}"}""")).Json;
        var page = await browser.Open(width, height);

        await page.GotoAsync(PayUrl(bill));

        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).Should().BeLessThanOrEqualTo(width);
        (await page.EvaluateAsync<string>("[...document.querySelectorAll('main *')].filter(e => e.clientWidth && e.scrollWidth > e.clientWidth).map(e => e.outerHTML).join()"))
            .Should().BeEmpty();
    }

    // Half of 390 is a phone whose page is zoomed to 200 %.
    [Theory]
    [InlineData("OPEN", "en")]
    [InlineData("OPEN", "zh")]
    [InlineData("PAID", "en")]
    [InlineData("PAID", "zh")]
    [InlineData("UNKNOWN", "en")]
    public async Task Nothing_is_cut_where_text_is_twice_as_large(string state, string language)
    {
        var bill = (await _shop.Post(
            "/v1/bills",
            $$"""{"order_id":"{{Shop.NewOrder()}}","amount":{{(state == "PAID" ? 12_800 : 999_999_999_999)}},"currency":"CNY","description":"茶壶 A teapot"}""")).Json;
        var short_ = await _shop.NewBill();
        if (state == "PAID")
        {
            var card = network.Card("approved");
            (await network.Local.RunTerminal(
                ["pay", "--bill", Number(bill), "--card", card.Track2, "--pin", card.Pin, "--terminal", "T0000005", "--json"], cancel: Shop.Stop)).ExitCode.Should().Be(0);
        }

        var page = await browser.Open();
        var cut = new List<string>();
        foreach (var (address, name) in state == "UNKNOWN" ? [(PayUrl(bill)[..^2] + "xx", "unknown")] : new[] { (PayUrl(bill), "long"), (PayUrl(short_), "short") })
        {
            await page.GotoAsync($"{address}?lang={language}");
            foreach (var (width, text) in new[] { (195, 100), (320, 100), (320, 200), (390, 100), (390, 200), (1280, 200) })
            {
                await page.SetViewportSizeAsync(width, 844);
                await page.EvaluateAsync($"() => {{ document.documentElement.style.fontSize = '{text}%'; }}");
                var found = await page.EvaluateAsync<string[]>(
                    """
                    () => [
                      ...[...document.querySelectorAll('html, body, body *')].filter(e => e.clientWidth && e.scrollWidth > e.clientWidth),
                      ...[...document.querySelectorAll('.stores .name bdi, dd')].filter(e => e.offsetWidth < 3 * parseFloat(getComputedStyle(e).fontSize) && e.textContent.length > 8),
                    ].map(e => `${e.tagName}.${e.className} ${e.scrollWidth} > ${e.clientWidth}`)
                    """);
                cut.AddRange(found.Select(element => $"{name} {width} px {text} %: {element}"));
                await Browser.Picture(page, $"bill-{state.ToLowerInvariant()}-{language}-{name}-{width}-{text}");
            }
        }

        cut.Should().BeEmpty();
    }

    private static string Number(JsonElement bill) => bill.GetProperty("number").GetString()!;

    private static string PayUrl(JsonElement bill) => bill.GetProperty("pay_url").GetString()!;

    private static List<string> Watch(IPage page)
    {
        var requests = new List<string>();
        page.Request += (_, request) => requests.Add(request.Url);
        return requests;
    }

    private async Task<IPage> Visit(JsonElement bill)
    {
        var page = await browser.Open();
        await page.GotoAsync(PayUrl(bill));
        return page;
    }

    private static async Task<string> Scan(IPage page, string selector) => await Browser.Scan(await page.Locator(selector).ScreenshotAsync());
}
