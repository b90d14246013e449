using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lakala.Local;
using Lakala.Testing;
using Microsoft.Playwright;

namespace Lakala.EndToEnd.Tests;

/// <summary>A network with the demo web shop.</summary>
public sealed class ShoppingNetwork : IAsyncLifetime
{
    public LocalNetwork Local { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Local = await Network.StartAnother(new LocalNetworkOptions { Shop = true });

    public ValueTask DisposeAsync() => Local.DisposeAsync();
}

/// <summary>The demo web shop, used by a newcomer as shopper and clerk.</summary>
public sealed class DemoShopTests(ShoppingNetwork network, Browser browser) : IClassFixture<ShoppingNetwork>
{
    [Fact]
    public async Task A_shopper_orders_pays_in_a_store_and_the_order_turns_paid_by_itself()
    {
        var page = await Order(mail: "li.na@home.test");
        await page.GetByText("Tell the clerk this number:").WaitForAsync();
        await Browser.Picture(page, "shop-order");
        var bills = await page.Context.NewPageAsync();
        await bills.GotoAsync((await page.Locator("a.pay").GetAttributeAsync("href"))!);
        await bills.GetByText("Waiting for payment").WaitForAsync();
        var number = (await page.Locator(".number").TextContentAsync())!.Replace(" ", "", StringComparison.Ordinal);

        var card = network.Local.Cards.First(card => card.Expected == "approved");
        var swipe = await network.Local.RunTerminal(["pay", "--bill", number, "--card", card.Track2, "--pin", card.Pin], cancel: Shop.Stop);
        swipe.ExitCode.Should().Be(0, swipe.Output + swipe.Error);

        await page.GetByText("Paid. Thank you!").WaitForAsync();
        await bills.Locator(".banner.paid").WaitForAsync();
        await Browser.Picture(page, "shop-paid");
        var mails = await Eventually.Is(
            () => Task.FromResult(MailFolder.Read(network.Local.Mails, "li.na@home.test")), mails => mails.Count == 2, "bill and receipt in the pickup folder");
        mails.Select(mail => mail.Subject!.Split(':')[0]).Should().BeEquivalentTo("Your bill", "Paid");
    }

    [Fact]
    public async Task An_order_is_cancelled_and_made_again()
    {
        var page = await Order();

        await page.SetViewportSizeAsync(320, 640);
        await page.EvaluateAsync("() => { document.documentElement.style.fontSize = '200%'; }");
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).Should().BeLessThanOrEqualTo(320, "the number wraps where text is twice as large");
        (await page.Locator("meta[name=format-detection]").GetAttributeAsync("content")).Should().Contain("telephone=no");
        await Browser.Picture(page, "shop-order-large");
        await page.GetByText("Cancel the order").ClickAsync();

        await page.GetByText("The order is cancelled").WaitForAsync();
        await page.GetByText("Order again").ClickAsync();
        await page.GetByText("Nothing yet.").WaitForAsync();
    }

    [Fact]
    public async Task A_notice_that_is_forged_or_old_changes_nothing()
    {
        var page = await Order();
        var order = page.Url.Split('/')[^1];
        using var http = new HttpClient();

        foreach (var age in new[] { TimeSpan.Zero, TimeSpan.FromMinutes(6) })
        {
            var body = $$"""{"type":"bill.paid","timestamp":"2030-01-01T00:00:00Z","data":{"order_id":"{{order}}","status":"PAID"} }""";
            var sent = (TimeProvider.System.GetUtcNow() - age).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            var signature = Convert.ToBase64String(HMACSHA256.HashData(new byte[32], Encoding.UTF8.GetBytes($"evt_1.{sent}.{body}")));
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(network.Local.ShopPage, "/shop/notices")) { Content = new StringContent(body) };
            request.Headers.Add("webhook-id", "evt_1");
            request.Headers.Add("webhook-timestamp", sent);
            request.Headers.Add("webhook-signature", "v1," + signature);
            (await http.SendAsync(request, Shop.Stop)).StatusCode.Should().Be(System.Net.HttpStatusCode.Unauthorized);
        }

        await page.ReloadAsync();
        (await page.Locator("#order").GetAttributeAsync("data-status")).Should().Be("OPEN");
    }

    [Fact]
    public async Task The_shop_speaks_Chinese_and_fetches_nothing_from_elsewhere()
    {
        var complaints = new List<string>();
        var requests = new List<string>();
        var page = await browser.Open(locale: "zh-CN");
        page.Console += (_, message) => complaints.AddRange(message.Type is "error" or "warning" ? [message.Text] : []);
        page.Request += (_, request) => requests.Add(request.Url);

        await page.GotoAsync(network.Local.ShopPage.ToString(), new() { WaitUntil = WaitUntilState.NetworkIdle });

        await page.GetByText("小茶铺").First.WaitForAsync();
        await Browser.Picture(page, "shop-zh");
        requests.Should().OnlyContain(url => url.StartsWith(network.Local.ShopPage.GetLeftPart(UriPartial.Authority)));
        complaints.Where(text => !text.Contains("favicon", StringComparison.Ordinal)).Should().BeEmpty();
    }

    private async Task<IPage> Order(string? mail = null)
    {
        var page = await browser.Open();
        await page.GotoAsync(network.Local.ShopPage.ToString());
        await page.GetByText("Add", new() { Exact = true }).First.ClickAsync();
        await page.GetByText("Add", new() { Exact = true }).Nth(1).ClickAsync();
        await Browser.Picture(page, "shop-basket");
        if (mail is not null)
        {
            await page.GetByLabel("Mail").FillAsync(mail);
        }

        await page.GetByRole(AriaRole.Button, new() { Name = "Pay at a store" }).ClickAsync();
        await page.WaitForURLAsync("**/shop/orders/*");
        return page;
    }
}
