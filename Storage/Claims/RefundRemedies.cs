using Lakala.Rules.Ledger;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Claims;

/// <summary>
/// How a shopper gets what the bank has refused to give back, and what the merchant's money does not cover. It is part of the commit of a ruling
/// (<see cref="RefundRulings"/>): when it is refused, the caller takes back what was done of it.
/// </summary>
public sealed class RefundRemedies(RefundRows refunds, IClaimNotices notices, TimeProvider time)
{
    /// <summary>The guarantee fund pays a refund that waits for its merchant's money.</summary>
    internal async Task<Refusal?> Lend(NpgsqlConnection connection, LockedBill seen, long rrn)
    {
        var (bill, at) = (seen.Row!, Now());
        var refund = await FindRefund(connection, rrn);
        if (!await Postings.TryPost(connection, rrn, RefundEntry.OfGuarantee(rrn, refund.Amount, bill.MerchantId), at))
        {
            return Refusal.GuaranteeShort;
        }

        await connection.Execute("update refunds set state = 'REQUESTED', due_at = clock_timestamp() where rrn = $1", CancellationToken.None, rrn);
        await StoreDebt(connection, refund, bill, at);
        return null;
    }

    /// <summary>What was decided about a refund that the bank has refused.</summary>
    /// <param name="number">Of the refund that takes its place.</param>
    internal async Task<Refusal?> Settle(NpgsqlConnection connection, LockedBill seen, long rrn, RefundVerdict verdict, long number)
    {
        var (bill, at) = (seen.Row!, Now());
        var refused = await FindRefund(connection, rrn);
        var (frozen, isLast) = await Close(connection, refused, verdict == RefundVerdict.LeaveIt ? null : number, at);
        var taken = await Postings.Read(connection, EntryKind.Refund, rrn, sequence: 0);
        if (RefundRows.IsOfHeld(taken))
        {
            return await SettleHeld(connection, seen, refused, verdict, isLast, number, at);
        }

        var currency = refused.Amount.Currency;
        Account frozenMoney = new(AccountKind.Frozen, bill.MerchantId, currency);
        await Postings.Lock(connection, [.. taken.Lines.Select(static line => line.Account), frozenMoney]);
        if (frozen > 0)
        {
            await RefundRows.Post(connection, ClaimEntry.Unfreeze(rrn, new Money(frozen, currency), bill.MerchantId), at);
        }

        if (verdict == RefundVerdict.LeaveIt)
        {
            return null;
        }

        // What the refused one was about is not set aside for anybody else.
        if (Refund.WhyNot(bill.Bill, bill.Refunded, seen.Claimed, seen.Refused - refused.Amount.Minor, refused.Amount.Minor) is { } refusal)
        {
            return refusal;
        }

        var refund = NewRefund(refused, bill, number, at);
        var isLent = taken.Lines.Any(static line => line.Account.Kind == AccountKind.Guarantee);
        var entry = isLent ? RefundEntry.OfGuarantee(number, refund.Amount, bill.MerchantId) : RefundRows.OfShares(refund, bill);
        if (!await Postings.TryPost(connection, number, entry, at))
        {
            if (isLent || verdict == RefundVerdict.PayOtherwise)
            {
                return isLent ? Refusal.GuaranteeShort : Refusal.MerchantShort;
            }

            refund = refund with { State = RefundState.Queued };
        }

        await Store(connection, refund, bill, verdict, at);
        if (isLent)
        {
            await StoreDebt(connection, refund, bill, at);
        }

        return null;
    }

    // The merchant owes what the fund gives for the refund.
    private async Task StoreDebt(NpgsqlConnection connection, RefundRow refund, BillRow bill, DateTimeOffset at)
    {
        var claim = await connection.First(
            "select c.id from claims c where c.bill = $1 and $2 in (c.refund, c.compensation)",
            static row => row.Get<long?>("id"),
            CancellationToken.None,
            refund.Bill,
            refund.Rrn);
        await DebtRows.Store(connection, notices, new NewDebt(refund, claim), bill, at);
    }

    private async Task<Refusal?> SettleHeld(
        NpgsqlConnection connection, LockedBill seen, RefundRow refused, RefundVerdict verdict, bool isLast, long number, DateTimeOffset at)
    {
        var bill = seen.Row!;
        if (verdict == RefundVerdict.LeaveIt && bill.Trade!.IsOver)
        {
            // The trade has ended otherwise, so that nothing waits any more.
            return null;
        }

        var decision = bill.Trade!.Decide(new TradeStep.Settle(verdict == RefundVerdict.LeaveIt ? 0 : refused.Amount.Minor, isLast), seen.AsOf);
        if (decision.Event is not { } happened)
        {
            return decision.Refusal;
        }

        var to = bill.Trade.Apply(happened);
        if (verdict == RefundVerdict.LeaveIt)
        {
            await refunds.MoveTrade(connection, bill, to, at);
        }
        else
        {
            var refund = NewRefund(refused, bill, number, at);
            await Store(connection, refund, await refunds.GiveHeld(connection, bill, to, refund, at), verdict, at);
        }

        return null;
    }

    private async Task Store(NpgsqlConnection connection, RefundRow refund, BillRow bill, RefundVerdict verdict, DateTimeOffset at)
    {
        if (verdict == RefundVerdict.PayOtherwise)
        {
            await refunds.StorePaidOtherwise(connection, refund, bill, at);
        }
        else
        {
            await refunds.Store(connection, refund, bill, at);
        }
    }

    // A claim has the refund that counts.
    private static async Task<(long Frozen, bool IsLast)> Close(NpgsqlConnection connection, RefundRow refused, long? next, DateTimeOffset at)
    {
        var closed = await connection.First(
            """
            with closed as (
              update refused_refunds set closed_at = $3, next_refund = $4 where rrn = $1 and closed_at is null returning frozen
            )
            select frozen, not exists (select from refused_refunds f where f.bill = $2 and f.is_held and f.closed_at is null and f.rrn <> $1) as is_last from closed
            """,
            static row => (row.Get<long>("frozen"), row.Get<bool>("is_last")),
            CancellationToken.None,
            refused.Rrn,
            refused.Bill,
            at,
            Queries.Typed(next));
        if (next is { } number)
        {
            await connection.Execute(
                """
                update claims set refund = case refund when $2 then $3 else refund end, compensation = case compensation when $2 then $3 else compensation end
                where bill = $1 and $2 in (refund, compensation)
                """,
                CancellationToken.None,
                refused.Bill,
                refused.Rrn,
                number);
        }

        return closed;
    }

    private static RefundRow NewRefund(RefundRow refused, BillRow bill, long number, DateTimeOffset at) =>
        RefundRows.NewRefund(number, bill, refused.Amount.Minor, $"instead of {Rrn.ToText(refused.Rrn)}", at);

    private static async Task<RefundRow> FindRefund(NpgsqlConnection connection, long rrn) => (await connection.First(
        $"select {RefundRow.Columns} from refunds r where r.rrn = $1", RefundRow.Read, CancellationToken.None, rrn))!;

    private DateTimeOffset Now() => RefundRows.CutToMilliseconds(time.GetUtcNow());
}
