using System.Globalization;
using Lakala.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Stores;

/// <summary>Finds stores for shoppers and for the merchants' own pages.</summary>
public sealed class StoreFinder([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    /// <summary>
    /// The time within which a ready terminal was heard. An idle terminal sends an echo every 30 s, and silos
    /// record every 10 s which terminals they have heard.
    /// </summary>
    public static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(int.Parse(ReadySeconds, CultureInfo.InvariantCulture));

    /// <summary><see cref="ReadyWithin"/> as a text, since the descriptions of the APIs are constants.</summary>
    public const string ReadySeconds = "45";

    // The index orders by degrees, which are shorter from west to east than from south to north: so more rows than needed
    // are read, and then ordered by metres.
    private const int Candidates = 200;

    private const string Columns =
        """
        s.id, s.name, s.name_zh, s.chain, s.region, s.district, s.address, s.latitude, s.longitude, s.hours, s.phone,
        exists (select from terminals t join terminal_lines l on l.terminal_id = t.id left join terminal_health h on h.terminal_id = t.id
                where t.store_id = s.id and t.retired_at is null and not t.blocked and not s.blocked
                  and l.heard_at > statement_timestamp() - $1 and h.in_order is not false) as is_ready
        """;

    private const string InArea =
        $"""
        select {Columns}, null::float8 as metres from stores s
        where s.retired_at is null and ($3::text is null or s.region = $3) and ($4::text is null or s.district = $4)
        order by s.region, s.district, s.id limit $2
        """;

    // The haversine formula over the Earth's mean radius.
    private const string NearPoint =
        $"""
        with candidates as materialized (
          select * from stores where latitude is not null and retired_at is null order by point(longitude, latitude) <-> point($4, $3) limit $2 + $5
        )
        select {Columns},
               2 * 6371008.8 * asin(sqrt(power(sin(radians(s.latitude - $3) / 2), 2)
                 + cos(radians($3)) * cos(radians(s.latitude)) * power(sin(radians(s.longitude - $4) / 2), 2))) as metres
        from candidates s order by metres limit $2
        """;

    /// <summary>Nearest first, or by district. Retired stores are left out.</summary>
    public Task<IReadOnlyList<StoreFound>> Find(StoreQuery query, CancellationToken stop) => query.Near is { } near
        ? database.List(NearPoint, Read, stop, ReadyWithin, query.Limit, near.Latitude, near.Longitude, Candidates)
        : database.List(InArea, Read, stop, ReadyWithin, query.Limit, Queries.Typed(query.Region), Queries.Typed(query.District));

    /// <summary>Finds a store, also a retired one, because bills were paid there.</summary>
    /// <returns>Null when there is no such store.</returns>
    public Task<StoreFound?> Get(string id, CancellationToken stop) =>
        database.First($"select {Columns}, null::float8 as metres from stores s where s.id = $2", Read, stop, ReadyWithin, id);

    /// <summary>All areas that have stores, by region and district.</summary>
    public Task<IReadOnlyList<StoreArea>> Areas(CancellationToken stop) => database.List(
        """
        select region, district, count(*)::int as stores from stores
        where region is not null and district is not null and retired_at is null
        group by region, district order by region, district
        """,
        static row => new StoreArea(row.Get<string>("region"), row.Get<string>("district"), row.Get<int>("stores")),
        stop);

    /// <summary>Records when terminals were last heard.</summary>
    /// <param name="ago">The time since then, one for each terminal.</param>
    public Task Heard(string[] terminals, TimeSpan[] ago, CancellationToken stop) => database.Execute(
        """
        insert into terminal_lines (terminal_id, heard_at)
        select id, clock_timestamp() - ago from unnest($1::text[], $2::interval[]) as t(id, ago) order by id
        on conflict (terminal_id) do update set heard_at = greatest(excluded.heard_at, terminal_lines.heard_at)
        """,
        stop,
        terminals,
        ago);

    private static StoreFound Read(NpgsqlDataReader row) => new(
        row.Get<string>("id"),
        row.Get<string>("name"),
        row.GetOrNull<string>("name_zh"),
        row.GetOrNull<string>("chain"),
        row.GetOrNull<string>("region"),
        row.GetOrNull<string>("district"),
        row.GetOrNull<string>("address"),
        row.Get<double?>("latitude") is { } latitude ? new GeoPoint(latitude, row.Get<double>("longitude")) : null,
        row.GetOrNull<string>("hours"),
        row.GetOrNull<string>("phone"),
        row.Get<double?>("metres") is { } metres ? (int)Math.Round(metres) : null,
        row.Get<bool>("is_ready"));
}
