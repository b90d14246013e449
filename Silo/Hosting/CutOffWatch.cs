namespace Lakala.Silo.Hosting;

/// <summary>
/// Declares a silo dead that answers the others' probes but cannot reach the database: it settles nothing, and requests to its
/// grains fail. Only a silo whose own "I am alive" times arrive may do so, so that no silo is lost when no silo reaches the
/// database.
/// </summary>
internal sealed class CutOffWatch(
    SiloTable table, IClusterMembershipService cluster, ILocalSiloDetails self, TimeProvider time, ILogger<CutOffWatch> log)
    : PeriodicWork(time, log)
{
    /// <summary>The interval of checks: the same as that of the "I am alive" writes.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    // The number of checks in a row with the same old time.
    private const int Patience = 4;

    private readonly TimeProvider _time = time;
    private readonly ILogger _log = log;
    private readonly Dictionary<SiloAddress, (DateTime AliveAt, int Looks)> _seen = [];

    protected override string FailureText => "The signs of life of the silos cannot be read";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Repeat(Interval, Look, stoppingToken);

    private async Task Look(CancellationToken stop)
    {
        try
        {
            // Orleans writes these times too, but after a fault more and more rarely: a silo would look cut off for a while after
            // the database was away from all.
            await table.UpdateIAmAlive(new MembershipEntry { SiloAddress = self.SiloAddress, IAmAliveTime = _time.GetUtcNow().UtcDateTime });
            await Judge(await table.ReadAll());
        }
        catch
        {
            _seen.Clear();
            throw;
        }
    }

    private async Task Judge(MembershipTableData data)
    {
        var active = data.Members.Select(member => member.Item1).Where(silo => silo.Status == SiloStatus.Active).ToArray();
        foreach (var gone in _seen.Keys.Except(active.Select(silo => silo.SiloAddress)).ToArray())
        {
            _seen.Remove(gone);
        }

        foreach (var silo in active)
        {
            var before = _seen.GetValueOrDefault(silo.SiloAddress);
            _seen[silo.SiloAddress] = (silo.IAmAliveTime, before.AliveAt == silo.IAmAliveTime ? before.Looks + 1 : 0);
        }

        if (!_seen.TryGetValue(self.SiloAddress, out var own) || own.Looks > 1)
        {
            return;
        }

        foreach (var silo in active.Where(silo => _seen[silo.SiloAddress].Looks >= Patience))
        {
            _log.LogWarning("{Silo} is cut off from the database since {AliveAt:O} and is declared dead.", silo.SiloAddress, silo.IAmAliveTime);
            await cluster.TryKill(silo.SiloAddress);
        }
    }
}
