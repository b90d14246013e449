using System.Text.Json;

namespace Lakala.Bench;

/// <summary>The result of a swarm.</summary>
/// <param name="Settled">Approvals on disk within the measured time.</param>
/// <param name="Declined">This and the following count from the first swipe to the last.</param>
/// <param name="Unknown">Swipes that still have no final answer.</param>
/// <param name="Errors">The number of occurrences by error text.</param>
/// <param name="CpuSeconds">The processor time of each program within the measured time, by its name.</param>
/// <param name="Approvals">The file of all approvals in the terminals' journals.</param>
public sealed record SwarmResult(
    long Settled,
    double Seconds,
    double SettledPerSecond,
    double P50Ms,
    double P99Ms,
    long Declined,
    long Refused,
    long Unknown,
    IReadOnlyDictionary<string, int> Errors,
    IReadOnlyDictionary<string, double> CpuSeconds,
    string Approvals)
{
    /// <returns>Null when the swarm has left none.</returns>
    public static SwarmResult? Read(string file) =>
        File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), SwarmJson.Default.SwarmResult) : null;
}

/// <summary>The result of a swarm that only sends heartbeats: written when all are signed on, and again after a storm.</summary>
/// <param name="StormSeconds">From the loss of all lines at once until the last terminal had signed on again. Null: no storm has ended.</param>
public sealed record BeatingResult(int SignedOn, double? StormSeconds);
