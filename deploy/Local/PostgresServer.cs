using Npgsql;

namespace Lakala.Local;

/// <summary>The PostgreSQL of an instance: the one that <c>ConnectionStrings__Lakala</c> names, otherwise a private cluster.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly string _administration;

    private PostgresServer(string administration, string ownDatabase, PrivatePostgres? cluster) =>
        (_administration, OwnDatabase, Cluster) = (administration, ownDatabase, cluster);

    /// <summary>The private cluster; null when <c>ConnectionStrings__Lakala</c> names the server.</summary>
    public PrivatePostgres? Cluster { get; }

    /// <summary>The database of the instance itself.</summary>
    public string OwnDatabase { get; }

    public static async Task<PostgresServer> Open(StateFolder state, CancellationToken cancel = default)
    {
        if (Environment.GetEnvironmentVariable("ConnectionStrings__Lakala") is { Length: > 0 } given)
        {
            var name = new NpgsqlConnectionStringBuilder(given).Database
                ?? throw new SetupException("ConnectionStrings__Lakala names no database: add Database=...");
            return new PostgresServer(given, name, null);
        }

        var cluster = await PrivatePostgres.Start(state, cancel);
        return new PostgresServer(cluster.ConnectionString, "lakala", cluster);
    }

    public string ConnectionString(string database) =>
        new NpgsqlConnectionStringBuilder(_administration) { Database = database }.ConnectionString;

    /// <summary>Makes a database unless it exists.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabase(string name, CancellationToken cancel = default)
    {
        await using var server = NpgsqlDataSource.Create(_administration + ";Pooling=false");
        await using var exists = server.CreateCommand("SELECT 1 FROM pg_database WHERE datname = $1");
        exists.Parameters.Add(new() { Value = name });
        if (await exists.ExecuteScalarAsync(cancel) is null)
        {
            await Execute(server, $"CREATE DATABASE {Quoted(name)}", cancel);
        }

        return ConnectionString(name);
    }

    public async Task DropDatabase(string name, CancellationToken cancel = default)
    {
        await using var server = NpgsqlDataSource.Create(_administration + ";Pooling=false");
        await Execute(server, $"DROP DATABASE IF EXISTS {Quoted(name)} WITH (FORCE)", cancel);
    }

    public async ValueTask DisposeAsync()
    {
        if (Cluster is not null)
        {
            await Cluster.DisposeAsync();
        }
    }

    private static string Quoted(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    private static async Task Execute(NpgsqlDataSource server, string statement, CancellationToken cancel)
    {
        await using var command = server.CreateCommand(statement);
        await command.ExecuteNonQueryAsync(cancel);
    }
}
