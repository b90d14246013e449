using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lakala.Terminal.Client;

/// <summary>What a swarm of terminals does.</summary>
/// <param name="Ca">PEM file of the authority to pin.</param>
/// <param name="Bills">Numbers of open bills, each of them to be paid once.</param>
/// <param name="Amount">Minor units; of every bill.</param>
/// <param name="Cards">Dealt to the terminals in turn.</param>
/// <param name="HeartbeatSeconds">Set: the terminals pay nothing; each says so often how it is, and nothing else, for the whole time.</param>
/// <param name="JournalFolder">On memory-backed files: nothing is written through.</param>
public sealed record SwarmPlan(
    string Host,
    int Port,
    string Ca,
    IReadOnlyList<PlannedTerminal> Terminals,
    IReadOnlyList<string> Bills,
    long Amount,
    IReadOnlyList<PlannedCard> Cards,
    string JournalFolder,
    double WarmupSeconds,
    double Seconds,
    double? HeartbeatSeconds = null)
{
    /// <exception cref="SetupException">The file is no plan.</exception>
    public static SwarmPlan Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), SwarmJson.Default.SwarmPlan) is { Terminals.Count: > 0, Cards.Count: > 0, Seconds: > 0 } plan
                ? plan
                : throw new SetupException($"{file} names no terminals, no cards or no time.");
        }
        catch (JsonException fault)
        {
            throw new SetupException($"{file} is not right at {fault.Path}.");
        }
        catch (IOException fault)
        {
            throw new SetupException(fault.Message);
        }
    }
}

/// <param name="MasterKey">64 hexadecimal digits.</param>
public sealed record PlannedTerminal(string Id, string Store, string MasterKey)
{
    public override string ToString() => $"terminal {Id}";
}

public sealed record PlannedCard(string Track2, string Pin)
{
    public override string ToString() => "card";
}

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
    string Approvals);

/// <summary>An approval as a terminal's journal holds it.</summary>
public sealed record HeldApproval(string Bill, long Amount, string? Rrn, string? AuthorisationCode, string Terminal, int Stan, int Batch);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(SwarmPlan))]
[JsonSerializable(typeof(SwarmResult))]
[JsonSerializable(typeof(List<HeldApproval>))]
internal sealed partial class SwarmJson : JsonSerializerContext;
