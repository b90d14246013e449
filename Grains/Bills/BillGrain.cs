using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Lakala.Grains.Bills;

/// <summary>
/// Reentrant: while one swipe waits for the bank, another terminal gets at once that the bill is being paid, and a repeat
/// that its swipe is in progress. Nothing here guards the money: the statements do. The state is always read from the
/// database, many bills at a time. The grain of a bill that is final, or does not exist, is deactivated at once: hundreds of
/// thousands of them would fill the memory.
/// </summary>
[Reentrant, PreferLocalPlacement]
public sealed class BillGrain(Payments payments, OpenBills openBills, ICommit<long, BillSeen> readBills, TimeProvider time) : Grain, IBillGrain
{
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(10);

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
        var found = await openBills.Hold(Number);
        LeaveWhenFinal(found.Row);
        return found;
    }

    public async Task<BillRow?> Get()
    {
        var (row, _) = await readBills.Submit(Number);
        LeaveWhenFinal(row);
        return row;
    }

    public async Task<BillRow?> WaitForChange(BillState seen, CancellationToken stop)
    {
        // Subscribed before the read, so that a change in between is not missed.
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

    public Task<BillClosed> Cancel() => Close(openBills.Cancel(Number, Changed));

    public Task<BillClosed> Expire() => Close(openBills.Expire(Number, Changed));

    public async Task Remind() => LeaveWhenFinal(await openBills.Remind(Number));

    public Task Refresh()
    {
        Changed();
        return Task.CompletedTask;
    }

    private long Number => this.GetPrimaryKeyLong();

    private async Task<BillClosed> Close(Task<BillClosed> closing)
    {
        var outcome = await closing;
        LeaveWhenFinal(outcome.Row);
        return outcome;
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
