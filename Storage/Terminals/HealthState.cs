namespace Lakala.Storage.Terminals;

/// <summary>The health of a terminal.</summary>
/// <param name="Report">The whole report, as JSON.</param>
/// <param name="IsInOrder">True: the report shows no fault that prevents a payment or a receipt.</param>
/// <param name="Essence">The part on which somebody could act: while it is unchanged, rows are written rarely.</param>
/// <param name="Parameters">The version of its parameters; null: it uses none.</param>
/// <param name="Attention">The faults as text; empty when there are none.</param>
/// <param name="IsTampered">True: its case has been opened, and it is blocked.</param>
[GenerateSerializer, Immutable, Alias("health-state")]
public sealed record HealthState([property: Id(0)] string Report, [property: Id(1)] bool IsInOrder, [property: Id(2)] string Essence, [property: Id(3)] int? Parameters = null,
    [property: Id(4)] string Attention = "", [property: Id(5)] bool IsTampered = false);
