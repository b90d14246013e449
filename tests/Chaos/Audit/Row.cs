using System.Globalization;

namespace Lakala.Chaos.Audit;

/// <summary>Pieces of evidence as text, each on its own line. Unknown values are left out.</summary>
internal static class Row
{
    public static string Of(Bill bill) =>
        Join("bill", bill.Number, bill.State, Amount(bill.Amount), With("rrn", bill.PaidRrn), With("order", bill.Order), bill.IsEscrow ? "escrow" : null, bill.IsFeeKept ? "fee kept" : null);

    public static string Of(Attempt attempt) => Join(
        "attempt", attempt.Key.ToString(), attempt.State, attempt.ResponseCode, With("bill", attempt.Bill), Amount(attempt.Amount),
        With("rrn", attempt.Rrn), With("authorisation", attempt.AuthorisationCode));

    public static string Of(Posting posting) =>
        Join("posting", With("rrn", posting.Rrn), posting.Kind == EntryKinds.Payment ? null : posting.Kind, With("line", Number(posting.Line)), posting.Account, Amount(posting.Amount), posting.Currency, With("bill", posting.Bill),
            posting.CommittedAt is { } at ? With("committed", Time(at)) : null);

    public static string Of(Trade trade) => Join(
        "trade", trade.Bill, trade.State, With("held", Amount(trade.Held)), With("released", Amount(trade.Released)), With("in", Number(trade.Releases)),
        trade.DueAt is { } due ? With("due", Time(due)) : null, trade.IsOverdue ? "overdue" : null, trade.IsShipped ? "shipped" : null, With("frozen by", trade.FrozenBy));

    public static string Of(Claim claim) => Join(
        "claim", claim.Id, claim.State, Amount(claim.Amount), With("bill", claim.Bill), claim.IsAfterSale ? "after the release" : null, With("granted", Amount(claim.Granted)),
        claim.Frozen > 0 ? With("frozen", Amount(claim.Frozen)) : null, With("refund", claim.Refund), With("compensation", claim.Compensation), With("moves", Number(claim.Moves)),
        claim.DueAt is { } due ? With("due", Time(due)) : null);

    public static string Of(ClaimMove move) => Join(
        "move", Number(move.Move), With("of claim", move.Claim), move.What, Amount(move.Amount), move.IsByItself ? "by itself" : null);

    public static string Of(OperatorAct act) =>
        Join("audit log", act.Who, act.What, act.Subject, act.CommittedAt is { } at ? With("committed", Time(at)) : null);

    public static string Of(Ruling ruling) => Join(
        "ruling", With("claim", ruling.Claim), With("to shopper", Amount(ruling.ToShopper)), With("to merchant", Amount(ruling.ToMerchant)),
        With("from guarantee", Amount(ruling.FromGuarantee)), With("by", ruling.MadeBy), With("and", ruling.ApprovedBy));

    public static string Of(RefundRuling ruling) =>
        Join("ruling", With("refund", ruling.Refund), ruling.State, With("by", ruling.MadeBy), With("and", ruling.ApprovedBy));

    public static string Of(Debt debt) => Join("debt", debt.Merchant, Amount(debt.Amount), With("repaid", Amount(debt.Repaid)), With("refund", debt.Refund), With("claim", debt.Claim));

    public static string Of(GuaranteePayment payment) =>
        Join("payment to the guarantee fund", payment.Number, Amount(payment.Amount), With("by", payment.MadeBy), With("and", payment.ApprovedBy));

    public static string Of(Event told) => Join(
        "event", told.Id.ToString("N"), told.Type, With("bill", told.Bill), With("claim", told.Claim), With("refund", told.Refund),
        told.ConfirmBy is { } confirmBy ? With("confirm by", Time(confirmBy)) : null, told.ShipBy is { } shipBy ? With("ship by", Time(shipBy)) : null, With("at", Time(told.CreatedAt)),
        told.CommittedAt is { } at ? With("committed", Time(at)) : null);

    public static string Of(Delivery delivery) => Join(
        "delivery", delivery.EventId.ToString("N"), With("to", delivery.Receiver), delivery.State, With("tries", Number(delivery.Tries)));

    public static string Of(Endpoint endpoint) => Join(
        "endpoint", endpoint.Id, endpoint.Url, With("since", Time(endpoint.CreatedAt)),
        endpoint.DeletedAt is { } deleted ? With("until", Time(deleted)) : null);

    public static string Of(Reversal reversal) => Join(
        "reversal", With("rrn", reversal.Rrn), reversal.Key.ToString(), Amount(reversal.Amount), With("tries", Number(reversal.Tries)),
        reversal.IsAcknowledged ? "acknowledged" : "outstanding");

    public static string Of(Refund refund) => Join(
        "refund", With("rrn", refund.Rrn), refund.State, refund.IsPaidOtherwise ? "paid otherwise" : null, Amount(refund.Amount), With("before", Amount(refund.Before)), With("bill", refund.Bill), With("original", refund.OriginalRrn));

    public static string Of(RefusedRefund refused) =>
        Join("refused", With("refund", refused.Refund), With("frozen", Amount(refused.Frozen)), refused.IsOpen ? "open" : "decided", With("next", refused.Next));

    public static string Of(RefundKey row) => Join("key of a refund", row.Key.ToString(), With("refund", row.Refund), With("clerk", row.Clerk), With("supervisor", row.Supervisor));

    public static string Of(CounterRefund refund) => Join(
        "terminal's refund", refund.Key.ToString(), refund.IsOpen ? "open" : refund.ResponseCode ?? "never sent", Amount(refund.Amount), With("bill", refund.Bill), With("rrn", refund.Rrn));

    public static string Of(BankRefund refund) => Join(
        "bank's refund", With("rrn", refund.Rrn), refund.ResponseCode, Amount(refund.Amount), With("original", refund.OriginalRrn), With("credits", Number(refund.Credits)));

    public static string Of(AcknowledgedRefund refund) => Join("answered 201: refund", refund.Rrn, Amount(refund.Amount), With("bill", refund.Bill));

    public static string Of(BankEntry entry) => Join(
        "bank", With("rrn", entry.Rrn), entry.State, entry.ResponseCode, Amount(entry.Amount), entry.Terminal, With("stan", Number(entry.Stan)),
        With("authorisation", entry.AuthorisationCode), With("debits", Number(entry.Debits)), With("reversals", Number(entry.Reversals)));

    public static string Of(JournalPending swipe) => Join("journal", swipe.Key.ToString(), "PENDING", With("bill", swipe.Bill), Amount(swipe.Amount));

    public static string Of(JournalResult result, JournalPending? swipe) => Join(
        "journal", result.Key.ToString(), "RESULT", result.ResponseCode ?? "never sent", With("bill", swipe?.Bill), Amount(swipe?.Amount),
        With("rrn", result.Rrn), With("authorisation", result.AuthorisationCode));

    public static string Of(SwipeReport report) => Join(
        "report", report.Key.ToString(), report.Outcome, report.ResponseCode, With("bill", report.Bill), Amount(report.Amount),
        With("rrn", report.Rrn), With("authorisation", report.AuthorisationCode), report.IsResolved ? "(resolved)" : null);

    public static string Of(Slip slip) => Join(
        "slip", slip.Key.ToString(), slip.Title, slip.Kind.ToString(), slip.Copy, slip.ResponseCode, With("bill", slip.Bill), Amount(slip.Amount),
        With("rrn", slip.Rrn), With("authorisation", slip.AuthorisationCode));

    public static string Of(ReceiverBook receiver, ReceivedEvent received) => Join(
        "receiver", receiver.Url, received.Id, received.Type, With("bill", received.Bill), received.Status, Amount(received.Amount),
        With("rrn", received.Rrn), With("authorisation", received.AuthorisationCode), With("first", Time(received.FirstAt)),
        With("tries", Number(received.Tries)), With("accepted", Number(received.Accepted)), With("trade", received.Trade));

    public static string Of(AcknowledgedBill bill) => Join("answered 201: bill", bill.Number, Amount(bill.Amount), With("order", bill.Order));

    private static string Join(params ReadOnlySpan<string?> parts)
    {
        var told = new List<string>(parts.Length);
        foreach (var part in parts)
        {
            if (!string.IsNullOrEmpty(part))
            {
                told.Add(part);
            }
        }

        return string.Join(' ', told);
    }

    private static string? With(string name, string? value) => value is null ? null : $"{name} {value}";

    private static string? Amount(long? minor) => minor?.ToString(CultureInfo.InvariantCulture);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
}
