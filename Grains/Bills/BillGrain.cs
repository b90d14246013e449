using Lakala.Grains.Notices;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Lakala.Grains.Bills;

/// <summary>
/// Reentrant: while one swipe waits for the bank, another terminal hears at once that the bill is being paid, and a repeat
/// that its swipe is in progress. Nothing here guards the money: the statements do. The state is always read from the
/// database, many bills at a time; a bill that is final, or does not exist, leaves the memory at once, since hundreds of
/// thousands of them would crowd it.
/// </summary>
[Reentrant, PreferLocalPlacement]
public sealed class BillGrain(
    Commits commits,
    Payments payments,
    BillNotices notices,
    NoticeSignal signal,
    TimeProvider time) : Grain, IBillGrain
{
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(10);
    private const int CloseRounds = 5;

    private TaskCompletionSource? _changed;

    public async Task<SwipeAnswer> Pay(PayBill swipe)
    {
        using var span = Instrumentation.Source.StartActivity("bill.pay");
        span?.SetTag("lakala.swipe", swipe.Key.ToString());
        var answer = await payments.Pay(swipe, Changed);
        if (answer.State == AttemptState.Approved)
        {
            DeactivateOnIdle();
        }

        return span.RecordAnswer(answer);
    }

    public async Task<BillFound> Lookup()
    {
        var (row, asOf) = await commits.HoldBills.Submit(Number);
        LeaveWhenFinal(row);
        if (row is null)
        {
            return new BillFound(null, Refusal.BillUnknown, TimeSpan.Zero);
        }

        var end = row.Bill.HeldUntil > row.Bill.ExpiresAt ? row.Bill.HeldUntil.Value : row.Bill.ExpiresAt;
        return new BillFound(row, row.Bill.Decide(new BillCommand.Hold(), asOf).Refusal, end > asOf ? end - asOf : TimeSpan.Zero);
    }

    public async Task<BillRow?> Get()
    {
        var (row, _) = await commits.ReadBills.Submit(Number);
        LeaveWhenFinal(row);
        return row;
    }

    public async Task<BillRow?> WaitForChange(BillState seen, CancellationToken stop)
    {
        // Subscribed before it is read: a change in between is not missed.
        var changed = (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        var row = await Get();
        if (row is null || row.Bill.State != seen)
        {
            return row;
        }

        await Task.WhenAny(changed, Task.Delay(LongPoll, time, stop));
        stop.ThrowIfCancellationRequested();
        return await Get();
    }

    public async Task<bool> SettleLate(long rrn, BankAnswer answer)
    {
        var isPaid = await payments.SettleLate(rrn, answer, Changed);
        if (isPaid)
        {
            DeactivateOnIdle();
        }

        return isPaid;
    }

    public Task<BillClosed> Cancel() => Close(new BillCommand.Cancel(), new BillEvent.Cancelled());

    public Task<BillClosed> Expire() => Close(new BillCommand.Expire(), new BillEvent.Expired());

    public async Task Remind()
    {
        if (await Get() is not { } row)
        {
            return;
        }

        var now = time.GetUtcNow();
        var data = notices.ComposeData(row);
        var reminder = new RemindShopper(Number, Guid.CreateVersion7(now), row.MerchantId, data, notices.FindReceivers(row), now);
        if ((await commits.RemindShoppers.Submit(reminder)).Done)
        {
            signal.Raise();
        }
    }

    public Task Refresh()
    {
        Changed();
        return Task.CompletedTask;
    }

    private long Number => this.GetPrimaryKeyLong();

    private async Task<BillClosed> Close(BillCommand command, BillEvent closing)
    {
        BillRow? before = null;
        for (var round = 0; round < CloseRounds; round++)
        {
            if (await Get() is not { } row)
            {
                return new BillClosed(null, Refusal.BillUnknown);
            }

            var now = time.GetUtcNow();
            var closed = row with { Bill = row.Bill.Apply(closing), ClosedAt = now };
            var data = notices.ComposeData(closed);
            var outcome = await commits.CloseBills.Submit(
                new CloseBill(Number, closed.Bill.State, Guid.CreateVersion7(now), row.MerchantId, data, notices.FindReceivers(row), now));
            if (outcome.Closed)
            {
                LeaveWhenFinal(closed);
                Changed();
                signal.Raise();
                return new BillClosed(closed, null);
            }

            before = outcome.Before;
            var decision = before.Bill.Decide(command, outcome.AsOf);
            if (decision.Event is null)
            {
                return new BillClosed(before, decision.Refusal ?? Refusal.TryLater);
            }

            // Nothing spoke against it when the statement began: another session was just at the bill. What it did is there now.
        }

        return new BillClosed(before, Refusal.TryLater);
    }

    private void LeaveWhenFinal(BillRow? row)
    {
        if (row is null || row.Bill.State is BillState.Paid or BillState.Expired or BillState.Cancelled)
        {
            DeactivateOnIdle();
        }
    }

    private void Changed()
    {
        _changed?.TrySetResult();
        _changed = null;
    }
}
