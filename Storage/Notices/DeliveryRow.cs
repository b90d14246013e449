namespace Lakala.Storage.Notices;

/// <summary>What became of an event's notices to one receiver.</summary>
/// <param name="DueAt">While pending, the time of the next try.</param>
public sealed record DeliveryRow(
    string Receiver,
    DeliveryState State,
    int Tries,
    DateTimeOffset? DueAt,
    int? LastStatus,
    string? LastError,
    DateTimeOffset? FinishedAt);
