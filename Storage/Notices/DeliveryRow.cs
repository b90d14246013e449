namespace Lakala.Storage.Notices;

/// <summary>The delivery of an event to one receiver.</summary>
/// <param name="DueAt">While pending, the time of the next try.</param>
public sealed record DeliveryRow(
    string Receiver,
    DeliveryState State,
    int Tries,
    DateTimeOffset? DueAt,
    int? LastStatus,
    string? LastError,
    DateTimeOffset? FinishedAt);
