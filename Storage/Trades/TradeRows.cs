using Lakala.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Trades;

/// <summary>Finds trades whose timer has ended.</summary>
public interface IDueTrades
{
    /// <summary>Gives due trades to <paramref name="each"/>, the longest due first, unless another silo does so now.</summary>
    /// <param name="each">Gets the numbers of the bills.</param>
    /// <returns>The number of trades; if it is <paramref name="limit"/>, there may be more.</returns>
    Task<int> Sweep(int limit, Func<IReadOnlyList<long>, Task> each, CancellationToken stop);
}

/// <inheritdoc/>
/// <remarks>One silo at a time sweeps: several would read the same trades and write them once.</remarks>
public sealed class TradeRows([FromKeyedServices(Database.Writers)] NpgsqlDataSource database) : IDueTrades
{
    // An arbitrary number, the same in every process of the project.
    private const long SweepingLock = 0x545241444553;

    private const string DueInOrder =
        """
        due_at <= statement_timestamp() and (state = 'SHIPPED' or not is_overdue) and frozen_by is null and (leased_until is null or leased_until <= clock_timestamp()) order by due_at
        """;

    internal const string FirstDue = $"select bill from trades where {DueInOrder} limit 1";

    /// <inheritdoc/>
    public async Task<int> Sweep(int limit, Func<IReadOnlyList<long>, Task> each, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var alone = await AdvisoryLock.TryTake(connection, SweepingLock, stop);
        if (alone is null)
        {
            return 0;
        }

        var due = await connection.List($"select bill from trades where {DueInOrder} limit $1", static row => row.Get<long>("bill"), stop, limit);
        await each(due);
        return due.Count;
    }
}
