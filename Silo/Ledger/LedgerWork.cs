using Lakala.Silo.Hosting;
using Lakala.Storage.Ledger;

namespace Lakala.Silo.Ledger;

/// <summary>
/// The ledger behind the swipes: folds credits into the balances, keeps partitions ready for the next month, and moves what silos of the
/// version before have posted.
/// </summary>
internal sealed class LedgerWork(LedgerRows ledger, TimeProvider time, ILogger<LedgerWork> log) : PeriodicWork(time, log)
{
    private const int MovedAtOnce = 1_000, ToldAfter = 100_000;

    private static readonly TimeSpan BetweenFolds = TimeSpan.FromMilliseconds(500), BetweenMoves = TimeSpan.FromMinutes(1), BetweenMonths = TimeSpan.FromHours(1);

    private readonly TimeProvider _time = time;
    private readonly ILogger _log = log;

    protected override string FailureText => "The ledger's work behind the swipes has failed, the next round tries again";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        Repeat(BetweenFolds, ledger.FoldCredits, stoppingToken),
        Repeat(BetweenMonths, ledger.OpenMonths, stoppingToken, atOnce: true),
        Repeat(BetweenMoves, Move, stoppingToken, atOnce: true));

    // Half of the time is left to the swipes.
    private async Task Move(CancellationToken stop)
    {
        var told = 0;
        var all = await ledger.MoveOldPostings(
            MovedAtOnce,
            async (moved, took) =>
            {
                if (moved - told >= ToldAfter)
                {
                    Tell(told = moved);
                }

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
