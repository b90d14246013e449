using Lakala.Grains.Bills;
using Lakala.Grains.Notices;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;

namespace Lakala.Model.Tests;

/// <summary>The grain of all bills of one silo: their flows.</summary>
public sealed class ModelBill(Payments payments, OpenBills openBills, Checks checks) : IBillGrain, IBillGrains
{
    public IBillGrain GetBill(long number) => this;

    public Task<SwipeAnswer> Pay(PayBill swipe) => payments.Pay(swipe);

    public Task<BillFound> Lookup(long bill) => openBills.Hold(bill);

    public Task<bool> SettleLate(long rrn, BankAnswer answer) => payments.SettleLate(rrn, answer);

    public Task<BillClosed> Cancel(long bill) => Close(bill, openBills.Cancel(bill));

    public Task<BillClosed> Expire(long bill) => Close(bill, openBills.Expire(bill));

    public Task Remind(long bill) => throw new NotSupportedException("Nobody is reminded here.");

    // The merchant, or the sweeper, knows that the bill is closed.
    private async Task<BillClosed> Close(long bill, Task<BillClosed> closing)
    {
        var outcome = await closing;
        if (outcome is { Row: { } row, Refusal: null })
        {
            checks.Closed(bill, row.Bill.State);
        }

        return outcome;
    }
}

/// <summary>Nobody waits for the change of a bill here.</summary>
public sealed class UnwatchedBills : IBillChanges
{
    public void Report(long bill)
    {
    }
}
