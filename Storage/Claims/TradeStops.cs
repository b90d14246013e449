using Lakala.Rules.Trades;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Claims;

/// <summary>An operator stops a trade, or lets it go on. Its row in the audit log is in the same commit.</summary>
public sealed class TradeStops([FromKeyedServices(Database.Moves)] NpgsqlDataSource database, RefundRows refunds, TimeProvider time)
{
    /// <summary>Nothing of the trade is released or given back from this commit on. Its times go on.</summary>
    /// <returns>Null: it is stopped, now or before.</returns>
    public Task<Refusal?> Freeze(long bill, string reason, string who) => Take(bill, _ => new TradeStep.Freeze(who), "trade.freeze", reason, who);

    /// <returns>Null: it is not stopped by an operator any more, now or before.</returns>
    public Task<Refusal?> Unfreeze(long bill, string reason, string who) =>
        Take(bill, static seen => new TradeStep.Unfreeze(HasRefused: seen.RefusedHeld > 0), "trade.unfreeze", reason, who);

    private Task<Refusal?> Take(long number, Func<RefundableBill, TradeStep> step, string what, string reason, string who) => database.Commit<Refusal?>(async connection =>
    {
        if (await RefundRows.TryLockBill(connection, number) is not { Row: { } bill } seen)
        {
            return Refusal.BillUnknown;
        }

        if (bill.Trade is not { } trade)
        {
            return Refusal.TradeNone;
        }

        var decision = trade.Decide(step(seen), seen.AsOf);
        if (decision.Event is not { } happened)
        {
            return decision.Refusal;
        }

        var to = trade.Apply(happened);
        await refunds.MoveTrade(connection, bill, to, time.GetUtcNow());
        await connection.Execute(
            """
            insert into audit_log (who, what, subject, detail, before, after)
            values ($1, $2, $3, $4, jsonb_build_object('stopped_by', $5::text), jsonb_build_object('stopped_by', $6::text))
            """,
            CancellationToken.None,
            who,
            what,
            bill.BillNumber.ToString(),
            reason,
            Queries.Typed(trade.FrozenBy),
            Queries.Typed(to.FrozenBy));
        return null;
    });
}
