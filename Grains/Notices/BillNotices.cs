using Lakala.Storage.Bills;
using Lakala.Storage.Notices;
using Microsoft.Extensions.Options;

namespace Lakala.Grains.Notices;

/// <summary>Where the bill pages are.</summary>
public sealed class BillPageOptions
{
    /// <summary>Base address of the bill pages as the shoppers reach them, without a slash at its end.</summary>
    public string PublicUrl { get; set; } = "http://127.0.0.1:8080";
}

/// <summary>What an event of a bill says, and which shopper hears of it beside the merchant.</summary>
public sealed class BillNotices(ShopperReceivers shoppers, IOptions<BillPageOptions> pages)
{
    /// <summary>The event's data: the bill as the merchant API shows it.</summary>
    public string ComposeData(BillRow bill) => BillView.Json(bill, pages.Value.PublicUrl);

    /// <summary>Receivers of the shopper, separated by spaces; empty when the shopper cannot be reached.</summary>
    public string FindReceivers(BillRow bill) => shoppers.Of(bill);
}
