using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Lakala.Silo.Hosting;
using Lakala.Storage;
using Lakala.Storage.Swipes;

namespace Lakala.Silo.Bank;

/// <summary>Sends the reversals of the queue, a bounded number at once, and searches for false approvals when the queue is empty.</summary>
public sealed class ReversalSender : BackgroundService
{
    private const int MaxInFlight = 64;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly Reversals _reversals;
    private readonly DueWatch _due;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Counter<long> _falseApprovals;

    public ReversalSender(Reversals reversals, DueWatch due, IMeterFactory meters, TimeProvider time, ILogger<ReversalSender> log)
    {
        (_reversals, _due, _time, _log) = (reversals, due, time, log);
        var meter = meters.Create(Instrumentation.Name);
        _falseApprovals = meter.CreateCounter<long>("lakala.bank.false_approvals");
        meter.CreateObservableGauge("lakala.reversals.outstanding", () => due.Latest.OpenReversals);
        meter.CreateObservableGauge("lakala.reversals.oldest_age", () => due.Latest.OldestReversal.TotalSeconds, "s");
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Parallel.ForEachAsync(
        Due(stoppingToken),
        new ParallelOptions { MaxDegreeOfParallelism = MaxInFlight, CancellationToken = stoppingToken },
        async (reversal, stop) => await _reversals.Send(reversal, stop));

    private async IAsyncEnumerable<ReversalRow> Due([EnumeratorCancellation] CancellationToken stop)
    {
        var counted = _time.GetTimestamp();

        // Zero is published at the start, so that rate() sees the first increment.
        _falseApprovals.Add(0);
        while (true)
        {
            IReadOnlyList<ReversalRow> due = [];
            try
            {
                due = await _reversals.TakeDue(stop);
                if (due.Count < Reversals.Limit || _time.GetElapsedTime(counted) > Interval)
                {
                    _falseApprovals.Add(await _reversals.ReverseFalseApprovals(stop));
                    counted = _time.GetTimestamp();
                }
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                _log.LogWarning("The reversal queue cannot be read; trying again: {Reason}", fault.Message);
            }

            foreach (var reversal in due)
            {
                yield return reversal;
            }

            if (due.Count < Reversals.Limit)
            {
                await _due.Until(static work => work.Reversals || work.LateAnswers, stop);
            }
        }
    }
}
