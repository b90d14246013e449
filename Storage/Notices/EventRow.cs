namespace Lakala.Storage.Notices;

/// <summary>An event of a merchant with what became of its notices.</summary>
/// <param name="Data">JSON.</param>
public sealed record EventRow(Guid Id, string Type, DateTimeOffset CreatedAt, string Data, IReadOnlyList<DeliveryRow> Deliveries);

/// <param name="State">PENDING, ACCEPTED, SKIPPED or PARKED.</param>
/// <param name="DueAt">When it is tried next, while PENDING.</param>
public sealed record DeliveryRow(
    string Receiver,
    string State,
    int Tries,
    DateTimeOffset? DueAt,
    int? LastStatus,
    string? LastError,
    DateTimeOffset? FinishedAt);
