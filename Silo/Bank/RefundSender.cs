using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Lakala.Silo.Hosting;
using Lakala.Storage;
using Lakala.Storage.Refunds;

namespace Lakala.Silo.Bank;

/// <summary>Sends the refunds of the queue, a bounded number at once, after making those that are due.</summary>
public sealed class RefundSender : BackgroundService
{
    private const int MaxInFlight = 64;

    private readonly Refunds _refunds;
    private readonly DueWatch _due;
    private readonly ILogger _log;

    public RefundSender(Refunds refunds, DueWatch due, IMeterFactory meters, ILogger<RefundSender> log)
    {
        (_refunds, _due, _log) = (refunds, due, log);
        var meter = meters.Create(Instrumentation.Name);
        meter.CreateObservableGauge("lakala.refunds.outstanding", () => due.Latest.OpenRefunds);
        meter.CreateObservableGauge("lakala.refunds.oldest_age", () => due.Latest.OldestRefund.TotalSeconds, "s");
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Parallel.ForEachAsync(
        Due(stoppingToken),
        new ParallelOptions { MaxDegreeOfParallelism = MaxInFlight, CancellationToken = stoppingToken },
        async (refund, stop) => await _refunds.Send(refund, stop));

    private async IAsyncEnumerable<RefundToSend> Due([EnumeratorCancellation] CancellationToken stop)
    {
        while (true)
        {
            await _due.Until(static work => work.Refunds, stop);
            IReadOnlyList<RefundToSend> due = [];
            do
            {
                try
                {
                    await _refunds.Prepare(stop);
                    due = await _refunds.TakeDue(stop);
                }
                catch (Exception fault) when (fault is not OperationCanceledException)
                {
                    due = [];
                    _log.LogWarning("The refunds that are due cannot be read; trying again: {Reason}", fault.Message);
                }

                foreach (var refund in due)
                {
                    yield return refund;
                }
            }
            while (due.Count == Refunds.Limit);
        }
    }
}
