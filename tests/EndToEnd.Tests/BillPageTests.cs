using System.Net;
using System.Text.Json;
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

        (await page.Locator("main").InnerTextAsync()).Should().Contain("¥128.00").And.Contain("reload it to see the latest");
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
        first.Should().StartWith("data: {\"state\":\"OPEN\"");
        rest.Should().Contain("data: {\"state\":\"CANCELLED\",\"final\":true");
    }

    [Fact]
    public async Task A_page_that_is_open_too_often_is_told_so_and_a_closed_one_makes_room()
    {
        var address = PayUrl(await _shop.NewBill()) + "/events";
        var open = new List<HttpResponseMessage>();
        for (var i = 0; i < 10; i++)
        {
            open.Add(await Http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, Shop.Stop));
        }

        using var refused = await Http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, Shop.Stop);
        open[0].Dispose();
        var room = await Again(address);

        open.Should().OnlyContain(answer => answer.StatusCode == HttpStatusCode.OK);
        refused.StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        refused.Headers.RetryAfter.Should().NotBeNull();
        (await refused.Content.ReadAsStringAsync(Shop.Stop)).Should().Contain("too-many-listeners");
        room.Should().Be(HttpStatusCode.OK);
        open.ForEach(answer => answer.Dispose());
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

    private static async Task<HttpStatusCode> Again(string address)
    {
        // The server hears of the closed line when its next write fails or the line's end arrives: soon, not at once.
        return await Eventually.Is(
            async () =>
            {
                using var answer = await Http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, Shop.Stop);
                return answer.StatusCode;
            },
            status => status != HttpStatusCode.TooManyRequests,
            "a place among the page's listeners");
    }

    private static async Task<string> Scan(IPage page, string selector) => await Browser.Scan(await page.Locator(selector).ScreenshotAsync());
}
