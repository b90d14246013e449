using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Configuration;

namespace Lakala.Silo.Hosting;

/// <summary>
/// The cluster's membership in the database of the books, in two tables of our own migrations. Every change compares the
/// cluster's version and increases it in the same statement.
/// </summary>
public sealed class SiloTable(NpgsqlDataSource database, IOptions<ClusterOptions> cluster) : IMembershipTable
{
    private const string Columns = "s.address, s.status, s.name, s.host, s.started_at, s.alive_at, s.suspects, s.suspected_at";

    private string Cluster => cluster.Value.ClusterId;

    public async Task InitializeMembershipTable(bool tryInitTableVersion)
    {
        if (tryInitTableVersion)
        {
            await using var command = Command("insert into clusters (id, version) values ($1, 0) on conflict do nothing");
            await command.ExecuteNonQueryAsync();
        }
    }

    public async Task DeleteMembershipTableEntries(string clusterId)
    {
        await using var command = database.CreateCommand(
            "with gone as (delete from silos where cluster_id = $1) update clusters set version = version + 1 where id = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = clusterId });
        await command.ExecuteNonQueryAsync();
    }

    public async Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate)
    {
        await using var command = Command("delete from silos where cluster_id = $1 and status <> $2 and alive_at < $3");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = nameof(SiloStatus.Active) });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = beforeDate.ToUniversalTime() });
        await command.ExecuteNonQueryAsync();
    }

    public async Task<MembershipTableData> ReadAll()
    {
        await using var command = Command(
            $"select c.version, {Columns} from clusters c left join silos s on s.cluster_id = c.id where c.id = $1");
        return await Read(command);
    }

    public async Task<MembershipTableData> ReadRow(SiloAddress key)
    {
        await using var command = Command(
            $"select c.version, {Columns} from clusters c left join silos s on s.cluster_id = c.id and s.address = $2 where c.id = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key.ToParsableString() });
        return await Read(command);
    }

    public async Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion)
    {
        await using var command = Change(
            """
            with next as (update clusters set version = $2 where id = $1 and version = $2 - 1 returning id)
            insert into silos (cluster_id, address, status, alive_at, suspects, suspected_at, name, host, started_at)
            select id, $3, $4, $5, $6, $7, $8, $9, $10 from next
            """,
            entry,
            tableVersion);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = entry.SiloName ?? "" });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = entry.HostName ?? "" });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = Utc(entry.StartTime) });
        try
        {
            return await command.ExecuteNonQueryAsync() > 0;
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    public async Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion)
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
            entry,
            tableVersion);
        return await command.ExecuteNonQueryAsync() > 0;
    }

    public async Task UpdateIAmAlive(MembershipEntry entry)
    {
        await using var command = Command("update silos set alive_at = $3 where cluster_id = $1 and address = $2");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = entry.SiloAddress.ToParsableString() });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = Utc(entry.IAmAliveTime) });
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<MembershipTableData> Read(NpgsqlCommand command)
    {
        var version = new TableVersion(0, "0");
        var entries = new List<Tuple<MembershipEntry, string>>();
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            version = new TableVersion(rows.GetInt32(0), rows.GetInt32(0).ToString(null, null));
            if (!rows.IsDBNull(1))
            {
                entries.Add(Tuple.Create(ReadEntry(rows), version.VersionEtag));
            }
        }

        return new MembershipTableData(entries, version);
    }

    private static MembershipEntry ReadEntry(NpgsqlDataReader row)
    {
        var suspects = row.GetFieldValue<string[]>(7).Select(SiloAddress.FromParsableString);
        return new MembershipEntry
        {
            SiloAddress = SiloAddress.FromParsableString(row.GetString(1)),
            Status = Enum.Parse<SiloStatus>(row.GetString(2)),
            SiloName = row.GetString(3),
            HostName = row.GetString(4),
            StartTime = row.GetDateTime(5),
            IAmAliveTime = row.GetDateTime(6),
            SuspectTimes = [.. suspects.Zip(row.GetFieldValue<DateTime[]>(8), Tuple.Create)],
        };
    }

    private NpgsqlCommand Change(string sql, MembershipEntry entry, TableVersion version)
    {
        var suspects = entry.SuspectTimes ?? [];
        var command = Command(sql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = version.Version });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = entry.SiloAddress.ToParsableString() });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = entry.Status.ToString() });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = Utc(entry.IAmAliveTime) });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. suspects.Select(suspect => suspect.Item1.ToParsableString())] });
        command.Parameters.Add(new NpgsqlParameter<DateTime[]> { TypedValue = [.. suspects.Select(suspect => Utc(suspect.Item2))] });
        return command;
    }

    /// <summary>The first parameter of every statement is the cluster.</summary>
    private NpgsqlCommand Command(string sql)
    {
        var command = database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Cluster });
        return command;
    }

    private static DateTime Utc(DateTime time) => DateTime.SpecifyKind(time, DateTimeKind.Utc);
}
