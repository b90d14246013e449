using System.Globalization;
using Lakala.Rules.Bills;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;

namespace Lakala.Silo.MerchantPages;

/// <summary>What a page says of an order, and what it offers. The rules decide again when it is asked for.</summary>
internal static class OrderShown
{
    public static string Status(BillRow bill, MerchantTexts texts) => bill.Trade switch
    {
        { FrozenBy: Trade.RefundDeclined } => texts.RefundUndecided,
        { FrozenBy: not null, IsOver: false } => texts.Frozen,
        { State: TradeState.Held, IsOverdue: true } => texts.Overdue,
        { } trade => texts.Trades(trade.State),
        null => texts.States(bill.Bill.State),
    };

    public static bool CanShip(BillRow bill) => bill.Trade is { State: TradeState.Held };

    public static bool CanCorrect(BillRow bill) => bill.Trade is { State: TradeState.Shipped, IsCorrected: false };

    public static bool CanExtend(BillRow bill) => bill.Trade is { State: TradeState.Shipped, MerchantExtended: null };

    public static bool CanRefund(BillRow bill) => bill.Bill.State == BillState.Paid && Left(bill) > 0 && bill.Trade?.State != TradeState.Claimed;

    /// <summary>What can still be refunded, in minor units.</summary>
    public static long Left(BillRow bill) => bill.Bill.Amount.Minor - bill.Refunded;

    /// <summary>An amount as people type it.</summary>
    public static string Plain(long minor) => (minor / 100m).ToString("0.00", CultureInfo.InvariantCulture);

    /// <returns>Minor units; null when it is no amount in yuan with at most two decimals.</returns>
    public static long? ReadYuan(string text) =>
        decimal.TryParse(text.Trim().TrimStart('¥', '￥').Replace(",", "", StringComparison.Ordinal), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var yuan)
        && yuan is > 0 and < 10_000_000_000 && decimal.Truncate(yuan * 100) == yuan * 100
            ? (long)(yuan * 100)
            : null;

    /// <returns>The part of the order's page, and its name.</returns>
    public static IEnumerable<(string Anchor, string Name)> Actions(BillRow bill, MerchantTexts texts)
    {
        if (CanShip(bill))
        {
            yield return ("ship", texts.Ship);
        }

        if (CanCorrect(bill))
        {
            yield return ("correct", texts.Correct);
        }

        if (CanExtend(bill))
        {
            yield return ("extend", texts.Extend);
        }

        if (CanRefund(bill))
        {
            yield return ("refund", texts.Refund);
        }
    }
}
