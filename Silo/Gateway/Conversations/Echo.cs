using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Grains.Terminals;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>0800 / 301: the heartbeat. The terminal reports its health, and gets the next request of the server.</summary>
internal static class Echo
{
    private const int SignalStep = 25, BatteryStep = 10;

    public static async Task<Iso8583Message?> Answer(Iso8583Message message, SignedOnTerminal terminal, ConversationServices services)
    {
        var request = NetworkRequest.FromIso(message);
        var beat = await services.Ask(
            () => terminal.Grain.Beat(terminal.KeySet, StateOf(request.Health)), new Heartbeat(Refusal.Fault, TerminalTasks.None));
        var verdict = Verdicts.For(beat.Refusal, terminal.Language);
        return new NetworkAnswer(request.From, request.Code, beat.Task switch
        {
            TerminalTasks.SignOn => verdict with { Requirement = ProcessingRequirement.SignOn },
            TerminalTasks.FetchParameters => verdict with { Requirement = ProcessingRequirement.FetchParameters },
            TerminalTasks.SendStatus => verdict with { Requirement = ProcessingRequirement.SendStatus },
            _ => verdict,
        }).ToIso();
    }

    // The size of the journal and the last swipe change all the time: they do not count as a change.
    private static HealthState? StateOf(TerminalHealth? health) => health is null
        ? null
        : new HealthState(
            JsonSerializer.Serialize(health, HealthJson.Default.TerminalHealth),
            health.IsInOrder,
            (health with { JournalBytes = null, LastSwipe = null, Signal = health.Signal / SignalStep, Battery = health.Battery / BatteryStep }).ToString(),
            health.Parameters,
            health.Attention,
            health.Tamper is true);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TerminalHealth))]
internal sealed partial class HealthJson : JsonSerializerContext;
