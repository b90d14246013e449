namespace Lakala.Storage.Fleet;

/// <param name="Subject">A terminal, store, silo or receiver; empty: the whole network.</param>
/// <param name="AcknowledgedBy">The operator who takes care of it; null: nobody yet.</param>
/// <param name="Silence">Null: it is not silenced now.</param>
public sealed record AlarmRow(
    long Id,
    string Kind,
    string Subject,
    string Detail,
    DateTimeOffset RaisedAt,
    DateTimeOffset? ClearedAt,
    string? AcknowledgedBy = null,
    DateTimeOffset? AcknowledgedAt = null,
    Silence? Silence = null);
