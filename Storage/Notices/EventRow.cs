namespace Lakala.Storage.Notices;

/// <summary>An event of a merchant with the state of its deliveries.</summary>
/// <param name="Data">JSON.</param>
public sealed record EventRow(Guid Id, string Type, DateTimeOffset CreatedAt, string Data, IReadOnlyList<DeliveryRow> Deliveries);

/// <param name="State">PENDING, ACCEPTED, SKIPPED or PARKED.</param>
/// <param name="DueAt">While PENDING, the time of the next try.</param>
public sealed record DeliveryRow(
    string Receiver,
    string State,
    int Tries,
    DateTimeOffset? DueAt,
    int? LastStatus,
    string? LastError,
    DateTimeOffset? FinishedAt);
