using Lakala.Rules.Bills;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Stores;

/// <summary>Sets up stores and terminals, and bills in bulk for trials and benchmarks.</summary>
public sealed class ProvisioningRows(NpgsqlDataSource database)
{
    /// <summary>Puts all stores, or none. An existing store is updated.</summary>
    public Task PutStores(IReadOnlyList<Store> stores, string who)
    {
        return database.Execute(
            """
            with logged as (
              insert into audit_log (who, what, subject, before, after)
              select $13, 'store.put', t.id,
                     (select jsonb_strip_nulls(jsonb_build_object(
                        'name', s.name, 'commission_percent', s.commission_percent, 'name_zh', s.name_zh, 'chain', s.chain, 'region', s.region,
                        'district', s.district, 'address', s.address, 'latitude', s.latitude, 'longitude', s.longitude, 'hours', s.hours, 'phone', s.phone))
                      from stores s where s.id = t.id),
                     jsonb_strip_nulls(to_jsonb(t) - 'id')
              from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                          $9::float8[], $10::float8[], $11::text[], $12::text[])
                as t(id, name, commission_percent, name_zh, chain, region, district, address, latitude, longitude, hours, phone)
            )
            insert into stores (id, name, commission_percent, name_zh, chain, region, district, address, latitude, longitude, hours, phone)
            select * from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                                 $9::float8[], $10::float8[], $11::text[], $12::text[])
            on conflict (id) do update
            set name = excluded.name, commission_percent = excluded.commission_percent, name_zh = excluded.name_zh, chain = excluded.chain,
                region = excluded.region, district = excluded.district, address = excluded.address, latitude = excluded.latitude,
                longitude = excluded.longitude, hours = excluded.hours, phone = excluded.phone
            """,
            CancellationToken.None,
            Column(static store => store.Id),
            Column(static store => store.Name),
            Column(static store => store.CommissionPercent),
            Column(static store => store.NameZh),
            Column(static store => store.Chain),
            Column(static store => store.Region),
            Column(static store => store.District),
            Column(static store => store.Address),
            Column(static store => store.Latitude),
            Column(static store => store.Longitude),
            Column(static store => store.Hours),
            Column(static store => store.Phone),
            who);

        T[] Column<T>(Func<Store, T> value) => [.. stores.Select(value)];
    }

    /// <summary>Blocks, unblocks or retires a store. Terminals of a blocked store take no payment; a retired store does not come back.</summary>
    /// <returns>The store's terminals; null: there is no such store, or it is retired.</returns>
    public async Task<IReadOnlyList<string>?> ChangeStore(string id, StoreChange change, string who, CancellationToken stop)
    {
        var changed = await database.Execute(
            """
            with was as (
              select jsonb_build_object('blocked', blocked, 'retired', retired_at is not null) as before from stores where id = $1
            ), changed as (
              update stores set blocked = case $2 when 'block' then true when 'unblock' then false else blocked end,
                                retired_at = case $2 when 'retire' then clock_timestamp() end
              where id = $1 and retired_at is null returning id, jsonb_build_object('blocked', blocked, 'retired', retired_at is not null) as after
            )
            insert into audit_log (who, what, subject, before, after) select $3, 'store.' || $2::text, id, before, after from changed, was
            """,
            stop,
            id,
            StoreChangeText.Of(change),
            who);
        return changed > 0
            ? await database.List("select id from terminals where store_id = $1", static row => row.Get<string>("id"), stop, id)
            : null;
    }

    /// <summary>Adds new terminals, or retired ones again: all of them, or none.</summary>
    /// <param name="wrappedMasterKeys">Under the key-encryption key, one for each terminal.</param>
    /// <returns>The place in the list of each that cannot be added, with the reason; empty: all are added.</returns>
    public async Task<IReadOnlyList<(int Place, string Why)>> AddTerminals(
        IReadOnlyList<(string Id, string Store)> terminals, byte[][] wrappedMasterKeys, string who, CancellationToken stop)
    {
        object[] values = [terminals.Select(terminal => terminal.Id).ToArray(), terminals.Select(terminal => terminal.Store).ToArray(), wrappedMasterKeys, who];
        var bad = await database.List(
            """
            select w.place::int, case when s.id is null then 'there is no store ' || w.store_id
                                      when s.retired_at is not null then 'store ' || w.store_id || ' is retired'
                                      else 'terminal ' || w.id || ' is there already' end as why
            from unnest($1::text[], $2::text[]) with ordinality as w(id, store_id, place)
            left join stores s on s.id = w.store_id left join terminals t on t.id = w.id
            where s.id is null or s.retired_at is not null or (t.id is not null and t.retired_at is null) order by 1
            """,
            static row => (row.Get<int>("place") - 1, row.Get<string>("why")),
            stop,
            values[..2]);
        if (bad.Count > 0)
        {
            return bad;
        }

        // If one was added in between, the statement changes no row.
        var added = await database.First(
            """
            with wanted as materialized (
              select * from unnest($1::text[], $2::text[], $3::bytea[]) as w(id, store_id, master_key)
            ), free as materialized (
              select count(*) = 0 as all_are from wanted w join terminals t on t.id = w.id where t.retired_at is null
            ), added as (
              insert into terminals as t (id, store_id, master_key) select w.id, w.store_id, w.master_key from wanted w, free where free.all_are
              on conflict (id) do update
              set store_id = excluded.store_id, master_key = excluded.master_key, retired_at = null, blocked = false, tampered_at = null, asked = 0
              where t.retired_at is not null
              returning id, store_id
            ), logged as (
              insert into audit_log (who, what, subject, before, after)
              select $4, 'terminal.add', a.id,
                     (select jsonb_build_object('store', t.store_id, 'retired', true) from terminals t where t.id = a.id),
                     jsonb_build_object('store', a.store_id)
              from added a
            )
            select count(*)::int as terminals from added
            """,
            static row => row.Get<int>("terminals"),
            stop,
            values);
        return added == terminals.Count ? [] : [(0, "somebody else has just added one of them; look at the list and try again")];
    }

    /// <summary>Sets a new master key: the session ends, and the terminal must be loaded with this key before it signs on again.</summary>
    /// <returns>False: there is no such terminal, or it is retired.</returns>
    public async Task<bool> ReplaceMasterKey(string terminal, byte[] wrappedMasterKey, string who, CancellationToken stop) => await database.Execute(
        """
        with replaced as (
          update terminals set master_key = $2, pin_key = null, mac_key = null, next_key_set = null, next_pin_key = null, next_mac_key = null
          where id = $1 and retired_at is null returning id
        )
        insert into audit_log (who, what, subject) select $3, 'terminal.master_key', id from replaced
        """,
        stop,
        terminal,
        wrappedMasterKey,
        who) > 0;

    /// <summary>Gives terminals new master keys; the sessions of those that exist end with it.</summary>
    /// <param name="wrappedMasterKeys">Under the key-encryption key, one for each terminal.</param>
    public Task PutTerminals(string store, string[] terminals, byte[][] wrappedMasterKeys, string who = "command line") => database.Execute(
        """
        with logged as (
          insert into audit_log (who, what, subject, before, after)
          select $4, 'terminal.master_key', w.id,
                 (select jsonb_build_object('store', t.store_id) from terminals t where t.id = w.id), jsonb_build_object('store', $1::text)
          from unnest($2::text[]) as w(id)
        )
        insert into terminals (id, store_id, master_key) select id, $1, master_key from unnest($2::text[], $3::bytea[]) as t(id, master_key)
        on conflict (id) do update
        set store_id = excluded.store_id, master_key = excluded.master_key, pin_key = null, mac_key = null,
            next_key_set = null, next_pin_key = null, next_mac_key = null
        """,
        CancellationToken.None,
        store,
        terminals,
        wrappedMasterKeys,
        who);

    /// <summary>Many open bills of one amount in one binary copy.</summary>
    public async Task PutBills(string merchant, IReadOnlyList<long> numbers, long amount, TimeSpan lifetime, DateTimeOffset now)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var copy = await connection.BeginBinaryImportAsync(
            """
            copy bills (number, merchant_id, order_id, amount, currency, description, state, expires_at, page_token, created_at)
            from stdin (format binary)
            """);

        // A million bills on a busy machine.
        copy.Timeout = TimeSpan.FromMinutes(10);
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
            await copy.WriteAsync(StateNames.Format(BillState.Open));
            await copy.WriteAsync(now + lifetime);
            await copy.WriteAsync(PageToken.Create(bill));
            await copy.WriteAsync(now);
        }

        await copy.CompleteAsync();
    }
}
