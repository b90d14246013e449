using Lakala.Rules.Ledger;
using Lakala.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Ledger;

/// <summary>What a merchant has, in minor units.</summary>
/// <param name="Available">Its own money. Payments of the last second may be missing.</param>
/// <param name="Held">Of its escrow bills, not released.</param>
/// <param name="Frozen">Its own money that it cannot use while a claim is open.</param>
/// <param name="Owed">What it owes.</param>
/// <param name="RefundsOut">Set aside for its refunds, of which the bank has not said what became of them.</param>
public sealed record MerchantBalance(long Available, long Held, long Frozen = 0, long Owed = 0, long RefundsOut = 0);

/// <summary>A movement of a merchant's available money.</summary>
/// <param name="Kind">As it is stored: a silo of the version before may read kinds that it does not know.</param>
/// <param name="Number">With the kind it is the entry's name.</param>
/// <param name="Bill">Null when it belongs to none.</param>
/// <param name="Refund">The RRN of the refund that it belongs to.</param>
/// <param name="Claim">The number of the claim that it belongs to.</param>
/// <param name="Amount">Minor units; positive: the merchant gets it.</param>
public sealed record BalanceEntry(string Kind, long Number, DateTimeOffset At, long? Bill, long? Refund, long? Claim, long Amount);

/// <summary>The last entry of a page: the next page begins after it.</summary>
public readonly record struct EntryCursor(DateTimeOffset At, long Number, string Kind);

/// <summary>Reads the balances of merchants, and what has changed them.</summary>
public sealed class BalanceRows([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    private static readonly string Payment = StateNames.Format(EntryKind.Payment);

    private static readonly string[] OfRefunds =
        [StateNames.Format(EntryKind.Refund), StateNames.Format(EntryKind.RefundTaken), StateNames.Format(EntryKind.RefundBack), StateNames.Format(EntryKind.DebtPaid)];

    private static readonly string[] OfClaims = [StateNames.Format(EntryKind.Freeze), StateNames.Format(EntryKind.Unfreeze)];

    private static readonly EntryCursor Newest = new(new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero), long.MaxValue - 1, "");

    // Of payments only the second line can be a merchant's; each place has its index, and is read in its order up to the limit.
    private static readonly string Lines = string.Join(
        " union all ",
        LedgerRows.Places
            .Select(static place => $"""
                (select at, number, kind, subject, -amount_{place} as amount from other_entries
                 where account_{place} = (select id from mine) and (at, number, kind) < ($3, $4, $5) order by at desc, number desc, kind desc limit $7)
                """)
            .Prepend("""
                (select at, number, kind, subject, -amount_2 as amount from payment_entries
                 where account_2 = (select id from mine) and (at, number) < ($3, $6) order by at desc, number desc limit $7)
                """));

    /// <summary>What is owed by an account a of that kind. No payment posts to it, and no balance is kept of it.</summary>
    internal static readonly string Owed = string.Join(
        " + ",
        LedgerRows.Places.Select(static place => $"coalesce((select sum(e.amount_{place}) from other_entries e where e.account_{place} = a.id), 0)"));

    /// <param name="currency">ISO 4217.</param>
    public async Task<MerchantBalance> Read(string merchant, string currency, CancellationToken stop) => (await database.First(
        $"""
        select coalesce((select b.amount from accounts a join balances b on b.account = a.id
                         where a.kind = $3 and a.owner = $1 and a.currency = $2), 0) as available,
               coalesce((select sum(t.held) from trades t where t.merchant_id = $1 and t.held > 0), 0)::bigint as held,
               coalesce((select b.amount from accounts a join balances b on b.account = a.id
                         where a.kind = $4 and a.owner = $1 and a.currency = $2), 0) as frozen,
               coalesce((select {Owed} from accounts a where a.kind = $5 and a.owner = $1 and a.currency = $2), 0)::bigint as owed,
               coalesce((select sum(r.amount) from refunds r where r.merchant_id = $1 and r.state in ('REQUESTED', 'SENT')
                           and not exists (select 1 from debts d where d.refund = r.rrn)), 0)::bigint as refunds_out
        """,
        static row => new MerchantBalance(
            row.Get<long>("available"), row.Get<long>("held"), row.Get<long>("frozen"), row.Get<long>("owed"), row.Get<long>("refunds_out")),
        stop,
        merchant,
        currency,
        StateNames.Format(AccountKind.Merchant),
        StateNames.Format(AccountKind.Frozen),
        StateNames.Format(AccountKind.Owed)))!;

    /// <summary>The entries that have changed the merchant's available money, newest first.</summary>
    /// <param name="after">Null: from the newest on.</param>
    public Task<IReadOnlyList<BalanceEntry>> List(string merchant, string currency, EntryCursor? after, int limit, CancellationToken stop)
    {
        var from = after ?? Newest;
        return database.List(
            $"""
            with mine as materialized (
              select id from accounts where kind = $8 and owner = $1 and currency = $2
            ), page as materialized (
              select at, number, kind, subject, sum(amount)::bigint as amount from ({Lines}) as lines
              group by at, number, kind, subject order by at desc, number desc, kind desc limit $7
            )
            select e.kind, e.number, e.at, e.amount,
                   case when e.kind = '{StateNames.Format(EntryKind.Release)}' then e.subject else coalesce(p.bill, r.bill, c.bill) end as bill,
                   r.rrn as refund, c.id as claim
            from page e
            left join attempts p on e.kind = '{Payment}' and p.rrn = e.number
            left join refunds r on e.kind = any($9 || $10) and r.rrn = e.subject
            left join claims c on e.kind = any($10) and c.id = e.subject
            order by e.at desc, e.number desc, e.kind desc
            """,
            static row => new BalanceEntry(
                row.Get<string>("kind"), row.Get<long>("number"), row.Get<DateTimeOffset>("at"), row.Get<long?>("bill"), row.Get<long?>("refund"), row.Get<long?>("claim"),
                row.Get<long>("amount")),
            stop,
            merchant,
            currency,
            from.At,
            from.Number,
            from.Kind,
            string.CompareOrdinal(from.Kind, Payment) > 0 ? from.Number + 1 : from.Number,
            limit,
            StateNames.Format(AccountKind.Merchant),
            OfRefunds,
            OfClaims);
    }
}
