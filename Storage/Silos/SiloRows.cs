using System.Data;
using Npgsql;

namespace Lakala.Storage.Silos;

/// <summary>
/// Who is in a cluster. Every change but a sign of life compares the cluster's version and moves it on in the same statement.
/// </summary>
public sealed class SiloRows(NpgsqlDataSource database)
{
    private const string Columns = "c.version, s.address, s.status, s.name, s.host, s.started_at, s.alive_at, s.suspects, s.suspected_at";

    /// <summary>Makes the cluster unless it is there.</summary>
    public async Task PutCluster(string cluster)
    {
        await using var command = Command("insert into clusters (id, version) values ($1, 0) on conflict do nothing", cluster);
        await command.ExecuteNonQueryAsync();
    }

    public async Task DeleteAll(string cluster)
    {
        await using var command = Command(
            "with gone as (delete from silos where cluster_id = $1) update clusters set version = version + 1 where id = $1", cluster);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Deletes those of another status that have given no sign of life since.</summary>
    public async Task DeleteOthers(string cluster, string status, DateTimeOffset aliveBefore)
    {
        await using var command = Command("delete from silos where cluster_id = $1 and status <> $2 and alive_at < $3", cluster);
        Add(command, status);
        Add(command, aliveBefore.ToUniversalTime());
        await command.ExecuteNonQueryAsync();
    }

    public async Task<ClusterRows> ReadAll(string cluster)
    {
        await using var command = Command($"select {Columns} from clusters c left join silos s on s.cluster_id = c.id where c.id = $1", cluster);
        return await Read(command);
    }

    /// <summary>The cluster with this silo alone, or with none.</summary>
    public async Task<ClusterRows> ReadOne(string cluster, string address)
    {
        await using var command = Command(
            $"select {Columns} from clusters c left join silos s on s.cluster_id = c.id and s.address = $2 where c.id = $1", cluster);
        Add(command, address);
        return await Read(command);
    }

    /// <returns>False: the cluster's version is not the one before this, or the silo is there.</returns>
    public async Task<bool> Insert(string cluster, SiloRow silo, int version)
    {
        await using var command = Change(
            """
            with next as (update clusters set version = $2 where id = $1 and version = $2 - 1 returning id)
            insert into silos (cluster_id, address, status, alive_at, suspects, suspected_at, name, host, started_at)
            select id, $3, $4, $5, $6, $7, $8, $9, $10 from next
            """,
            cluster,
            silo,
            version);
        Add(command, silo.Name);
        Add(command, silo.Host);
        Add(command, silo.StartedAt);
        try
        {
            return await command.ExecuteNonQueryAsync() > 0;
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    /// <returns>False: the cluster's version is not the one before this, or there is no such silo.</returns>
    public async Task<bool> Update(string cluster, SiloRow silo, int version)
    {
        await using var command = Change(
            """
            with next as (
              update clusters set version = $2
              where id = $1 and version = $2 - 1 and exists (select from silos where cluster_id = $1 and address = $3) returning id
            )
            update silos s set status = $4, alive_at = $5, suspects = $6, suspected_at = $7
            from next where s.cluster_id = next.id and s.address = $3
            """,
            cluster,
            silo,
            version);
        return await command.ExecuteNonQueryAsync() > 0;
    }

    public async Task RecordSignOfLife(string cluster, string address, DateTimeOffset aliveAt)
    {
        await using var command = Command("update silos set alive_at = $3 where cluster_id = $1 and address = $2", cluster);
        Add(command, address);
        Add(command, aliveAt);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<ClusterRows> Read(NpgsqlCommand command)
    {
        int? version = null;
        var silos = new List<SiloRow>();
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            version = rows.GetInt32("version");
            if (!rows.IsDBNull("address"))
            {
                silos.Add(ReadSilo(rows));
            }
        }

        return new ClusterRows(version, silos);
    }

    private static SiloRow ReadSilo(NpgsqlDataReader row) => new(
        row.GetString("address"),
        row.GetString("status"),
        row.GetString("name"),
        row.GetString("host"),
        row.GetFieldValue<DateTimeOffset>("started_at"),
        row.GetFieldValue<DateTimeOffset>("alive_at"),
        [.. row.GetFieldValue<string[]>("suspects").Zip(row.GetFieldValue<DateTimeOffset[]>("suspected_at"))]);

    private NpgsqlCommand Change(string sql, string cluster, SiloRow silo, int version)
    {
        var command = Command(sql, cluster);
        Add(command, version);
        Add(command, silo.Address);
        Add(command, silo.Status);
        Add(command, silo.AliveAt);
        Add(command, silo.Suspects.Select(static suspect => suspect.By).ToArray());
        Add(command, silo.Suspects.Select(static suspect => suspect.At).ToArray());
        return command;
    }

    /// <summary>The first parameter of every statement is the cluster.</summary>
    private NpgsqlCommand Command(string sql, string cluster)
    {
        var command = database.CreateCommand(sql);
        Add(command, cluster);
        return command;
    }

    private static void Add<T>(NpgsqlCommand command, T value) => command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });
}
