namespace Lakala.Storage.Terminals;

/// <summary>How a terminal is.</summary>
/// <param name="Report">All that it said, as JSON.</param>
/// <param name="IsInOrder">It can take a payment and hand out a receipt, as far as it knows.</param>
/// <param name="Essence">What somebody could act on: while it stays the same, only now and then a row is written.</param>
/// <param name="Parameters">The version that it has; null: it takes none.</param>
/// <param name="Attention">What somebody should see to, in words; empty when there is nothing.</param>
/// <param name="IsTampered">Its case has been opened: it blocks itself.</param>
[GenerateSerializer, Immutable, Alias("health-state")]
public sealed record HealthState([property: Id(0)] string Report, [property: Id(1)] bool IsInOrder, [property: Id(2)] string Essence, [property: Id(3)] int? Parameters = null,
    [property: Id(4)] string Attention = "", [property: Id(5)] bool IsTampered = false);
