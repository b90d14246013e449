using System.Diagnostics.Metrics;
using Lakala.Grains;
using Lakala.Grains.Storage;
using Lakala.Grains.Tenders;

namespace Lakala.Silo;

/// <summary>
/// Works off the reversal queue: 0420, then 0421 with growing pauses until the bank's 0430, for as long as it takes. The
/// queue is the database's, so this survives everything; any silo may send any reversal.
/// </summary>
public sealed class ReversalSender : BackgroundService
{
    private const int Limit = 32;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly ReversalStore _reversals;
    private readonly IBankLine _bank;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private (long Count, TimeSpan OldestAge) _outstanding;

    public ReversalSender(ReversalStore reversals, IBankLine bank, IMeterFactory meters, TimeProvider time, ILogger<ReversalSender> log)
    {
        _reversals = reversals;
        _bank = bank;
        _time = time;
        _log = log;
        var meter = meters.Create(Telemetry.Name);
        meter.CreateObservableGauge("lakala.reversals.outstanding", () => _outstanding.Count);
        meter.CreateObservableGauge("lakala.reversals.oldest_age", () => _outstanding.OldestAge.TotalSeconds, "s");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var due = await _reversals.TakeDue(Lease, Limit, stoppingToken);
                await Task.WhenAll(due.Select(reversal => Send(reversal, stoppingToken)));
                _outstanding = await _reversals.Outstanding(stoppingToken);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                _log.LogWarning("Reversals could not be worked off and will be tried again: {Reason}", fault.Message);
            }
        }
    }

    private async Task Send(ReversalRow reversal, CancellationToken stop)
    {
        if (await _bank.Reverse(reversal, stop))
        {
            await _reversals.Acknowledged(reversal.Rrn);
            _log.LogInformation("Reversal of RRN {Rrn} is acknowledged after {Tries} tries.", RrnBlocks.Text(reversal.Rrn), reversal.Tries + 1);
            return;
        }

        await _reversals.TryAgain(reversal.Rrn, Pause(reversal.Tries));
    }

    // Doubles up to the longest, with jitter, so that many do not come back at once.
    private static TimeSpan Pause(int tries)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(tries, 10));
        return (pause < LongestPause ? pause : LongestPause) * (0.5 + Random.Shared.NextDouble() / 2);
    }
}
