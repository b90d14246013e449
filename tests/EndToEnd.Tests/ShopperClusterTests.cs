using Lakala.Local;
using Lakala.Testing;
using Microsoft.Playwright;

namespace Lakala.EndToEnd.Tests;

/// <summary>The bill page with several silos.</summary>
public sealed class ShopperClusterTests(Browser browser) : IAsyncLifetime
{
    // A lost silo is declared dead after about ten seconds, and its grains are then activated elsewhere.
    private static readonly LocatorWaitForOptions Patience = new() { Timeout = 90_000 };

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

        // The terminals connect to the first silo; one of the others is lost with its pages. The terminal's grain may be registered
        // there: until the silo is declared dead, the clerk gets "try again".
        await _network.Silos[2].Process.Crash();
        var card = _network.Cards.First(card => card.Expected == "approved");
        await Eventually.Is(
            () => _network.RunTerminal(["pay", "--bill", number, "--card", card.Track2, "--pin", card.Pin, "--json"], cancel: Shop.Stop),
            swipe => swipe.ExitCode == 0,
            "the bill is paid");

        await pages[0].Locator(".banner.paid").WaitForAsync(Patience);
        await _network.UntilReady(2, Shop.Stop);
        await pages[1].Locator(".banner.paid").WaitForAsync(Patience);
    }
}
