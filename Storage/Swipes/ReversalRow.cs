namespace Lakala.Storage.Swipes;

/// <summary>One entry of the reversal queue: names its original without the card.</summary>
/// <param name="Tries">How often it was sent already.</param>
/// <param name="TraceId">The original's.</param>
public sealed record ReversalRow(
    long Rrn,
    string Terminal,
    int Stan,
    string Store,
    long Amount,
    string Currency,
    DateTimeOffset StartedAt,
    int Tries,
    string? TraceId = null);
