using Lakala.Rules.Ledger;
using Lakala.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Ledger;

/// <summary>What a merchant has, in minor units.</summary>
/// <param name="Available">Its own money. Payments of the last second may be missing.</param>
/// <param name="Held">Of its escrow bills, not released.</param>
public sealed record MerchantBalance(long Available, long Held);

/// <summary>Reads the balances of merchants.</summary>
public sealed class BalanceRows([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    /// <param name="currency">ISO 4217.</param>
    public async Task<MerchantBalance> Read(string merchant, string currency, CancellationToken stop) => (await database.First(
        """
        select coalesce((select b.amount from accounts a join balances b on b.account = a.id
                         where a.kind = $3 and a.owner = $1 and a.currency = $2), 0) as available,
               coalesce((select sum(t.held) from trades t where t.merchant_id = $1 and t.held > 0), 0)::bigint as held
        """,
        static row => new MerchantBalance(row.Get<long>("available"), row.Get<long>("held")),
        stop,
        merchant,
        currency,
        StateNames.Format(AccountKind.Merchant)))!;
}
