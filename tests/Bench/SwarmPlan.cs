using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Local;

namespace Lakala.Bench;

/// <summary>The work of a swarm of terminals.</summary>
/// <param name="Ports">Of the silos: the terminals take them in turn.</param>
/// <param name="Ca">PEM file of the CA to trust.</param>
/// <param name="Bills">Numbers of open bills, each paid once.</param>
/// <param name="Amount">The amount of every bill in minor units.</param>
/// <param name="Cards">Given to the terminals in turn.</param>
/// <param name="HeartbeatSeconds">If set, the terminals pay nothing: each only sends its health at this interval.</param>
/// <param name="SwipesPerSecond">Of all terminals together. Null: as many as they can.</param>
/// <param name="Programs">Other programs by name, with the ids of their processes: their processor time is measured too.</param>
/// <param name="JournalFolder">A folder in memory: journals are not flushed.</param>
public sealed record SwarmPlan(
    string Host,
    IReadOnlyList<int> Ports,
    string Ca,
    IReadOnlyList<PlannedTerminal> Terminals,
    IReadOnlyList<string> Bills,
    long Amount,
    IReadOnlyList<PlannedCard> Cards,
    string JournalFolder,
    double WarmupSeconds,
    double Seconds,
    double? HeartbeatSeconds = null,
    double? SwipesPerSecond = null,
    IReadOnlyDictionary<string, int>? Programs = null)
{
    /// <exception cref="SetupException">The file is no plan.</exception>
    public static SwarmPlan Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), SwarmJson.Default.SwarmPlan) is { Ports.Count: > 0, Terminals.Count: > 0, Cards.Count: > 0, Seconds: > 0 } plan
                ? plan
                : throw new SetupException($"{file} names no ports, no terminals, no cards or no time.");
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
[JsonSerializable(typeof(BeatingResult))]
[JsonSerializable(typeof(List<Approval>))]
internal sealed partial class SwarmJson : JsonSerializerContext;
