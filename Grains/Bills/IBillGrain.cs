using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage.Bills;
using Lakala.Vocabulary;

namespace Lakala.Grains.Bills;

/// <summary>The pending bills of one slot at this silo: the queue of their payments. <see cref="IBillGrains"/> gives the grain of a bill.</summary>
[Alias("bills")]
public interface IBillGrain : IGrainWithIntegerKey
{
    /// <summary>Pays the bill, or returns the refusal. A known key gets its stored answer.</summary>
    [Alias("pay")]
    Task<SwipeAnswer> Pay(PayBill swipe);

    /// <summary>A terminal's lookup: holds the bill for the counter and returns whether it can be paid.</summary>
    [Alias("lookup")]
    Task<BillFound> Lookup(long bill);

    /// <summary>
    /// An answer of the bank for which no request waited: an approval of an attempt that is still SENT, and before its deadline, pays
    /// the bill. Any other answer changes nothing.
    /// </summary>
    /// <param name="rrn">The RRN of an attempt on a bill of this grain.</param>
    /// <returns>True when it has paid the bill.</returns>
    [Alias("settle-late")]
    Task<bool> SettleLate(long rrn, BankAnswer answer);

    /// <summary>Cancels an open bill that no counter holds.</summary>
    [Alias("cancel")]
    Task<BillClosed> Cancel(long bill);

    /// <summary>Expires an open bill that is past its time and that no counter holds.</summary>
    [Alias("expire")]
    Task<BillClosed> Expire(long bill);

    /// <summary>Sends the shopper of an open bill, once, the reminder that it expires soon.</summary>
    [Alias("remind")]
    Task Remind(long bill);
}

[GenerateSerializer, Immutable, Alias("bill-found")]
public sealed record BillFound([property: Id(0)] BillRow? Row, [property: Id(1)] Refusal? Refusal, [property: Id(2)] TimeSpan TimeLeft);

[GenerateSerializer, Immutable, Alias("bill-closed")]
public sealed record BillClosed([property: Id(0)] BillRow? Row, [property: Id(1)] Refusal? Refusal);
