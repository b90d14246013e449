namespace Lakala.Storage.Silos;

/// <summary>A silo of a cluster, as the others see it.</summary>
/// <param name="Address">Of one run of it: an address that is used again is another silo.</param>
/// <param name="Status">As Orleans names it.</param>
/// <param name="Suspects">Who took it for dead, and when.</param>
public sealed record SiloRow(
    string Address, string Status, string Name, string Host, DateTimeOffset StartedAt, DateTimeOffset AliveAt, IReadOnlyList<(string By, DateTimeOffset At)> Suspects);

/// <param name="Version">Null: the cluster is not there.</param>
public sealed record ClusterRows(int? Version, IReadOnlyList<SiloRow> Silos);
