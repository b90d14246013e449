using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>Query helpers for read models. Values are $1, $2 and so on; a value that may be null is cast in the SQL.</summary>
internal static class Queries
{
    public static async Task<IReadOnlyList<T>> List<T>(
        this NpgsqlDataSource database, string sql, Func<NpgsqlDataReader, T> read, CancellationToken stop, params object?[] values)
    {
        await using var command = database.Command(sql, values);
        await using var rows = await command.ExecuteReaderAsync(stop);
        var list = new List<T>();
        while (await rows.ReadAsync(stop))
        {
            list.Add(read(rows));
        }

        return list;
    }

    /// <returns>The first row; the default when there is none.</returns>
    public static async Task<T?> First<T>(
        this NpgsqlDataSource database, string sql, Func<NpgsqlDataReader, T> read, CancellationToken stop, params object?[] values)
    {
        await using var command = database.Command(sql, values);
        await using var rows = await command.ExecuteReaderAsync(stop);
        return await rows.ReadAsync(stop) ? read(rows) : default;
    }

    /// <returns>The number of changed rows.</returns>
    public static async Task<int> Execute(this NpgsqlDataSource database, string sql, CancellationToken stop, params object?[] values)
    {
        await using var command = database.Command(sql, values);
        return await command.ExecuteNonQueryAsync(stop);
    }

    /// <summary>
    /// Reads, and once more when the connection was lost: after a failover idle connections are broken without a sign, and the first that
    /// fails shows it for all. Only for statements that change nothing.
    /// </summary>
    public static async Task<T> ReadTwice<T>(this NpgsqlDataSource database, Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (NpgsqlException fault) when (fault.InnerException is IOException || fault is PostgresException { SqlState: PostgresErrorCodes.AdminShutdown })
        {
            database.Clear();
            return await read();
        }
    }

    private static NpgsqlCommand Command(this NpgsqlDataSource database, string sql, object?[] values)
    {
        var command = database.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }

        return command;
    }
}
