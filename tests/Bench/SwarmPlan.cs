using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Local;

namespace Lakala.Bench;

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

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(SwarmPlan))]
[JsonSerializable(typeof(SwarmResult))]
[JsonSerializable(typeof(List<Approval>))]
internal sealed partial class SwarmJson : JsonSerializerContext;
