using Lakala.Silo.Hosting;
using Lakala.Storage.Bills;
using Lakala.Storage.Notices;
using Lakala.Storage.Terminals;
using Lakala.Storage.Trades;

namespace Lakala.Silo.Sweeping;

/// <summary>Deletes old rows: answers kept for repeats, counts of notices, codes of shoppers, and the history of terminals' health.</summary>
internal sealed class Retention(MerchantBills bills, QuotaRows quotas, HealthRows healths, ShopperCodeRows codes, TimeProvider time, ILogger<Retention> log)
    : PeriodicWork(time, log)
{
    private const int Batch = 10_000;

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override string FailureText => "Old rows could not be deleted, the next round tries again";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(new[] { bills.ForgetAnswers, quotas.ForgetCounts, healths.Forget, codes.Forget }.Select(forget => Repeat(Interval, stop => DropAll(forget, stop), stoppingToken)));

    private static async Task DropAll(Func<int, CancellationToken, Task<int>> forget, CancellationToken stop)
    {
        while (await forget(Batch, stop) == Batch)
        {
        }
    }
}
