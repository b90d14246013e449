using Lakala.Grains.Bills;
using Lakala.Grains.Storage;
using Lakala.Grains.Terminals;
using Microsoft.Extensions.Options;

namespace Lakala.Silo;

/// <summary>
/// Finds in the database what no answer came for: attempts that are SENT past their time are moved to REVERSING, open
/// bills past theirs expire. Every silo sweeps; the guards in SQL make it harmless.
/// </summary>
public sealed class Sweeper(
    BillStore bills,
    SwipeKeys keys,
    IGrainFactory grains,
    IOptions<SwipeOptions> options,
    TimeProvider time,
    ILogger<Sweeper> log) : BackgroundService
{
    private const int Limit = 500;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await ReverseOverdue(stoppingToken);
                await Expire(stoppingToken);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                log.LogWarning("The sweep failed and will be tried again: {Reason}", fault.Message);
            }
        }
    }

    private async Task ReverseOverdue(CancellationToken stop)
    {
        var grace = options.Value.SweepAfter - options.Value.CommitDeadline;
        IReadOnlyList<AttemptRow> overdue;
        do
        {
            overdue = await bills.Overdue(grace, Limit, stop);
            await Task.WhenAll(overdue.Select(Reverse));
        }
        while (overdue.Count == Limit);
    }

    private async Task Reverse(AttemptRow attempt)
    {
        if ((await keys.Reverse(attempt)).Moved)
        {
            log.LogInformation("{Key}: no outcome in time, is being reversed.", attempt.Key);
            await grains.GetBill(attempt.Bill!.Value).Refresh();
        }
    }

    private async Task Expire(CancellationToken stop) =>
        await Task.WhenAll((await bills.Expiring(Limit, stop)).Select(number => grains.GetBill(number).Expire()));
}
