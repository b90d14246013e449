using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Storage.Bills;
using Lakala.Vocabulary;
using Orleans.Concurrency;

namespace Lakala.Grains.Bills;

/// <summary>A bill: the queue of its payments, and of the callers that wait for its change. Its key is the bill number.</summary>
[Alias("bill")]
public interface IBillGrain : IGrainWithIntegerKey
{
    /// <summary>Pays the bill, or returns the refusal. A known key gets its stored answer.</summary>
    [Alias("pay")]
    Task<SwipeAnswer> Pay(PayBill swipe);

    /// <summary>A terminal's lookup: holds the bill for the counter and returns whether it can be paid.</summary>
    [Alias("lookup")]
    Task<BillFound> Lookup();

    /// <summary>The last committed state; null when there is no such bill.</summary>
    [Alias("get"), AlwaysInterleave]
    Task<BillRow?> Get();

    /// <summary>Returns as soon as the state differs from <paramref name="seen"/>, or after 10 s with the present state.</summary>
    /// <param name="stop">Ends the wait.</param>
    [Alias("wait-for-change"), AlwaysInterleave]
    Task<BillRow?> WaitForChange(BillState seen, CancellationToken stop);

    /// <summary>
    /// An answer of the bank for which no request waited: an approval of an attempt that is still SENT, and before its deadline, pays
    /// the bill. Any other answer changes nothing.
    /// </summary>
    /// <param name="rrn">The RRN of an attempt on this bill.</param>
    /// <returns>True when it has paid the bill.</returns>
    [Alias("settle-late")]
    Task<bool> SettleLate(long rrn, BankAnswer answer);

    /// <summary>Cancels an open bill that no counter holds.</summary>
    [Alias("cancel")]
    Task<BillClosed> Cancel();

    /// <summary>Expires an open bill that is past its time and that no counter holds.</summary>
    [Alias("expire")]
    Task<BillClosed> Expire();

    /// <summary>Sends the shopper of an open bill, once, the reminder that it expires soon.</summary>
    [Alias("remind")]
    Task Remind();

    /// <summary>Another part of the system has committed a change of this bill: it is read again. The caller does not wait.</summary>
    [Alias("refresh"), AlwaysInterleave, OneWay]
    Task Refresh();
}

[GenerateSerializer, Immutable, Alias("bill-found")]
public sealed record BillFound([property: Id(0)] BillRow? Row, [property: Id(1)] Refusal? Refusal, [property: Id(2)] TimeSpan TimeLeft);

[GenerateSerializer, Immutable, Alias("bill-closed")]
public sealed record BillClosed([property: Id(0)] BillRow? Row, [property: Id(1)] Refusal? Refusal);
