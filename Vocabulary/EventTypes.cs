namespace Lakala.Vocabulary;

/// <summary>The types of events: of bills, their trades, refunds and claims, and of a merchant's balance and keys.</summary>
public static class EventTypes
{
    /// <summary>The merchant has made the bill. Sent to the shopper only, like <see cref="Expiring"/>.</summary>
    public const string Created = "bill.created";

    /// <summary>The bill is open and expires soon.</summary>
    public const string Expiring = "bill.expiring";

    public const string Paid = "bill.paid";
    public const string Expired = "bill.expired";
    public const string Cancelled = "bill.cancelled";

    /// <summary>The merchant has shipped the goods of an escrow bill. Its data, as that of all events of a trade, is the bill.</summary>
    public const string TradeShipped = "trade.shipped";

    /// <summary>The time for shipping is over: the shopper may take the money back.</summary>
    public const string TradeShipOverdue = "trade.ship_overdue";

    /// <summary>The time for the shopper's confirmation ends at another time than before.</summary>
    public const string TradeDeadlineChanged = "trade.deadline_changed";

    /// <summary>The merchant has the money.</summary>
    public const string TradeFinished = "trade.finished";

    /// <summary>The shopper gets the money back.</summary>
    public const string TradeClosed = "trade.closed";

    /// <summary>Nothing of the money is released or given back until an operator lets the trade go on, or two have decided about a refused refund.</summary>
    public const string TradeStopped = "trade.stopped";

    public const string TradeResumed = "trade.resumed";

    /// <summary>Somebody who may has ordered a refund. Its data, as that of the next three, is the refund.</summary>
    public const string RefundCreated = "refund.created";

    /// <summary>The bank has credited the card.</summary>
    public const string RefundDone = "refund.done";

    /// <summary>The bank has refused the refund for good; the money is where it was before.</summary>
    public const string RefundDeclined = "refund.declined";

    /// <summary>The merchant has withdrawn the refund before it was sent; the money is where it was before.</summary>
    public const string RefundWithdrawn = "refund.withdrawn";

    /// <summary>The shopper has a claim. Its data, as that of all events of a claim, is the claim.</summary>
    public const string ClaimOpened = "claim.opened";

    /// <summary>The merchant offers less than is claimed.</summary>
    public const string ClaimOffered = "claim.offered";

    /// <summary>The merchant asks for the goods.</summary>
    public const string ClaimReturning = "claim.returning";

    /// <summary>The shopper has sent the goods back.</summary>
    public const string ClaimBack = "claim.back";

    public const string ClaimRefused = "claim.refused";

    /// <summary>Operators have to rule.</summary>
    public const string ClaimJudging = "claim.judging";

    /// <summary>The shopper gets the money, as the merchant has agreed or because its time was over.</summary>
    public const string ClaimAgreed = "claim.agreed";

    public const string ClaimJudged = "claim.judged";

    /// <summary>By the shopper, or because her time was over.</summary>
    public const string ClaimWithdrawn = "claim.withdrawn";

    /// <summary>
    /// The guarantee fund has paid a refund for the merchant, which owes it now. Sent to the merchant only. Its data says which refund, and what is owed in all.
    /// </summary>
    public const string BalanceOwed = "balance.owed";

    public const string KeyCreated = "api_key.created";
    public const string KeyRevoked = "api_key.revoked";

    public static readonly IReadOnlyList<string> OfTrades = [TradeShipped, TradeShipOverdue, TradeDeadlineChanged, TradeFinished, TradeClosed, TradeStopped, TradeResumed];

    /// <summary>Events of a bill that are sent to its merchant.</summary>
    public static readonly IReadOnlyList<string> ToMerchant = [Paid, Expired, Cancelled, .. OfTrades];

    public static readonly IReadOnlyList<string> OfRefunds = [RefundCreated, RefundDone, RefundDeclined, RefundWithdrawn];

    public static readonly IReadOnlyList<string> OfClaims =
        [ClaimOpened, ClaimOffered, ClaimReturning, ClaimBack, ClaimRefused, ClaimJudging, ClaimAgreed, ClaimJudged, ClaimWithdrawn];

    /// <summary>Events of a merchant's balance that are sent to it.</summary>
    public static readonly IReadOnlyList<string> OfBalances = [BalanceOwed];

    /// <summary>Events of an API key that are sent to its merchant.</summary>
    public static readonly IReadOnlyList<string> OfKeys = [KeyCreated, KeyRevoked];
}
