using Lakala.Storage.Silos;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Lakala.Silo.Hosting;

/// <summary>The cluster's membership as Orleans wants it, in the database of the books.</summary>
public sealed class SiloTable(SiloRows silos, IOptions<ClusterOptions> cluster) : IMembershipTable
{
    private string Cluster => cluster.Value.ClusterId;

    public Task InitializeMembershipTable(bool tryInitTableVersion) => tryInitTableVersion ? silos.PutCluster(Cluster) : Task.CompletedTask;

    public Task DeleteMembershipTableEntries(string clusterId) => silos.DeleteAll(clusterId);

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => silos.DeleteOthers(Cluster, nameof(SiloStatus.Active), beforeDate);

    public async Task<MembershipTableData> ReadAll() => Convert(await silos.ReadAll(Cluster));

    public async Task<MembershipTableData> ReadRow(SiloAddress key) => Convert(await silos.ReadOne(Cluster, key.ToParsableString()));

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => silos.Insert(Cluster, Convert(entry), tableVersion.Version);

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => silos.Update(Cluster, Convert(entry), tableVersion.Version);

    public Task UpdateIAmAlive(MembershipEntry entry) =>
        silos.RecordSignOfLife(Cluster, entry.SiloAddress.ToParsableString(), Utc(entry.IAmAliveTime));

    private static MembershipTableData Convert(ClusterRows rows)
    {
        var number = rows.Version ?? 0;
        var version = new TableVersion(number, number.ToString(null, null));
        return new MembershipTableData([.. rows.Silos.Select(silo => Tuple.Create(Convert(silo), version.VersionEtag))], version);
    }

    private static MembershipEntry Convert(SiloRow silo) => new()
    {
        SiloAddress = SiloAddress.FromParsableString(silo.Address),
        Status = Enum.Parse<SiloStatus>(silo.Status),
        SiloName = silo.Name,
        HostName = silo.Host,
        StartTime = silo.StartedAt.UtcDateTime,
        IAmAliveTime = silo.AliveAt.UtcDateTime,
        SuspectTimes = [.. silo.Suspects.Select(static suspect => Tuple.Create(SiloAddress.FromParsableString(suspect.By), suspect.At.UtcDateTime))],
    };

    private static SiloRow Convert(MembershipEntry entry) => new(
        entry.SiloAddress.ToParsableString(),
        entry.Status.ToString(),
        entry.SiloName ?? "",
        entry.HostName ?? "",
        Utc(entry.StartTime),
        Utc(entry.IAmAliveTime),
        [.. (entry.SuspectTimes ?? []).Select(static suspect => (suspect.Item1.ToParsableString(), Utc(suspect.Item2)))]);

    // Orleans' times are in UTC, also where their kind does not say so.
    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));
}
