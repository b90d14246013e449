using Lakala.Grains.Notices;
using Lakala.Rules.Bills;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;

namespace Lakala.Grains.Bills;

/// <summary>The flows of an OPEN bill without a swipe: a lookup holds it, it is closed, its shopper is reminded.</summary>
/// <remarks>It uses grains, database and clock only through its ports; it may run many times at once, also for the same bill.</remarks>
public sealed class OpenBills(
    ICommit<HoldBill, BillSeen> holdBills,
    ICommit<long, BillSeen> readBills,
    ICommit<CloseBill, CloseOutcome> closeBills,
    ICommit<RemindShopper, ReminderOutcome> remindShoppers,
    BillNotices notices,
    NoticeSignal signal,
    IBillChanges changes,
    TimeProvider time)
{
    private const int CloseRounds = 5;

    /// <summary>A terminal's lookup: holds the bill for the counter and returns whether it can be paid.</summary>
    public async Task<BillFound> Hold(long number)
    {
        var (row, asOf) = await holdBills.Submit(new HoldBill(number));
        if (row is null)
        {
            return new BillFound(null, Refusal.BillUnknown, TimeSpan.Zero);
        }

        var end = row.Bill.HeldUntil > row.Bill.ExpiresAt ? row.Bill.HeldUntil.Value : row.Bill.ExpiresAt;
        return new BillFound(row, row.Bill.Decide(new BillStep.Hold(), asOf).Refusal, end > asOf ? end - asOf : TimeSpan.Zero);
    }

    /// <summary>Cancels a bill that no counter holds.</summary>
    public Task<BillClosed> Cancel(long number) => Close(number, new BillStep.Cancel(), new BillEvent.Cancelled());

    /// <summary>Expires a bill that is past its time and that no counter holds.</summary>
    public Task<BillClosed> Expire(long number) => Close(number, new BillStep.Expire(), new BillEvent.Expired());

    /// <summary>Sends the shopper, once, the reminder that the bill expires soon.</summary>
    public async Task Remind(long number)
    {
        if ((await readBills.Submit(number)).Row is not { } row)
        {
            return;
        }

        var now = time.GetUtcNow();
        var reminder = new RemindShopper(
            Number: number,
            EventId: Guid.CreateVersion7(now),
            MerchantId: row.MerchantId,
            EventData: notices.ComposeData(row),
            Receivers: notices.FindReceivers(row),
            At: now);
        if ((await remindShoppers.Submit(reminder)).Done)
        {
            signal.Raise();
        }
    }

    private async Task<BillClosed> Close(long number, BillStep step, BillEvent closing)
    {
        BillRow? before = null;
        for (var round = 0; round < CloseRounds; round++)
        {
            if ((await readBills.Submit(number)).Row is not { } row)
            {
                return new BillClosed(null, Refusal.BillUnknown);
            }

            var now = time.GetUtcNow();
            var closed = row with { Bill = row.Bill.Apply(closing), ClosedAt = now };
            var outcome = await closeBills.Submit(new CloseBill(
                Number: number,
                State: closed.Bill.State,
                EventId: Guid.CreateVersion7(now),
                MerchantId: row.MerchantId,
                EventData: notices.ComposeData(closed),
                Receivers: notices.FindReceivers(row),
                At: now));
            if (outcome.Closed)
            {
                changes.Report(number);
                signal.Raise();
                return new BillClosed(closed, null);
            }

            before = outcome.Before;
            var decision = before.Bill.Decide(step, outcome.AsOf);
            if (decision.Event is null)
            {
                return new BillClosed(before, decision.Refusal ?? Refusal.TryLater);
            }

            // The rules allowed it when the statement began: another session was changing the bill, and its change is visible now.
        }

        return new BillClosed(before, Refusal.TryLater);
    }
}
