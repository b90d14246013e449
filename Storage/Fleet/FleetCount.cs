namespace Lakala.Storage.Fleet;

/// <summary>The number of terminals of an area in each state.</summary>
/// <param name="Title">Its title for people, if it differs from its name.</param>
public sealed record FleetCount(string Name, int Ready, int Attention, int Silent, int NeverSeen, string? Title = null)
{
    public int All => Ready + Attention + Silent + NeverSeen;
}

/// <param name="Worst">Stores with the most terminals that are not ready.</param>
public sealed record FleetSummary(
    FleetCount All, IReadOnlyList<FleetCount> Regions, IReadOnlyList<FleetCount> Chains, IReadOnlyList<FleetCount> Worst);
