namespace Lakala.Storage.Fleet;

/// <param name="Duration">The time from C1 to the outcome; null while there is none.</param>
public sealed record SwipeEntry(
    string Terminal,
    int Batch,
    int Stan,
    string State,
    long? Bill,
    long? Amount,
    string? ResponseCode,
    int? Reason,
    long? Rrn,
    DateTimeOffset StartedAt,
    TimeSpan? Duration,
    string? TraceId);
