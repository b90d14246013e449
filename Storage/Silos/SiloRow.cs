namespace Lakala.Storage.Silos;

/// <summary>A silo of a cluster, as the others see it.</summary>
/// <param name="Address">The address of one run: a later run has another address, and is another silo.</param>
/// <param name="Status">Orleans' name of the status.</param>
/// <param name="Suspects">The silos that suspect it, with the times.</param>
public sealed record SiloRow(
    string Address, string Status, string Name, string Host, DateTimeOffset StartedAt, DateTimeOffset AliveAt, IReadOnlyList<(string By, DateTimeOffset At)> Suspects);

/// <param name="Version">Null: the cluster does not exist.</param>
public sealed record ClusterRows(int? Version, IReadOnlyList<SiloRow> Silos);
