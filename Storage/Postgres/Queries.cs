using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>A statement with its values, to be run together with others.</summary>
internal readonly record struct Statement(string Sql, params object?[] Values);

/// <summary>
/// Runs statements that are not those of the writers. Values are $1, $2 and so on; a value that may be null is cast in the SQL or given with
/// <see cref="Typed"/>. Columns are read by name.
/// </summary>
internal static class Queries
{
    public static Task<IReadOnlyList<T>> List<T>(
        this NpgsqlDataSource database, string sql, Func<NpgsqlDataReader, T> read, CancellationToken stop, params object?[] values) =>
        database.CreateCommand(sql).With(values).List(read, stop);

    public static Task<IReadOnlyList<T>> List<T>(
        this NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken stop, params object?[] values) =>
        new NpgsqlCommand(sql, connection).With(values).List(read, stop);

    /// <returns>The first row; the default when there is none.</returns>
    public static Task<T?> First<T>(
        this NpgsqlDataSource database, string sql, Func<NpgsqlDataReader, T> read, CancellationToken stop, params object?[] values) =>
        database.CreateCommand(sql).With(values).First(read, stop);

    /// <inheritdoc cref="First{T}(NpgsqlDataSource, string, Func{NpgsqlDataReader, T}, CancellationToken, object?[])"/>
    public static Task<T?> First<T>(
        this NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken stop, params object?[] values) =>
        new NpgsqlCommand(sql, connection).With(values).First(read, stop);

    /// <returns>The number of changed rows.</returns>
    public static Task<int> Execute(this NpgsqlDataSource database, string sql, CancellationToken stop, params object?[] values) =>
        database.CreateCommand(sql).With(values).Execute(stop);

    /// <inheritdoc cref="Execute(NpgsqlDataSource, string, CancellationToken, object?[])"/>
    public static Task<int> Execute(this NpgsqlConnection connection, string sql, CancellationToken stop, params object?[] values) =>
        new NpgsqlCommand(sql, connection).With(values).Execute(stop);

    /// <summary>Runs statements that do not need each other's answers in one round trip, in this order.</summary>
    public static async Task Execute(this NpgsqlConnection connection, params IEnumerable<Statement> statements)
    {
        await using var batch = connection.ToBatch(statements);
        await batch.ExecuteNonQueryAsync();
    }

    /// <summary>Statements for one round trip whose answers are read.</summary>
    public static NpgsqlBatch ToBatch(this NpgsqlConnection connection, IEnumerable<Statement> statements)
    {
        var batch = new NpgsqlBatch(connection);
        foreach (var (sql, values) in statements)
        {
            var command = new NpgsqlBatchCommand(sql);
            Fill(command.Parameters, values);
            batch.BatchCommands.Add(command);
        }

        return batch;
    }

    /// <summary>A value with its PostgreSQL type, also when it is null, so that one statement is prepared for both.</summary>
    public static NpgsqlParameter Typed<T>(T value) => new NpgsqlParameter<T> { TypedValue = value };

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

    /// <summary>Several statements in one commit.</summary>
    /// <remarks>Its fault may come after the commit was stored: look before it is done again.</remarks>
    public static async Task<T> Commit<T>(this NpgsqlDataSource database, Func<NpgsqlConnection, Task<T>> work)
    {
        // No cancellation token: a cancelled commit may report success although it was not stored.
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
        var result = await work(connection);
        await transaction.CommitAsync(CancellationToken.None);
        return result;
    }

    /// <summary>For a statement that needs more than the others, such as a longer time.</summary>
    public static NpgsqlCommand With(this NpgsqlCommand command, params object?[] values)
    {
        Fill(command.Parameters, values);
        return command;
    }

    private static void Fill(NpgsqlParameterCollection parameters, object?[] values)
    {
        foreach (var value in values)
        {
            parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value ?? DBNull.Value });
        }
    }

    public static async Task<IReadOnlyList<T>> List<T>(this NpgsqlCommand command, Func<NpgsqlDataReader, T> read, CancellationToken stop)
    {
        await using (command)
        {
            await using var rows = await command.ExecuteReaderAsync(stop);
            var list = new List<T>();
            while (await rows.ReadAsync(stop))
            {
                list.Add(read(rows));
            }

            return list;
        }
    }

    public static async Task<T?> First<T>(this NpgsqlCommand command, Func<NpgsqlDataReader, T> read, CancellationToken stop)
    {
        await using (command)
        {
            await using var rows = await command.ExecuteReaderAsync(stop);
            return await rows.ReadAsync(stop) ? read(rows) : default;
        }
    }

    public static async Task<int> Execute(this NpgsqlCommand command, CancellationToken stop)
    {
        await using (command)
        {
            return await command.ExecuteNonQueryAsync(stop);
        }
    }
}
