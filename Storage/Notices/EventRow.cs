namespace Lakala.Storage.Notices;

/// <summary>An event of a merchant with the state of its deliveries.</summary>
/// <param name="Data">JSON.</param>
public sealed record EventRow(Guid Id, string Type, DateTimeOffset CreatedAt, string Data, IReadOnlyList<DeliveryRow> Deliveries);
