using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Storage.Fleet;
using Lakala.Storage.Merchants;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops;

// What the operators' API takes and gives. The descriptions are shown in its OpenAPI document, and told to who got it wrong.

internal sealed record FleetCountModel(
    [property: Description("Of the region, chain or store; empty for those that have none.")] string Name, int Ready, int Attention, int Silent, int NeverSeen);

internal sealed record FleetModel(DateTimeOffset CountedAt, FleetCountModel All, IReadOnlyList<FleetCountModel> Regions, IReadOnlyList<FleetCountModel> Chains);

internal sealed record TerminalModel(
    string Id,
    string Store,
    string StoreName,
    string? Region,
    string? Chain,
    [property: Description($"ready, attention, silent, never_seen or retired. Ready: heard within the last {StoreFinder.ReadySeconds} seconds, neither it nor its store blocked, and nothing out of order in its last report.")]
    string State,
    DateTimeOffset? HeardAt,
    [property: Description("What is wrong, in words; empty when nothing is.")] string Attention);

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
    IReadOnlyList<AlarmModel> Alarms);

internal sealed record EffectiveSettingModel(
    string Name,
    JsonElement? Value,
    [property: Description("platform, chain, store or terminal: the nearest level that sets it.")] string? From,
    string? Subject);

internal sealed record SwipeModel(
    string Terminal, int Batch, int Stan, string State, string? Bill, long? Amount, string? ResponseCode, string? Rrn, DateTimeOffset StartedAt, double? Seconds, string? TraceId);

internal sealed record AddTerminals(
    [property: Description("An array of objects with id, of 8 letters and digits, and store. All of them are added, or none.")]
    IReadOnlyList<NewTerminal> Terminals);

internal sealed record NewTerminal(string Id, string Store);

[Description("A terminal's master key. It cannot be shown a second time.")]
internal sealed record TerminalKeyModel(string Terminal, string Store, string MasterKey)
{
    public override string ToString() => $"master key of {Terminal}";
}

internal sealed record PutStore(
    [property: Description("How shoppers know it: 1 to 200 characters.")] string Name,
    [property: Description("Its share of the fee: 0 to 100.")] int CommissionPercent,
    string? NameZh = null,
    string? Chain = null,
    [property: Description("With district, or neither.")] string? Region = null,
    string? District = null,
    string? Address = null,
    [property: Description("WGS 84, with longitude, or neither.")] double? Latitude = null,
    double? Longitude = null,
    string? Hours = null,
    string? Phone = null);

internal sealed record StoreDetailModel(
    string Id,
    string Name,
    int CommissionPercent,
    string? NameZh,
    string? Chain,
    string? Region,
    string? District,
    string? Address,
    double? Latitude,
    double? Longitude,
    string? Hours,
    string? Phone,
    bool Blocked,
    DateTimeOffset? RetiredAt);

internal sealed record NewCommand(
    [property: Description("block, unblock, retire, move, rotate_keys, send_parameters or send_status.")] string Kind,
    [property: Description("With move: the store to move to.")] string? Store = null,
    [property: Description("When, as an RFC 3339 time; at once when nothing is said.")] DateTimeOffset? DueAt = null,
    [property: Description("Ids of terminals. Not with filter.")] IReadOnlyList<string>? Terminals = null,
    [property: Description("All terminals that it leaves: an object with state, region, chain, store and q, all optional.")] CommandFilter? Filter = null);

internal sealed record CommandFilter(string? State = null, string? Region = null, string? Chain = null, string? Store = null, string? Q = null);

internal sealed record CommandModel(
    Guid Id, string Kind, string? Store, string Who, DateTimeOffset CreatedAt, DateTimeOffset DueAt, int Waiting, int Asked, int Done, int Failed, int Cancelled);

internal sealed record TargetModel(
    [property: JsonPropertyName("action")] Guid Command, string Terminal, string Kind, [property: Description("WAITING, ASKED, DONE, FAILED or CANCELLED.")] string State, string Outcome, DateTimeOffset ChangedAt);

internal sealed record PutSettings(
    [property: Description("An object of the members that the level sets itself; empty: none.")] JsonElement Settings);

internal sealed record SettingsModel(string Level, string? Subject, JsonElement Settings, int Version);

internal sealed record ImportedModel(int Stores, IReadOnlyList<TerminalKeyModel> Terminals);

internal sealed record AlarmModel(long Id, string Kind, string Title, string Subject, string Detail, string WhatToDo, DateTimeOffset RaisedAt, DateTimeOffset? ClearedAt,
    [property: Description("Who has seen it and takes care.")] string? AcknowledgedBy, DateTimeOffset? AcknowledgedAt,
    [property: Description("Until then nobody is told of it.")] DateTimeOffset? SilencedUntil, string? SilencedBy, string? SilenceReason);

internal sealed record SilenceAlarm(
    [property: Description("When the silence ends, as an RFC 3339 time: within 7 days.")] DateTimeOffset Until,
    [property: Description("1 to 200 characters.")] string Reason);

internal sealed record AuditModel(long Id, DateTimeOffset At, string Who, string What, string Subject, string Detail,
    [property: Description("An object of the values before the change, where they are kept.")] JsonElement? Before,
    [property: Description("And after it.")] JsonElement? After);

internal sealed record SwipeMinuteModel(
    DateTimeOffset From, int Approved, int Declined, int Refused, int NotSent, int Reversed, int Unresolved, int? P50Ms, int? P99Ms);

internal sealed record OpenItemsModel(IReadOnlyList<SwipeModel> Attempts, IReadOnlyList<ReversalModel> Reversals, IReadOnlyList<ParkedModel> Parked);

internal sealed record ReversalModel(string Rrn, string Terminal, string Store, long Amount, int Tries, DateTimeOffset CreatedAt, DateTimeOffset DueAt);

internal sealed record ParkedModel(string Event, string Receiver, string Merchant, string Type, int Tries, string? LastError, DateTimeOffset? ParkedAt);

internal sealed record ResendParked(
    [property: Description("An event's id; every event when nothing is said.")] string? Event = null,
    [property: Description("One receiver; all when nothing is said.")] string? Receiver = null);

internal sealed record ResentModel(int Resent);

internal sealed record SiloModel(string Silo, DateTimeOffset At, SiloReport Report);

internal sealed record BalanceModel(DateOnly BusinessDate, string Account, string Currency, decimal Debit, decimal Credit);

internal sealed record PutOperatorBody([property: Description("watch, act or administer.")] string Role);

[Description("What proves who it is. It cannot be shown a second time.")]
internal sealed record SecretModel(string Name, string Role, string Secret)
{
    public override string ToString() => $"secret of {Name}";
}

internal sealed record OperatorModel(string Name, string Role, bool Blocked);

internal sealed record AdminKeyModel(string Name, string Prefix, string Role, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);

internal sealed record MerchantKeyModel(
    string Id,
    string? Name,
    [property: Description("What the key begins with.")] string Prefix,
    DateTimeOffset CreatedAt,
    [property: Description("To the hour.")] DateTimeOffset? LastUsedAt,
    [property: Description("When it ends by itself.")] DateTimeOffset? ExpiresAt);

internal sealed record RevokedModel(int Revoked);

/// <summary>From the stores' records to what the API shows.</summary>
internal static class AdminModels
{
    public static FleetCountModel Model(this FleetCount count) => new(count.Name, count.Ready, count.Attention, count.Silent, count.NeverSeen);

    public static TerminalModel Model(this FleetTerminal terminal) => new(
        terminal.Id, terminal.Store, terminal.StoreName, terminal.Region, terminal.Chain, Shown.Key(terminal.State), terminal.Heard, terminal.Attention);

    public static SwipeModel Model(this SwipeEntry swipe) => new(
        swipe.Terminal,
        swipe.Batch,
        swipe.Stan,
        swipe.State,
        swipe.Bill is null ? null : Shown.Bill(swipe.Bill),
        swipe.Amount,
        swipe.ResponseCode,
        swipe.Rrn is { } rrn ? Rrn.ToText(rrn) : null,
        swipe.StartedAt,
        swipe.Duration?.TotalSeconds,
        swipe.TraceId);

    public static EffectiveSettingModel Model(this EffectiveSetting setting) => new(
        setting.Member, setting.Value is null ? null : JsonElement.Parse(setting.Value), setting.From?.Level.ToString().ToLowerInvariant(), setting.From?.Subject);

    public static TargetModel Model(this CommandTarget target) =>
        new(target.Command, target.Terminal, CommandKinds.Text(target.Kind), target.State, target.Outcome, target.ChangedAt);

    public static CommandModel Model(this CommandSummary command) => new(
        command.Id,
        CommandKinds.Text(command.Kind),
        command.Argument,
        command.Who,
        command.CreatedAt,
        command.DueAt,
        command.Waiting,
        command.Asked,
        command.Done,
        command.Failed,
        command.Cancelled);

    public static AlarmModel Model(this AlarmRow alarm)
    {
        var kind = AlarmKind.Find(alarm.Kind);
        return new(alarm.Id, alarm.Kind, kind?.Title ?? "", alarm.Subject, alarm.Detail, kind?.WhatToDo ?? "", alarm.RaisedAt, alarm.ClearedAt,
            alarm.AcknowledgedBy, alarm.AcknowledgedAt, alarm.Silence?.Until, alarm.Silence?.Who, alarm.Silence?.Reason);
    }

    public static StoreDetailModel Model(this StoreDetail detail)
    {
        var store = detail.Store;
        return new(
            store.Id,
            store.Name,
            store.CommissionPercent,
            store.NameZh,
            store.Chain,
            store.Region,
            store.District,
            store.Address,
            store.Latitude,
            store.Longitude,
            store.Hours,
            store.Phone,
            detail.Blocked,
            detail.RetiredAt);
    }

    public static MerchantKeyModel Model(this MerchantKey key) => new(key.Id, key.Name, key.Prefix, key.CreatedAt, key.LastUsedAt, key.ExpiresAt);

    public static TerminalKeyModel Model(this TerminalSecret secret) => new(secret.Terminal, secret.Store, secret.MasterKey);

    public static SettingsModel Model(this SettingsAt at) => new(at.Level.ToString().ToLowerInvariant(), at.Subject, JsonElement.Parse(at.Body), at.Version);
}
