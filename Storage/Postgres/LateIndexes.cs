using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>Indexes of large tables. A migration would hold such a table for minutes, so a silo builds them beside the traffic.</summary>
public sealed class LateIndexes([FromKeyedServices(Database.Writers)] NpgsqlDataSource database)
{
    // An arbitrary number, the same in every process of the project.
    private const long BuildingLock = 0x494E44455845;

    // A whole table is read.
    private const int SlowSeconds = 3_600;

    // The swipes of a partition wait while its index is attached.
    private const string AttachSoon = "set local lock_timeout = '1s'; alter index payment_entries_merchant attach partition";

    private const string WithoutIndex =
        """
        select p.inhrelid::regclass::text as partition from pg_inherits p
        where p.inhparent = 'payment_entries'::regclass and not exists (
          select from pg_index x join pg_inherits i on i.inhrelid = x.indexrelid
          where x.indrelid = p.inhrelid and i.inhparent = 'payment_entries_merchant'::regclass)
        order by 1
        """;

    /// <summary>Builds those that are missing, unless another silo does so now.</summary>
    /// <returns>The number of indexes that were built.</returns>
    public async Task<int> Build(CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var alone = await AdvisoryLock.TryTake(connection, BuildingLock, stop);
        if (alone is null)
        {
            return 0;
        }

        var built = await Build(connection, "bills_merchant", "bills (merchant_id, created_at, number)", stop) ? 1 : 0;
        built += await Build(connection, "refunds_stopped", "refunds (sent_at) where state = 'SENT' and due_at is null", stop) ? 1 : 0;
        built += await Build(connection, "trades_old", "trades (since) where held > 0", stop) ? 1 : 0;
        foreach (var partition in await connection.List(WithoutIndex, static row => row.Get<string>("partition"), stop))
        {
            await Build(connection, $"{partition}_merchant", $"{partition} (account_2, at, number)", stop);
            await connection.Execute($"{AttachSoon} {partition}_merchant", stop);
            built++;
        }

        return built;
    }

    /// <summary>Builds an index without stopping those that write to its table. A build that was interrupted has left an index that is not used: it is built again.</summary>
    /// <returns>False: it is there already.</returns>
    internal static async Task<bool> Build(NpgsqlConnection connection, string name, string on, CancellationToken stop)
    {
        var isSound = await connection.First(
            "select coalesce((select indisvalid from pg_index where indexrelid = to_regclass($1)), false) as is_sound", static row => row.Get<bool>("is_sound"), stop, name);
        if (isSound)
        {
            return false;
        }

        await connection.Execute($"drop index concurrently if exists {name}", stop);
        await new NpgsqlCommand($"create index concurrently {name} on {on}", connection) { CommandTimeout = SlowSeconds }.Execute(stop);
        return true;
    }
}
