using Lakala.Grains.Trades;
using Lakala.Rules.Trades;
using Lakala.Storage.Trades;

namespace Lakala.Silo.Sweeping;

/// <summary>Takes the step of each trade whose timer has ended: a release, or that its shipping is overdue.</summary>
public sealed class TradeSweeps(IDueTrades due, TradeMoves moves)
{
    // Several batches of the group commit, and few enough that others who read bills wait for milliseconds.
    private const int Limit = 2_000;

    public async Task EndTimers(CancellationToken stop)
    {
        while (await due.Sweep(Limit, EndAll, stop) == Limit)
        {
        }
    }

    private Task EndAll(IReadOnlyList<long> bills) => Task.WhenAll(bills.Select(bill => moves.Take(bill, new TradeStep.TimeUp())));
}
