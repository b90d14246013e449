using Lakala.Local;

namespace Lakala.EndToEnd.Tests;

/// <summary>The bill page with several silos.</summary>
public sealed class ShopperClusterTests(Browser browser) : IAsyncLifetime
{
    private LocalNetwork _network = null!;

    public async ValueTask InitializeAsync() => _network = await Network.StartAnother(new LocalNetworkOptions { Silos = 3 });

    public ValueTask DisposeAsync() => _network.DisposeAsync();

    [Fact]
    public async Task A_page_shows_a_payment_at_another_silo_also_after_its_own_silo_restarted()
    {
        using var shop = await Shop.Open(_network);
        var bill = await shop.NewBill(""","shopper":{"language":"zh"}""");
        var (number, path) = (bill.GetProperty("number").GetString()!, new Uri(bill.GetProperty("pay_url").GetString()!).AbsolutePath);
        var pages = await Task.WhenAll(Enumerable.Range(1, 2).Select(async silo =>
        {
            var page = await browser.Open();
            await page.GotoAsync(new Uri(_network.Silos[silo].Http, path).ToString());
            return page;
        }));

        var card = _network.Cards.First(card => card.Expected == "approved");
        (await Pay((await shop.NewBill()).GetProperty("number").GetString()!)).ExitCode.Should().Be(0);

        // The terminal is connected to the first silo; one of the others is lost with its pages. The bill is paid before the silos
        // have noticed that.
        await _network.Silos[2].Process.Crash();
        (await Pay(number)).ExitCode.Should().Be(0);

        await pages[0].Locator(".banner.paid").WaitForAsync();
        await _network.UntilReady(2, Shop.Stop);
        await pages[1].Locator(".banner.paid").WaitForAsync();

        Task<ToolResult> Pay(string one) =>
            _network.RunTerminal(["pay", "--bill", one, "--card", card.Track2, "--pin", card.Pin, "--json"], cancel: Shop.Stop);
    }
}
