using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>The data source of the writers, apart from the one that everybody else reads with.</summary>
public sealed class CommitConnections(NpgsqlDataSource database) : IAsyncDisposable
{
    public NpgsqlDataSource Database { get; } = database;

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
