using Lakala.Storage.Merchants;
using Lakala.Storage.Notices;

namespace Lakala.Silo.Sweeping;

/// <summary>Drops answers that were kept for repeats, and counts of notices, when their time is over.</summary>
internal sealed class Retention(MerchantRows merchants, NoticeRows notices, TimeProvider time, ILogger<Retention> log) : BackgroundService
{
    private const int Batch = 10_000;

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await merchants.ForgetAnswers(Batch, stoppingToken) == Batch)
                {
                }

                while (await notices.ForgetCounts(Batch, stoppingToken) == Batch)
                {
                }
            }
            catch (Npgsql.NpgsqlException fault)
            {
                log.LogWarning(fault, "Kept answers and counts could not be dropped; trying again in {Interval}.", Interval);
            }
        }
    }
}
