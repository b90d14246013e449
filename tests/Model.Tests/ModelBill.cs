using Lakala.Grains.Bills;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Storage.Bills;

namespace Lakala.Model.Tests;

/// <summary>The bills of one silo. Each silo has its own instance of every bill, as while grains move between silos.</summary>
public sealed class ModelBills(Payments payments, OpenBills openBills, Checks checks) : IBillGrains
{
    public IBillGrain GetBill(long number) => new ModelBill(number, payments, openBills, checks);
}

/// <summary>A bill without a grain: its flows, without callers that wait for its change.</summary>
public sealed class ModelBill(long number, Payments payments, OpenBills openBills, Checks checks) : IBillGrain
{
    public Task<SwipeAnswer> Pay(PayBill swipe) => payments.Pay(swipe, Changed);

    public Task<BillFound> Lookup() => openBills.Hold(number);

    public Task<bool> SettleLate(long rrn, BankAnswer answer) => payments.SettleLate(rrn, answer, Changed);

    public Task<BillClosed> Cancel() => Close(openBills.Cancel(number, Changed));

    public Task<BillClosed> Expire() => Close(openBills.Expire(number, Changed));

    public Task Refresh() => Task.CompletedTask;

    public Task<BillRow?> Get() => throw new NotSupportedException("Nobody looks at a bill here.");

    public Task<BillRow?> WaitForChange(BillState seen, CancellationToken stop) => throw new NotSupportedException("Nobody waits for a change here.");

    public Task Remind() => throw new NotSupportedException("Nobody is reminded here.");

    private static void Changed()
    {
    }

    // The merchant, or the sweeper, knows that the bill is closed.
    private async Task<BillClosed> Close(Task<BillClosed> closing)
    {
        var outcome = await closing;
        if (outcome is { Row: { } row, Refusal: null })
        {
            checks.Closed(number, row.Bill.State);
        }

        return outcome;
    }
}
