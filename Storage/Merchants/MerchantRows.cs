using Lakala.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Merchants;

/// <summary>Merchants, as <c>provision</c> sets them up.</summary>
public sealed class MerchantRows([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    /// <summary>Creates the merchant, or updates name and fee, and gives it one more API key.</summary>
    /// <returns>The API key: it cannot be shown a second time.</returns>
    public async Task<string> Provision(Merchant merchant, int feeBasisPoints, string who = "command line")
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.Execute(
            """
            with logged as (
              insert into audit_log (who, what, subject, before, after)
              values ($4, 'merchant.put', $1,
                      (select jsonb_build_object('name', name, 'fee_basis_points', fee_basis_points) from merchants where id = $1),
                      jsonb_build_object('name', $2::text, 'fee_basis_points', $3::int))
            )
            insert into merchants (id, name, fee_basis_points) values ($1, $2, $3)
            on conflict (id) do update set name = excluded.name, fee_basis_points = excluded.fee_basis_points
            """,
            CancellationToken.None,
            merchant.Id,
            merchant.Name,
            feeBasisPoints,
            who);
        var ring = await KeyRing.Lock(transaction, merchant.Id) ?? throw new InvalidOperationException("The merchant that was just put is not there.");
        var made = await ring.Add(name: null, othersWorkFor: null, who, by: null, what: "api_key.create");
        await transaction.CommitAsync();
        return made.Secret;
    }
}
