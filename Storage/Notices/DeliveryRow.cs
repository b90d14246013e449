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

/// <summary>A delivery that was given up after its last try.</summary>
/// <param name="Merchant">Empty: the operators' own.</param>
public sealed record ParkedNotice(Guid Event, string Receiver, string Merchant, string Type, int Tries, int? LastStatus, string? LastError, DateTimeOffset? ParkedAt);
