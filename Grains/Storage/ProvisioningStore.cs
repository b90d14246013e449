using Lakala.Bills;
using Lakala.Grains.Bills;
using Npgsql;

namespace Lakala.Grains.Storage;

/// <summary>A store as its operator describes it. Coordinates are both there or neither.</summary>
public sealed record Store(
    string Id,
    string Name,
    int CommissionPercent,
    string? NameZh = null,
    string? Chain = null,
    string? Region = null,
    string? District = null,
    string? Address = null,
    double? Latitude = null,
    double? Longitude = null,
    string? Hours = null,
    string? Phone = null)
{
    private const int MaxText = 200;

    /// <summary>What is wrong with it, naming the member; null when nothing is.</summary>
    public string? Fault() =>
        Id is not { Length: 15 } ? "id has 15 characters"
        : Name is not { Length: > 0 } ? "name is missing"
        : CommissionPercent is < 0 or > 100 ? "commission_percent is 0 to 100"
        : Latitude.HasValue != Longitude.HasValue ? "latitude and longitude come together"
        : Latitude is < -90 or > 90 ? "latitude is -90 to 90"
        : Longitude is < -180 or > 180 ? "longitude is -180 to 180"
        : (Region is null) != (District is null) ? "region and district come together"
        : Texts().FirstOrDefault(text => text.Value is { Length: > MaxText } || text.Value?.Any(char.IsControl) == true).Name is { } name
            ? $"{name} has at most {MaxText} characters, none of them a control character"
        : null;

    private (string Name, string? Value)[] Texts() =>
    [
        ("name", Name), ("name_zh", NameZh), ("chain", Chain), ("region", Region), ("district", District), ("address", Address),
        ("hours", Hours), ("phone", Phone),
    ];
}

/// <summary>What an operator sets up before the first swipe: stores, terminals, and bills in bulk for trials and benchmarks.</summary>
public sealed class ProvisioningStore(NpgsqlDataSource database)
{
    /// <summary>All of them, or none.</summary>
    public async Task PutStores(IReadOnlyList<Store> stores)
    {
        await using var command = database.CreateCommand(
            """
            insert into stores (id, name, commission_percent, name_zh, chain, region, district, address, latitude, longitude, hours, phone)
            select * from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                                 $9::float8[], $10::float8[], $11::text[], $12::text[])
            on conflict (id) do update
            set name = excluded.name, commission_percent = excluded.commission_percent, name_zh = excluded.name_zh, chain = excluded.chain,
                region = excluded.region, district = excluded.district, address = excluded.address, latitude = excluded.latitude,
                longitude = excluded.longitude, hours = excluded.hours, phone = excluded.phone
            """);
        Add(static store => store.Id);
        Add(static store => store.Name);
        Add(static store => store.CommissionPercent);
        Add(static store => store.NameZh);
        Add(static store => store.Chain);
        Add(static store => store.Region);
        Add(static store => store.District);
        Add(static store => store.Address);
        Add(static store => store.Latitude);
        Add(static store => store.Longitude);
        Add(static store => store.Hours);
        Add(static store => store.Phone);
        await command.ExecuteNonQueryAsync();

        void Add<T>(Func<Store, T> value) => command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = [.. stores.Select(value)] });
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

    /// <summary>New parameters for the terminals of a store.</summary>
    /// <param name="body">A JSON object.</param>
    public async Task PutParameters(string store, string body)
    {
        await using var command = database.CreateCommand("insert into terminal_parameters (store_id, body) values ($1, $2::jsonb)");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = store });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = body });
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
