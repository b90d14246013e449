using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Silos;

/// <summary>
/// The members of a cluster. Every change except the "I am alive" time compares the cluster's version and increases it in the same statement.
/// </summary>
public sealed class SiloRows(NpgsqlDataSource database)
{
    private const string Columns = "c.version, s.address, s.status, s.name, s.host, s.started_at, s.alive_at, s.suspects, s.suspected_at";

    /// <summary>Creates the cluster unless it exists.</summary>
    public Task PutCluster(string cluster) =>
        database.Execute("insert into clusters (id, version) values ($1, 0) on conflict do nothing", CancellationToken.None, cluster);

    public Task DeleteAll(string cluster) => database.Execute(
        "with gone as (delete from silos where cluster_id = $1) update clusters set version = version + 1 where id = $1", CancellationToken.None, cluster);

    /// <summary>Deletes the silos of another status whose "I am alive" time is older.</summary>
    public Task DeleteOthers(string cluster, string status, DateTimeOffset aliveBefore) => database.Execute(
        "delete from silos where cluster_id = $1 and status <> $2 and alive_at < $3", CancellationToken.None, cluster, status, aliveBefore.ToUniversalTime());

    public Task<ClusterRows> ReadAll(string cluster) =>
        Read($"select {Columns} from clusters c left join silos s on s.cluster_id = c.id where c.id = $1", cluster);

    /// <summary>Reads the cluster with only this silo, or without it if it does not exist.</summary>
    public Task<ClusterRows> ReadOne(string cluster, string address) =>
        Read($"select {Columns} from clusters c left join silos s on s.cluster_id = c.id and s.address = $2 where c.id = $1", cluster, address);

    /// <returns>False: the cluster's version is not the previous one, or the silo exists.</returns>
    public async Task<bool> Insert(string cluster, SiloRow silo, int version)
    {
        try
        {
            return await database.Execute(
                """
                with next as (update clusters set version = $2 where id = $1 and version = $2 - 1 returning id)
                insert into silos (cluster_id, address, status, alive_at, suspects, suspected_at, name, host, started_at)
                select id, $3, $4, $5, $6, $7, $8, $9, $10 from next
                """,
                CancellationToken.None,
                [.. Values(cluster, silo, version), silo.Name, silo.Host, silo.StartedAt]) > 0;
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    /// <returns>False: the cluster's version is not the previous one, or there is no such silo.</returns>
    public async Task<bool> Update(string cluster, SiloRow silo, int version) => await database.Execute(
        """
        with next as (
          update clusters set version = $2
          where id = $1 and version = $2 - 1 and exists (select from silos where cluster_id = $1 and address = $3) returning id
        )
        update silos s set status = $4, alive_at = $5, suspects = $6, suspected_at = $7
        from next where s.cluster_id = next.id and s.address = $3
        """,
        CancellationToken.None,
        Values(cluster, silo, version)) > 0;

    public Task RecordSignOfLife(string cluster, string address, DateTimeOffset aliveAt) => database.Execute(
        "update silos set alive_at = $3 where cluster_id = $1 and address = $2", CancellationToken.None, cluster, address, aliveAt);

    private async Task<ClusterRows> Read(string sql, params object?[] values)
    {
        var rows = await database.List(
            sql, static row => (Version: row.Get<int>("version"), Silo: row.IsNull("address") ? null : ReadSilo(row)), CancellationToken.None, values);
        return new ClusterRows(rows.Count == 0 ? null : rows[0].Version, [.. rows.Select(static row => row.Silo).OfType<SiloRow>()]);
    }

    private static SiloRow ReadSilo(NpgsqlDataReader row) => new(
        row.Get<string>("address"),
        row.Get<string>("status"),
        row.Get<string>("name"),
        row.Get<string>("host"),
        row.Get<DateTimeOffset>("started_at"),
        row.Get<DateTimeOffset>("alive_at"),
        [.. row.Get<string[]>("suspects").Zip(row.Get<DateTimeOffset[]>("suspected_at"))]);

    // $1 to $7.
    private static object?[] Values(string cluster, SiloRow silo, int version) =>
    [
        cluster,
        version,
        silo.Address,
        silo.Status,
        silo.AliveAt,
        silo.Suspects.Select(static suspect => suspect.By).ToArray(),
        silo.Suspects.Select(static suspect => suspect.At).ToArray(),
    ];
}
