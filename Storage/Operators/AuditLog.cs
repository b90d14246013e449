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
        select id, at, who, what, subject, detail, before::text as before, after::text as after from audit_log
        where ($1::text is null or subject = $1) and ($2::bigint is null or id < $2) order by id desc limit $3
        """,
        static row => new AuditEntry(
            row.Get<long>("id"),
            row.Get<DateTimeOffset>("at"),
            row.Get<string>("who"),
            row.Get<string>("what"),
            row.Get<string>("subject"),
            row.Get<string>("detail"),
            row.GetOrNull<string>("before"),
            row.GetOrNull<string>("after")),
        stop,
        subject,
        before,
        limit);
}
