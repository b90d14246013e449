using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Claims;
using Lakala.Rules.Ledger;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;

namespace Lakala.Storage;

/// <summary>The names of states in the database, in capitals, as in the docs and the API; and of the kinds of the ledger, in small letters.</summary>
public static class StateNames
{
    public static string Format(BillState state) => state switch
    {
        BillState.Open => "OPEN",
        BillState.Paying => "PAYING",
        BillState.Paid => "PAID",
        BillState.Expired => "EXPIRED",
        BillState.Cancelled => "CANCELLED",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
    };

    public static BillState ParseBill(string name) => name switch
    {
        "OPEN" => BillState.Open,
        "PAYING" => BillState.Paying,
        "PAID" => BillState.Paid,
        "EXPIRED" => BillState.Expired,
        "CANCELLED" => BillState.Cancelled,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such state."),
    };

    public static string Format(AttemptState state) => state switch
    {
        AttemptState.Sent => "SENT",
        AttemptState.Approved => "APPROVED",
        AttemptState.Declined => "DECLINED",
        AttemptState.NotSent => "NOT_SENT",
        AttemptState.Reversing => "REVERSING",
        AttemptState.Reversed => "REVERSED",
        AttemptState.Void => "VOID",
        AttemptState.Refused => "REFUSED",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
    };

    public static AttemptState ParseAttempt(string name) => name switch
    {
        "SENT" => AttemptState.Sent,
        "APPROVED" => AttemptState.Approved,
        "DECLINED" => AttemptState.Declined,
        "NOT_SENT" => AttemptState.NotSent,
        "REVERSING" => AttemptState.Reversing,
        "REVERSED" => AttemptState.Reversed,
        "VOID" => AttemptState.Void,
        "REFUSED" => AttemptState.Refused,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such state."),
    };

    public static string Format(DeliveryState state) => state switch
    {
        DeliveryState.Pending => "PENDING",
        DeliveryState.Accepted => "ACCEPTED",
        DeliveryState.Skipped => "SKIPPED",
        DeliveryState.Parked => "PARKED",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
    };

    public static DeliveryState ParseDelivery(string name) => name switch
    {
        "PENDING" => DeliveryState.Pending,
        "ACCEPTED" => DeliveryState.Accepted,
        "SKIPPED" => DeliveryState.Skipped,
        "PARKED" => DeliveryState.Parked,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such state."),
    };

    public static string Format(TradeState state) => state switch
    {
        TradeState.Held => "HELD",
        TradeState.Shipped => "SHIPPED",
        TradeState.Claimed => "CLAIMED",
        TradeState.Finished => "FINISHED",
        TradeState.Closed => "CLOSED",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
    };

    public static TradeState ParseTrade(string name) => name switch
    {
        "HELD" => TradeState.Held,
        "SHIPPED" => TradeState.Shipped,
        "CLAIMED" => TradeState.Claimed,
        "FINISHED" => TradeState.Finished,
        "CLOSED" => TradeState.Closed,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such state."),
    };

    /// <summary>In small letters, as a merchant gives it.</summary>
    public static string Format(DeliveryMethod method) => method switch
    {
        DeliveryMethod.Auto => "auto",
        DeliveryMethod.Virtual => "virtual",
        DeliveryMethod.Pickup => "pickup",
        DeliveryMethod.Express => "express",
        DeliveryMethod.Surface => "surface",
        _ => throw new ArgumentOutOfRangeException(nameof(method), method, "No such method."),
    };

    public static DeliveryMethod ParseDeliveryMethod(string name) =>
        FindDeliveryMethod(name) ?? throw new ArgumentOutOfRangeException(nameof(name), name, "No such method.");

    /// <returns>Null when there is no such method.</returns>
    public static DeliveryMethod? FindDeliveryMethod(string name) => name switch
    {
        "auto" => DeliveryMethod.Auto,
        "virtual" => DeliveryMethod.Virtual,
        "pickup" => DeliveryMethod.Pickup,
        "express" => DeliveryMethod.Express,
        "surface" => DeliveryMethod.Surface,
        _ => null,
    };

    public static string Format(RefundState state) => state switch
    {
        RefundState.Queued => "QUEUED",
        RefundState.Requested => "REQUESTED",
        RefundState.Sent => "SENT",
        RefundState.Done => "DONE",
        RefundState.Declined => "DECLINED",
        RefundState.Withdrawn => "WITHDRAWN",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
    };

    public static RefundState ParseRefund(string name) => name switch
    {
        "QUEUED" => RefundState.Queued,
        "REQUESTED" => RefundState.Requested,
        "SENT" => RefundState.Sent,
        "DONE" => RefundState.Done,
        "DECLINED" => RefundState.Declined,
        "WITHDRAWN" => RefundState.Withdrawn,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such state."),
    };

    /// <summary>In small letters, as the API of operators shows it.</summary>
    public static string Format(RefundQuestion question) => question switch
    {
        RefundQuestion.Stopped => "stopped",
        RefundQuestion.Refused => "refused",
        RefundQuestion.Uncovered => "uncovered",
        _ => throw new ArgumentOutOfRangeException(nameof(question), question, "No such question."),
    };

    public static RefundQuestion ParseQuestion(string name) => name switch
    {
        "stopped" => RefundQuestion.Stopped,
        "refused" => RefundQuestion.Refused,
        "uncovered" => RefundQuestion.Uncovered,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such question."),
    };

    public static string Format(RefundVerdict verdict) => verdict switch
    {
        RefundVerdict.Credited => "DONE",
        RefundVerdict.NotCredited => "DECLINED",
        RefundVerdict.SendAgain => "AGAIN",
        RefundVerdict.PayOtherwise => "OTHERWISE",
        RefundVerdict.LeaveIt => "LEFT",
        RefundVerdict.LendIt => "GUARANTEE",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "No such verdict."),
    };

    public static RefundVerdict ParseVerdict(string name) => name switch
    {
        "DONE" => RefundVerdict.Credited,
        "DECLINED" => RefundVerdict.NotCredited,
        "AGAIN" => RefundVerdict.SendAgain,
        "OTHERWISE" => RefundVerdict.PayOtherwise,
        "LEFT" => RefundVerdict.LeaveIt,
        "GUARANTEE" => RefundVerdict.LendIt,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such verdict."),
    };

    public static string Format(ClaimState state) => state switch
    {
        ClaimState.Asked => "ASKED",
        ClaimState.Agreed => "AGREED",
        ClaimState.Returning => "RETURNING",
        ClaimState.Back => "BACK",
        ClaimState.Refused => "REFUSED",
        ClaimState.Judging => "JUDGING",
        ClaimState.Judged => "JUDGED",
        ClaimState.Withdrawn => "WITHDRAWN",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
    };

    public static ClaimState ParseClaim(string name) => FindClaim(name) ?? throw new ArgumentOutOfRangeException(nameof(name), name, "No such state.");

    /// <returns>Null when there is no such state.</returns>
    public static ClaimState? FindClaim(string name) => name switch
    {
        "ASKED" => ClaimState.Asked,
        "AGREED" => ClaimState.Agreed,
        "RETURNING" => ClaimState.Returning,
        "BACK" => ClaimState.Back,
        "REFUSED" => ClaimState.Refused,
        "JUDGING" => ClaimState.Judging,
        "JUDGED" => ClaimState.Judged,
        "WITHDRAWN" => ClaimState.Withdrawn,
        _ => null,
    };

    /// <summary>In small letters, as a page gives it.</summary>
    public static string Format(ClaimKind kind) => kind switch
    {
        ClaimKind.NotReceived => "not_received",
        ClaimKind.NotAsDescribed => "not_as_described",
        ClaimKind.Return => "return",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind."),
    };

    public static ClaimKind ParseClaimKind(string name) => FindClaimKind(name) ?? throw new ArgumentOutOfRangeException(nameof(name), name, "No such kind.");

    /// <returns>Null when there is no such kind.</returns>
    public static ClaimKind? FindClaimKind(string name) => name switch
    {
        "not_received" => ClaimKind.NotReceived,
        "not_as_described" => ClaimKind.NotAsDescribed,
        "return" => ClaimKind.Return,
        _ => null,
    };

    /// <summary>In small letters.</summary>
    public static string Format(Side side) => side switch
    {
        Side.Shopper => "shopper",
        Side.Merchant => "merchant",
        _ => throw new ArgumentOutOfRangeException(nameof(side), side, "No such side."),
    };

    public static Side ParseSide(string name) => name switch
    {
        "shopper" => Side.Shopper,
        "merchant" => Side.Merchant,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such side."),
    };

    public static string Format(EntryKind kind) => kind switch
    {
        EntryKind.Payment => "payment",
        EntryKind.Release => "release",
        EntryKind.Refund => "refund",
        EntryKind.RefundTaken => "refund_taken",
        EntryKind.RefundBack => "refund_back",
        EntryKind.Freeze => "freeze",
        EntryKind.Unfreeze => "unfreeze",
        EntryKind.Fund => "fund",
        EntryKind.DebtPaid => "debt_paid",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind."),
    };

    public static string Format(Account account) => account.Owner.Length == 0 ? Format(account.Kind) : $"{Format(account.Kind)}:{account.Owner}";

    public static AccountKind ParseAccount(string name) => Enum.GetValues<AccountKind>().First(kind => Format(kind) == name);

    public static string Format(AccountKind kind) => kind switch
    {
        AccountKind.BankClearing => "bank_clearing",
        AccountKind.Held => "held",
        AccountKind.Merchant => "merchant",
        AccountKind.Store => "store",
        AccountKind.Platform => "platform",
        AccountKind.RefundsOut => "refunds_out",
        AccountKind.Frozen => "frozen",
        AccountKind.Guarantee => "guarantee",
        AccountKind.GuaranteeLent => "guarantee_lent",
        AccountKind.Owed => "owed",
        AccountKind.Reserve => "reserve",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind."),
    };
}
