using Lakala.Local;

namespace Lakala.Testing;

/// <summary>
/// The PostgreSQL of a test project: the one that is configured, or a private cluster of the project's own that ends with the run. So
/// projects run beside each other.
/// </summary>
public sealed class TestPostgres : IAsyncLifetime
{
    private StateFolder _state = null!;
    private PostgresServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _state = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "test", AppDomain.CurrentDomain.FriendlyName));
        _server = await PostgresServer.Open(_state);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _state.Dispose();
    }

    /// <summary>From now on the times of commits are recorded, unless the server is not ours. Call before any database is open.</summary>
    /// <returns>False: it is not ours.</returns>
    public async Task<bool> KeepCommitTimes()
    {
        await (_server.Cluster?.KeepCommitTimes() ?? Task.CompletedTask);
        return _server.Cluster is not null;
    }

    /// <returns>The connection string of a new, empty database.</returns>
    public Task<string> CreateDatabase() => _server.CreateDatabase("test_" + Guid.NewGuid().ToString("N"));

    public Task DropDatabase(string connectionString) =>
        _server.DropDatabase(new Npgsql.NpgsqlConnectionStringBuilder(connectionString).Database!);
}
