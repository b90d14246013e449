using Npgsql;

namespace Lakala.Grains.Tests;

/// <summary>The run's PostgreSQL.</summary>
public static class TestPostgres
{
    public static async Task<string> CreateDatabase()
    {
        var server = Environment.GetEnvironmentVariable("ConnectionStrings__Lakala")!;
        var name = "test_" + Guid.NewGuid().ToString("N");
        await using var database = NpgsqlDataSource.Create(server);
        await using var command = database.CreateCommand($"create database {name}");
        await command.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
    }
}
