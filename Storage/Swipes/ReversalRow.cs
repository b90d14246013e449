namespace Lakala.Storage.Swipes;

/// <summary>One entry of the reversal queue: names its original without the card.</summary>
/// <param name="Tries">The number of tries so far.</param>
/// <param name="TraceId">The trace id of the original.</param>
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

/// <summary>A reversal that the bank has not acknowledged.</summary>
public sealed record OpenReversal(long Rrn, string Terminal, string Store, long Amount, int Tries, DateTimeOffset CreatedAt, DateTimeOffset DueAt);
