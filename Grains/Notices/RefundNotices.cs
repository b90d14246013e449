using Lakala.Storage.Bills;
using Lakala.Storage.Refunds;

namespace Lakala.Grains.Notices;

/// <inheritdoc/>
public sealed class RefundNotices(BillNotices bills) : IRefundNotices
{
    public string ComposeData(RefundRow refund) => RefundView.Json(refund);

    public string ComposeData(BillRow bill) => bills.ComposeData(bill);

    public IReadOnlyList<string> FindReceivers(BillRow bill) => bills.FindReceivers(bill);
}
