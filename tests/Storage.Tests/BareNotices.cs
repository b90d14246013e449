using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Refunds;

namespace Lakala.Storage.Tests;

/// <summary>Events without content for one receiver; of a debt they say what it is.</summary>
internal sealed class BareNotices : IRefundNotices, IClaimNotices
{
    public string ComposeData(RefundRow refund) => "{}";

    public string ComposeData(BillRow bill) => "{}";

    public string ComposeData(ClaimRow claim) => "{}";

    public string ComposeData(NewDebt debt) => $"refund {debt.Refund.Rrn} claim {debt.Claim} bill {debt.Refund.Bill} amount {debt.Refund.Amount.Minor} owed {debt.Owed}";

    public IReadOnlyList<string> FindReceivers(BillRow bill) => ["mail"];
}
