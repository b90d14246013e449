namespace Lakala.Storage.Fleet;

/// <param name="Heard">The time of its last known authentic message.</param>
/// <param name="Attention">Its faults as text; empty when there are none.</param>
public sealed record FleetTerminal(
    string Id, string Store, string StoreName, string? Region, string? Chain, TerminalState State, DateTimeOffset? Heard, string Attention);

/// <param name="Report">The latest health report as JSON; null when there is none.</param>
/// <param name="KeysSince">The time since which its working keys are in use.</param>
/// <param name="Parameters">The version of the settings that it should have.</param>
public sealed record TerminalDetail(
    FleetTerminal Terminal,
    bool Blocked,
    bool StoreBlocked,
    DateTimeOffset? RetiredAt,
    int KeySet,
    DateTimeOffset? KeysSince,
    string? Report,
    DateTimeOffset? ReportedAt,
    int Parameters,
    DateTimeOffset CreatedAt);

/// <param name="Report">JSON.</param>
public sealed record HealthEntry(DateTimeOffset At, string Report);
