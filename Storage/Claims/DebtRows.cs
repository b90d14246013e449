using Lakala.Rules.Ledger;
using Lakala.Storage.Bills;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Claims;

/// <summary>A debt that is just made.</summary>
/// <param name="Refund">What the guarantee fund has paid for the merchant.</param>
/// <param name="Claim">The claim whose ruling it was; null: of none.</param>
/// <param name="Owed">What the merchant owes with it in all, in minor units.</param>
public sealed record NewDebt(RefundRow Refund, long? Claim, long Owed = 0);

/// <summary>What merchants owe, because the guarantee fund has paid refunds for them. It is taken from what they earn later.</summary>
public sealed class DebtRows([FromKeyedServices(Database.Moves)] NpgsqlDataSource database, IRrnSource rrns, TimeProvider time)
{
    // A refund that the bank has refused is no debt; until its word nobody knows. Refunds that wait for the merchant's money go first.
    private const string Payable =
        $"""
        from debts d join refunds r on r.rrn = d.refund and r.state = 'DONE'
        join accounts a on a.kind = 'merchant' and a.owner = d.merchant_id and a.currency = d.currency join balances b on b.account = a.id and b.amount > 0
        where d.repaid < d.amount and not exists (select from refunds q where q.merchant_id = d.merchant_id and q.state = 'QUEUED')
        """;

    internal const string HasDue = $"exists (select {Payable})";

    /// <summary>Takes what is there, of each merchant the oldest debt first.</summary>
    /// <returns>The number of payments.</returns>
    public async Task<int> TakePayments(int limit, CancellationToken stop)
    {
        var due = await database.List($"select d.refund {Payable} order by d.refund limit $1", static row => row.Get<long>("refund"), stop, limit);
        var taken = 0;
        foreach (var refund in due)
        {
            taken += await TakePayment(refund, await rrns.Next()) ? 1 : 0;
        }

        return taken;
    }

    /// <summary>
    /// Stores a debt with the event that tells its merchant, and nobody else, in the caller's commit. The entry of the refund is posted already, so that
    /// the guarantee fund is locked: what is owed in all is right.
    /// </summary>
    /// <param name="bill">Of the refund, locked.</param>
    internal static async Task Store(NpgsqlConnection connection, IClaimNotices notices, NewDebt debt, BillRow bill, DateTimeOffset at)
    {
        var refund = debt.Refund;
        await connection.Execute(
            "insert into debts (refund, claim, merchant_id, amount, currency, created_at) values ($1, $2, $3, $4, $5, $6)",
            CancellationToken.None,
            refund.Rrn,
            Queries.Typed(debt.Claim),
            refund.MerchantId,
            refund.Amount.Minor,
            refund.Amount.Currency,
            at);
        var owed = await connection.First(
            $"select {BalanceRows.Owed} as owed from accounts a where a.name = $1 and a.currency = $2",
            static row => row.Get<long>("owed"),
            CancellationToken.None,
            StateNames.Format(new Account(AccountKind.Owed, refund.MerchantId, refund.Amount.Currency)),
            refund.Amount.Currency);
        await connection.Execute(BillReceivers.InsertEvent(bill, EventTypes.BalanceOwed, at, notices.ComposeData(debt with { Owed = owed }), receivers: []));
    }

    private Task<bool> TakePayment(long refund, long number) => database.Commit(async connection =>
    {
        var debt = await connection.First(
            "select merchant_id, currency, amount - repaid as open, payments from debts where refund = $1 and repaid < amount for no key update skip locked",
            static row => (Merchant: row.Get<string>("merchant_id"), Currency: row.Get<string>("currency"), Open: row.Get<long>("open"), Payments: row.Get<int>("payments")),
            CancellationToken.None,
            refund);
        if (debt.Merchant is null)
        {
            return false;
        }

        var merchant = new Account(AccountKind.Merchant, debt.Merchant, debt.Currency);
        await Postings.Lock(connection, [merchant, new Account(AccountKind.Guarantee, "", debt.Currency)]);
        var available = await connection.First(
            "select coalesce(max(b.amount), 0) as amount from accounts a join balances b on b.account = a.id where a.name = $1 and a.currency = $2",
            static row => row.Get<long>("amount"),
            CancellationToken.None,
            StateNames.Format(merchant),
            debt.Currency);
        var amount = Math.Min(available, debt.Open);
        if (amount == 0)
        {
            return false;
        }

        var at = RefundRows.CutToMilliseconds(time.GetUtcNow());
        await connection.Execute("update debts set repaid = repaid + $2, payments = payments + 1 where refund = $1", CancellationToken.None, refund, amount);
        return await Postings.TryPost(connection, number, ClaimEntry.DebtPaid(refund, debt.Payments, new Money(amount, debt.Currency), debt.Merchant), at)
            ? true
            : throw new InvalidOperationException($"The payment of the debt {Rrn.ToText(refund)} debits a balance that does not cover it.");
    });
}
