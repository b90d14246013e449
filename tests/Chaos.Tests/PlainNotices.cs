using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;

namespace Lakala.Chaos.Tests;

/// <summary>What the auditor reads of the events of refunds and claims, and no receivers.</summary>
internal sealed class PlainNotices : IRefundNotices, IClaimNotices
{
    public string ComposeData(RefundRow refund) => OfId(refund.Rrn);

    public string ComposeData(BillRow bill) => bill.Trade is { } trade ? Compose(trade) : "{}";

    public string ComposeData(ClaimRow claim) => OfId(claim.Id);

    public string ComposeData(NewDebt debt) => $$"""{"refund":"{{Rrn.ToText(debt.Refund.Rrn)}}","claim":"{{Rrn.ToText(debt.Claim!.Value)}}","amount":{{debt.Refund.Amount.Minor}}}""";

    public static string Compose(Trade trade) => trade.ConfirmBy is { } time ? $$"""{"confirm_by":"{{time:O}}"}"""
        : trade is { State: TradeState.Held, IsOverdue: false } ? $$$"""{"ship_by":"{{{trade.ShipBy:O}}}","trade":{"status":"HELD","ship_overdue":false}}""" : "{}";

    public IReadOnlyList<string> FindReceivers(BillRow bill) => [];

    private static string OfId(long id) => $$"""{"id":"{{Rrn.ToText(id)}}"}""";
}
