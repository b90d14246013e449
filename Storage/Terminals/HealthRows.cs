using Lakala.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Lakala.Storage.Terminals;

/// <summary>The health of terminals: the latest report of each, and their history for a bounded time.</summary>
public sealed class HealthRows(NpgsqlDataSource database, [FromKeyedServices(Database.Writers)] NpgsqlDataSource writers, ILogger<HealthRows> log) : IAsyncDisposable
{
    /// <summary>The least time between two history rows of an unchanged terminal without faults.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    public GroupCommit<HealthRow, HealthKept> Reported { get; } = new(new ReportHealth(), writers, log);

    public ValueTask DisposeAsync() => Reported.DisposeAsync();

    /// <summary>Deletes up to a number of history rows that are older than the kept time.</summary>
    /// <returns>The number of deleted rows.</returns>
    public Task<int> Forget(int limit, CancellationToken stop) => database.Execute(
        """
        delete from terminal_health_history where ctid = any(array(
          select ctid from terminal_health_history where at < statement_timestamp() - $1 limit $2))
        """,
        stop,
        Kept,
        limit);
}
