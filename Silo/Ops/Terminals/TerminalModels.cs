using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Silo.Ops.Alarms;
using Lakala.Silo.Ops.Commands;
using Lakala.Silo.Ops.Settings;
using Lakala.Silo.Ops.Swipes;
using Lakala.Storage.Fleet;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;

namespace Lakala.Silo.Ops.Terminals;

// What the API takes and gives. The descriptions are shown in its OpenAPI document, and told to who got it wrong.

internal sealed record TerminalModel(
    string Id,
    string Store,
    string StoreName,
    string? Region,
    string? Chain,
    [property: Description($"ready, attention, silent, never_seen or retired. Ready: heard within the last {StoreFinder.ReadySeconds} seconds, neither it nor its store blocked, and nothing out of order in its last report.")]
    string State,
    DateTimeOffset? HeardAt,
    [property: Description("What is wrong, in words; empty when nothing is.")] string Attention)
{
    public static TerminalModel Of(FleetTerminal terminal) => new(
        terminal.Id, terminal.Store, terminal.StoreName, terminal.Region, terminal.Chain, TerminalStates.Key(terminal.State), terminal.Heard, terminal.Attention);
}

internal sealed record TerminalDetailModel(
    TerminalModel Terminal,
    bool Blocked,
    DateTimeOffset? RetiredAt,
    int KeySet,
    DateTimeOffset? KeysSince,
    JsonElement? Report,
    DateTimeOffset? ReportedAt,
    [property: Description("The settings that it should have.")] int SettingsVersion,
    IReadOnlyList<EffectiveSettingModel> Settings,
    IReadOnlyList<SwipeModel> Swipes,
    [property: JsonPropertyName("orders")] IReadOnlyList<TargetModel> Commands,
    IReadOnlyList<AlarmModel> Alarms)
{
    public static TerminalDetailModel Of(
        TerminalDetail detail, IReadOnlyList<EffectiveSetting> settings, IReadOnlyList<SwipeEntry> swipes, IReadOnlyList<CommandTarget> commands, IReadOnlyList<AlarmRow> alarms) => new(
        TerminalModel.Of(detail.Terminal),
        detail.Blocked,
        detail.RetiredAt,
        detail.KeySet,
        detail.KeysSince,
        detail.Report is null ? null : JsonElement.Parse(detail.Report),
        detail.ReportedAt,
        detail.Parameters,
        [.. settings.Select(EffectiveSettingModel.Of)],
        [.. swipes.Select(SwipeModel.Of)],
        [.. commands.Select(TargetModel.Of)],
        [.. alarms.Select(AlarmModel.Of)]);
}

internal sealed record EffectiveSettingModel(
    string Name,
    [property: AnyJson] JsonElement? Value,
    [property: Description("platform, chain, store or terminal: the nearest level that sets it.")] string? From,
    string? Subject)
{
    public static EffectiveSettingModel Of(EffectiveSetting setting) => new(
        setting.Member,
        setting.Value is null ? null : JsonElement.Parse(setting.Value),
        setting.From is { } from ? SettingsSlice.NameOf(from.Level) : null,
        setting.From?.Subject);
}

internal sealed record AddTerminals(
    [property: Description("An array of objects with id, of 8 letters and digits, and store. All of them are added, or none.")]
    IReadOnlyList<NewTerminal> Terminals);

internal sealed record NewTerminal(string Id, string Store);

[Description("A terminal's master key. It cannot be shown a second time.")]
internal sealed record TerminalKeyModel(string Terminal, string Store, string MasterKey)
{
    public static TerminalKeyModel Of(TerminalSecret secret) => new(secret.Id, secret.Store, secret.MasterKey);

    public override string ToString() => $"master key of {Terminal}";
}
