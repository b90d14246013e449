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

    /// <returns>The connection string of a new, empty database.</returns>
    public Task<string> CreateDatabase() => _server.CreateDatabase("test_" + Guid.NewGuid().ToString("N"));

    public Task DropDatabase(string connectionString) =>
        _server.DropDatabase(new Npgsql.NpgsqlConnectionStringBuilder(connectionString).Database!);
}
