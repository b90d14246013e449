using System.Diagnostics.Metrics;
using Lakala.Silo.Hosting;
using Lakala.Storage;
using Lakala.Storage.Ledger;

namespace Lakala.Silo.Ledger;

/// <summary>
/// The ledger behind the swipes: folds credits into the balances, keeps partitions of entries and events ready for the next month, and
/// moves what silos of the version before have posted.
/// </summary>
public sealed class LedgerWork : PeriodicWork
{
    private const int MovedAtOnce = 1_000, ToldAfter = 100_000;

    private static readonly TimeSpan BetweenMoves = TimeSpan.FromMinutes(1), BetweenMonths = TimeSpan.FromHours(1);

    private readonly LedgerRows _ledger;
    private readonly DueWatch _due;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Histogram<double> _delay;
    private long _foldedUpTo;

    public LedgerWork(LedgerRows ledger, DueWatch due, IMeterFactory meters, TimeProvider time, ILogger<LedgerWork> log)
        : base(time, log)
    {
        (_ledger, _due, _time, _log, _foldedUpTo) = (ledger, due, time, log, time.GetTimestamp());
        var meter = meters.Create(Instrumentation.Name);
        _delay = meter.CreateHistogram<double>("lakala.credits.delay", "s");

        // Grows by itself while this silo cannot fold, and does not know that another one does.
        meter.CreateObservableGauge("lakala.credits.oldest_age", () => _time.GetElapsedTime(Volatile.Read(ref _foldedUpTo)).TotalSeconds, "s");
    }

    protected override string FailureText => "The ledger's work behind the swipes has failed, the next round tries again";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        Repeat(stop => _due.Until(static _ => true, stop), Fold, stoppingToken),
        Repeat(BetweenMonths, _ledger.OpenMonths, stoppingToken, atOnce: true),
        Repeat(BetweenMoves, Move, stoppingToken, atOnce: true));

    private async Task Fold(CancellationToken stop)
    {
        var begun = _time.GetTimestamp();
        if (!_due.Latest.Credits)
        {
            Volatile.Write(ref _foldedUpTo, begun);
            return;
        }

        if (await _ledger.FoldCredits(stop) is not { } folded)
        {
            return;
        }

        Volatile.Write(ref _foldedUpTo, begun - (long)(folded.OldestWaiting.TotalSeconds * _time.TimestampFrequency));
        foreach (var delay in folded.Delays)
        {
            // The clocks of the silo that has posted and of the database may differ.
            _delay.Record(Math.Max(0, delay.TotalSeconds));
        }
    }

    private async Task Move(CancellationToken stop)
    {
        var told = 0;
        var all = await _ledger.MoveOldPostings(
            MovedAtOnce,
            async (moved, took) =>
            {
                if (moved - told >= ToldAfter)
                {
                    Tell(told = moved);
                }

                // Half of the time is left to the swipes.
                await Task.Delay(took, _time, stop);
            },
            stop);
        if (all > told)
        {
            Tell(all);
        }
    }

    private void Tell(int moved) => _log.LogInformation("{Moved} payments of the version before have been moved into the ledger.", moved);
}
