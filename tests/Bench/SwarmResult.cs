using System.Text.Json;

namespace Lakala.Bench;

/// <summary>What a swarm achieved.</summary>
/// <param name="Settled">Approvals on disk within the measured time.</param>
/// <param name="Declined">This and what follows: from the first swipe to the last.</param>
/// <param name="Unknown">Swipes that still have no final answer.</param>
/// <param name="Errors">How often what was said.</param>
/// <param name="Approvals">The file of all approvals that the terminals hold, read back from their journals.</param>
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
    string Approvals)
{
    /// <returns>Null when the swarm has left none.</returns>
    public static SwarmResult? Read(string file) =>
        File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), SwarmJson.Default.SwarmResult) : null;
}
