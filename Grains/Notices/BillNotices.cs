using Lakala.Storage.Bills;
using Lakala.Storage.Notices;

namespace Lakala.Grains.Notices;

/// <summary>The content of a bill's events, and their receivers on the shopper's side.</summary>
public sealed class BillNotices(ShopperReceivers shoppers, BillPageAddress pages)
{
    /// <summary>The event's data: the bill in the form of the merchant API.</summary>
    public string ComposeData(BillRow bill) => BillView.Json(bill, pages);

    /// <summary>Receivers of the shopper; none when the shopper cannot be reached.</summary>
    public IReadOnlyList<string> FindReceivers(BillRow bill) => shoppers.Find(bill);
}
