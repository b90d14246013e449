using System.Reflection;
using DbUp;
using DbUp.Engine.Output;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Lakala.Grains.Storage;

/// <summary>The way to PostgreSQL: connections as the commit path needs them, and the numbered migrations.</summary>
public static class Database
{
    // One arbitrary number that every process of the project agrees on.
    private const long MigrationLock = 0x4C414B414C41;

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    public static NpgsqlDataSource Open(string connectionString, ILoggerFactory? logs = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            // A command that times out is not cancelled: cancelling a commit may report success for what was not stored.
            CancellationTimeout = -1,
            CommandTimeout = 10,
            Timeout = 5,
            MaxAutoPrepare = 64,
            ApplicationName = "lakala",
        };
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        if (logs is not null)
        {
            builder.UseLoggerFactory(logs);
        }

        return builder.Build();
    }

    /// <summary>
    /// The connections of the group-commit writers. Their statements reach every row through an index; plans made while
    /// the tables were small must not turn into scans of large ones, so the alternatives are off.
    /// </summary>
    public static NpgsqlDataSource OpenForCommits(string connectionString) => Open(new NpgsqlConnectionStringBuilder(connectionString)
    {
        Options = "-c synchronous_commit=on -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off "
            + "-c plan_cache_mode=force_generic_plan -c jit=off",
    }.ConnectionString);

    /// <summary>Waits for as long as it takes until the database answers, saying so in the log.</summary>
    public static async Task WaitUntilUp(NpgsqlDataSource database, TimeProvider time, ILogger log, CancellationToken stop)
    {
        for (var wait = FirstWait; ; wait = wait * 2 < LongestWait ? wait * 2 : LongestWait)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(stop);
                return;
            }
            catch (NpgsqlException fault)
            {
                log.LogWarning(
                    "PostgreSQL does not answer ({Reason}). Start it, or correct ConnectionStrings__Lakala. Trying again in {Wait} s.",
                    fault.InnerException?.Message ?? fault.Message,
                    wait.TotalSeconds);
                await Task.Delay(wait, time, stop);
            }
        }
    }

    /// <summary>Runs the migrations that this database has not seen; several silos may do so at once.</summary>
    public static async Task Migrate(NpgsqlDataSource database, string connectionString)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var take = new NpgsqlCommand("select pg_advisory_lock($1)", connection) { Parameters = { new() { Value = MigrationLock } } };
        await take.ExecuteNonQueryAsync();
        var result = DeployChanges.To
            .PostgresqlDatabase(connectionString)
            .WithScriptsEmbeddedInAssembly(Assembly.GetExecutingAssembly())
            .WithVariablesDisabled()
            .WithTransactionPerScript()
            .LogTo(new NoOpUpgradeLog())
            .Build()
            .PerformUpgrade();
        if (!result.Successful)
        {
            throw new InvalidOperationException($"Migration {result.ErrorScript?.Name} failed: {result.Error.Message}", result.Error);
        }

        await using var release = new NpgsqlCommand("select pg_advisory_unlock($1)", connection) { Parameters = { new() { Value = MigrationLock } } };
        await release.ExecuteNonQueryAsync();
    }
}
