using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage;
using Orleans.Concurrency;
using Orleans.GrainDirectory;

namespace Lakala.Grains.Bills;

/// <summary>
/// Reentrant: while one swipe waits for the bank, another terminal gets at once that the bill is being paid, and a repeat
/// that its swipe is in progress. Nothing here guards the money, and nothing is kept: the statements decide, whichever silos
/// have a grain for the bill.
/// </summary>
/// <remarks>
/// One activation for each slot and silo, which stays: it is in no directory, and a call never leaves the silo. Workers are not
/// inspected for idle ones, because there is only one.
/// </remarks>
[StatelessWorker(1, removeIdleWorkers: false), GrainDirectory(NoDirectory.Name), CollectionAgeLimit(AlwaysActive = true), Reentrant, GrainType(TypeName)]
public sealed class BillGrain(Payments payments, OpenBills openBills) : Grain, IBillGrain
{
    public const string TypeName = "bills";

    public async Task<SwipeAnswer> Pay(PayBill swipe)
    {
        using var span = Instrumentation.Source.StartActivity("bill.pay");
        span?.SetTag("lakala.swipe", swipe.Key.ToString());
        return span.RecordAnswer(await payments.Pay(swipe));
    }

    public Task<BillFound> Lookup(long bill) => openBills.Hold(bill);

    public Task<bool> SettleLate(long rrn, BankAnswer answer) => payments.SettleLate(rrn, answer);

    public Task<BillClosed> Cancel(long bill) => openBills.Cancel(bill);

    public Task<BillClosed> Expire(long bill) => openBills.Expire(bill);

    public Task Remind(long bill) => openBills.Remind(bill);
}
