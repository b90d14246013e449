using Lakala.Storage.Bills;
using Lakala.Storage.Notices;
using Microsoft.Extensions.Options;

namespace Lakala.Grains.Notices;

/// <summary>The address of the bill pages.</summary>
public sealed class BillPageOptions
{
    /// <summary>Public base address of the bill pages, without a slash at its end.</summary>
    public string PublicUrl { get; set; } = "http://127.0.0.1:8080";
}

/// <summary>The content of a bill's events, and their receivers on the shopper's side.</summary>
public sealed class BillNotices(ShopperReceivers shoppers, IOptions<BillPageOptions> pages)
{
    /// <summary>The event's data: the bill in the form of the merchant API.</summary>
    public string ComposeData(BillRow bill) => BillView.Json(bill, pages.Value.PublicUrl);

    /// <summary>Receivers of the shopper, separated by spaces; empty when the shopper cannot be reached.</summary>
    public string FindReceivers(BillRow bill) => shoppers.Of(bill);
}
