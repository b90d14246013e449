using Lakala.Bills;
using Lakala.Grains.Bills;
using Npgsql;

namespace Lakala.Grains.Storage;

public sealed record Store(string Id, string Name, int CommissionPercent);

/// <summary>What an operator sets up before the first swipe: stores, terminals, and bills in bulk for trials and benchmarks.</summary>
public sealed class ProvisioningStore(NpgsqlDataSource database)
{
    public async Task PutStore(Store store)
    {
        await using var command = database.CreateCommand(
            """
            insert into stores (id, name, commission_percent) values ($1, $2, $3)
            on conflict (id) do update set name = excluded.name, commission_percent = excluded.commission_percent
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = store.Id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = store.Name });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = store.CommissionPercent });
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Gives terminals new master keys; the sessions of those that exist end with it.</summary>
    /// <param name="wrappedMasterKeys">Under the key-encryption key, one for each terminal.</param>
    public async Task PutTerminals(string store, string[] terminals, byte[][] wrappedMasterKeys)
    {
        await using var command = database.CreateCommand(
            """
            insert into terminals (id, store_id, master_key) select id, $1, master_key from unnest($2::text[], $3::bytea[]) as t(id, master_key)
            on conflict (id) do update
            set store_id = excluded.store_id, master_key = excluded.master_key, pin_key = null, mac_key = null,
                next_key_set = null, next_pin_key = null, next_mac_key = null
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = store });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = terminals });
        command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = wrappedMasterKeys });
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Many open bills of one amount in one binary copy.</summary>
    public async Task PutBills(string merchant, IReadOnlyList<long> numbers, long amount, TimeSpan lifetime, DateTimeOffset now)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var copy = await connection.BeginBinaryImportAsync(
            """
            copy bills (number, merchant_id, order_id, amount, currency, description, state, expires_at, page_token, created_at)
            from stdin (format binary)
            """);
        foreach (var number in numbers)
        {
            var bill = BillNumber.FromStored(number);
            var text = bill.ToString();
            await copy.StartRowAsync();
            await copy.WriteAsync(number);
            await copy.WriteAsync(merchant);
            await copy.WriteAsync("order-" + text);
            await copy.WriteAsync(amount);
            await copy.WriteAsync(Money.Cny);
            await copy.WriteAsync("Order " + text);
            await copy.WriteAsync(StateNames.Of(BillState.Open));
            await copy.WriteAsync(now + lifetime);
            await copy.WriteAsync(PageToken.Create(bill));
            await copy.WriteAsync(now);
        }

        await copy.CompleteAsync();
    }
}
