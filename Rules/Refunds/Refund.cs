using System.Collections.Frozen;
using Lakala.Rules.Bills;
using Lakala.Vocabulary;

namespace Lakala.Rules.Refunds;

/// <summary>The states of a refund. Until DONE nobody is told that the money has been given back.</summary>
public enum RefundState
{
    /// <summary>The money of those who must give it back does not cover it yet: it would be lent from other people's.</summary>
    Queued,

    /// <summary>The money is set aside; nothing was sent.</summary>
    Requested,

    /// <summary>Possibly sent: it is repeated under the same RRN until the bank's word is final, or the time for sending it is over.</summary>
    Sent,

    Done,

    /// <summary>Refused by the bank for good: the money is where it was before.</summary>
    Declined,

    /// <summary>By the merchant, before anything was sent: the money is where it was before.</summary>
    Withdrawn,
}

/// <summary>The rules of money that goes back to the card of a paid bill.</summary>
public static class Refund
{
    // Frozen: only after these is it certain that the card was not credited, and never will be under this RRN. Anything else is repeated.
    private static readonly FrozenSet<string> FinalRefusals = FrozenSet.Create(
        ResponseCodes.BadCard, ResponseCodes.NotAllowedForCard, ResponseCodes.OverLimit, ResponseCodes.WrongOriginalAmount);

    /// <summary>
    /// The time after its first sending in which a refund may be sent. The bank promises to remember its RRN for 35 days, and a repeat after them could
    /// be a second credit. The last day is a reserve: for a refund that is taken and waits for the line, and for clocks that differ.
    /// </summary>
    public static readonly TimeSpan SendingTime = TimeSpan.FromDays(34);

    /// <summary>The time for which a refund waits for the merchant's money. After it two operators may pay it out of the guarantee fund.</summary>
    public static readonly TimeSpan WaitingTime = TimeSpan.FromDays(5);

    /// <summary>Why so much of the bill cannot be refunded; null when it can.</summary>
    /// <param name="refunded">All of the bill's refunds that were not declined, in minor units.</param>
    /// <param name="claimed">What an open claim about a finished trade of the bill is about: what it may grant is not given back in another way.</param>
    /// <param name="refused">What the bank has refused, and two operators have not decided about.</param>
    /// <param name="amount">Minor units, above 0.</param>
    public static Refusal? WhyNot(Bill bill, long refunded, long claimed, long refused, long amount) =>
        bill.State != BillState.Paid ? Refusal.BillNotPaid
        : amount > bill.Amount.Minor - refunded ? Refusal.RefundExceeds
        : amount > bill.Amount.Minor - refunded - claimed ? Refusal.TradeClaimed
        : amount > bill.Amount.Minor - refunded - claimed - refused ? Refusal.RefundUndecided
        : null;

    /// <summary>The state of a refund that was sent, after the bank's word.</summary>
    /// <param name="responseCode">Field 39 of an answer to this very refund; null when there is none that can be believed.</param>
    /// <returns>Null: undecided, it is sent again.</returns>
    public static RefundState? Decide(string? responseCode) => responseCode switch
    {
        null => null,
        ResponseCodes.Approved => RefundState.Done,
        _ => FinalRefusals.Contains(responseCode) ? RefundState.Declined : null,
    };

    /// <summary>Whether a refund may be sent now. Mirrored by the guard in SQL, with the database's clock.</summary>
    /// <param name="firstSentAt">Null: it was never sent.</param>
    public static bool MaySend(DateTimeOffset? firstSentAt, DateTimeOffset now) => firstSentAt is not { } at || now - at < SendingTime;

    /// <summary>Why its merchant cannot withdraw it; null when it can.</summary>
    /// <param name="isPromised">A claim, the end of a trade, a counter or operators have promised it to the shopper.</param>
    public static Refusal? WhyNotWithdrawn(RefundState state, bool isPromised) =>
        state is not (RefundState.Queued or RefundState.Requested) ? Refusal.RefundSent : isPromised ? Refusal.RefundPromised : null;

    /// <summary>The states that may follow; mirrored by the guards in SQL.</summary>
    public static bool CanMove(RefundState from, RefundState to) => (from, to) switch
    {
        (RefundState.Queued, RefundState.Requested or RefundState.Withdrawn) => true,
        (RefundState.Requested, RefundState.Sent or RefundState.Withdrawn) => true,
        (RefundState.Sent, RefundState.Done or RefundState.Declined) => true,
        _ => false,
    };
}
