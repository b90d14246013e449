using Lakala.Grains.Tests;
using Lakala.Local;

[assembly: AssemblyFixture(typeof(TestPostgres))]

namespace Lakala.Grains.Tests;

/// <summary>The run's PostgreSQL: the one that is configured, or a private cluster that ends with the run.</summary>
public sealed class TestPostgres : IAsyncLifetime
{
    private StateFolder _state = null!;
    private PostgresServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _state = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "test", "grains"));
        _server = await PostgresServer.Open(_state);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _state.Dispose();
    }

    /// <returns>The way to a new, empty database.</returns>
    public Task<string> CreateDatabase() => _server.CreateDatabase("test_" + Guid.NewGuid().ToString("N"));

    public Task DropDatabase(string connectionString) =>
        _server.DropDatabase(new Npgsql.NpgsqlConnectionStringBuilder(connectionString).Database!);
}
