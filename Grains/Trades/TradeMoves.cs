using Lakala.Grains.Notices;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Storage.Trades;
using Lakala.Vocabulary;

namespace Lakala.Grains.Trades;

/// <param name="Row">Null when there is no such bill.</param>
/// <param name="Refusal">Null: the step is done, now or before.</param>
public sealed record TradeOutcome(BillRow? Row, Refusal? Refusal);

/// <summary>The moves of trades: read, decide, commit. It uses the database only through its ports.</summary>
public sealed class TradeMoves(
    ICommit<MoveTrade, TradeMoved> moveTrades,
    ICommit<long, BillSeen> readBills,
    IRrnSource rrns,
    BillNotices notices,
    NoticeSignal signal,
    IBillChanges changes)
{
    // Each further round is for a change by another session.
    private const int MostRounds = 3;

    /// <summary>Takes the step, or returns the refusal. A step that was taken before and can be repeated changes nothing.</summary>
    public async Task<TradeOutcome> Take(long bill, TradeStep step)
    {
        var seen = await readBills.Submit(bill);
        for (var round = 0; round < MostRounds; round++)
        {
            if (seen.Row is not { Trade: { } trade } row)
            {
                return new TradeOutcome(seen.Row, seen.Row is null ? Refusal.BillUnknown : Refusal.TradeNone);
            }

            var decision = trade.Decide(step, seen.AsOf);
            if (decision.Event is not { } happened)
            {
                return new TradeOutcome(row, decision.Refusal);
            }

            var move = await Compose(row, trade, happened, step is TradeStep.TimeUp, seen.AsOf);
            if ((await moveTrades.Submit(move)).Found is not { } found)
            {
                changes.Report(bill);
                signal.Raise();
                return new TradeOutcome(row with { Trade = move.To }, null);
            }

            seen = found;
        }

        return new TradeOutcome(seen.Row, Refusal.TryLater);
    }

    private async Task<MoveTrade> Compose(BillRow row, Trade trade, TradeEvent happened, bool isTimeUp, DateTimeOffset at)
    {
        var to = trade.Apply(happened);
        var changed = row with { Trade = to };
        var fact = FindType(happened) is { } type
            ? new TradeFact(Guid.CreateVersion7(at), type, notices.ComposeData(changed), notices.FindReceivers(changed))
            : null;
        return new MoveTrade(row, to, at, isTimeUp, fact, happened is TradeEvent.Released released ? TradeRelease.Make(await rrns.Next(), row, released.Amount) : null);
    }

    private static string? FindType(TradeEvent happened) => happened switch
    {
        TradeEvent.Shipped => EventTypes.TradeShipped,
        TradeEvent.ShippingOverdue => EventTypes.TradeShipOverdue,
        TradeEvent.Corrected or TradeEvent.Extended or TradeEvent.ClaimEnded => EventTypes.TradeDeadlineChanged,
        TradeEvent.Released => EventTypes.TradeFinished,
        TradeEvent.GivenBack => EventTypes.TradeClosed,
        _ => null,
    };
}
