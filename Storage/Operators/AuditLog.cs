using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Operators;

/// <param name="Who">An operator, <c>key:</c> and the name of an admin key, <c>merchant:</c> with its id and that of its key, or <c>command line</c>.</param>
/// <param name="Subject">The terminal, store, merchant or other thing that was changed.</param>
/// <param name="Before">A JSON object of the values before; null: there were none, or they are not kept.</param>
/// <param name="After">A JSON object of the values after.</param>
public sealed record AuditEntry(long Id, DateTimeOffset At, string Who, string What, string Subject, string Detail, string? Before, string? After);

/// <summary>Reads the audit log, newest first. The statements that make the changes write it.</summary>
public sealed class AuditLog(NpgsqlDataSource database)
{
    /// <param name="subject">Null: everything.</param>
    /// <param name="before">Null: from the newest on.</param>
    public Task<IReadOnlyList<AuditEntry>> List(string? subject, long? before, int limit, CancellationToken stop) => database.List(
        """
        select id, at, who, what, subject, detail, before::text, after::text from audit_log
        where ($1::text is null or subject = $1) and ($2::bigint is null or id < $2) order by id desc limit $3
        """,
        static row => new AuditEntry(
            row.GetInt64(0), row.GetFieldValue<DateTimeOffset>(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5), row.Text(6), row.Text(7)),
        stop,
        subject,
        before,
        limit);
}
