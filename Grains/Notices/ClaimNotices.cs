using Lakala.Storage.Bills;
using Lakala.Storage.Claims;

namespace Lakala.Grains.Notices;

/// <inheritdoc/>
public sealed class ClaimNotices(BillNotices bills) : IClaimNotices
{
    public string ComposeData(ClaimRow claim) => ClaimView.Json(claim);

    public string ComposeData(NewDebt debt) => DebtView.Json(debt);

    public IReadOnlyList<string> FindReceivers(BillRow bill) => bills.FindReceivers(bill);
}
