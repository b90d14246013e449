using System.Reflection;
using DbUp;
using DbUp.Engine.Output;
using DbUp.Postgresql;
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

    // To connect, to one host of perhaps several.
    private const int ConnectSeconds = 3;

    // How long a host counts as gone, or as a standby, before it is asked again.
    private const int HostRecheckSeconds = 2;

    // A commit that was cut short while it waited for the synchronous standby becomes visible, at the latest when the primary
    // has crashed and started again, although the standby may not have it. Nobody may be told of it before: this writes one
    // record, whose own wait ends when the standby has all that comes before it.
    private const string AwaitStandby = "select case when not pg_is_in_recovery() then pg_logical_emit_message(true, 'lakala', '') end";

    public static NpgsqlDataSource Open(string connectionString, ILoggerFactory? logs = null)
    {
        var settings = ToPrimary(connectionString);
        settings.MaxAutoPrepare = 64;
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UsePhysicalConnectionInitializer(
            connection =>
            {
                using var wait = new NpgsqlCommand(AwaitStandby, connection) { CommandTimeout = ConnectSeconds };
                wait.ExecuteNonQuery();
            },
            async connection =>
            {
                await using var wait = new NpgsqlCommand(AwaitStandby, connection) { CommandTimeout = ConnectSeconds };
                await wait.ExecuteNonQueryAsync();
            });
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
        // Another silo's migration takes as long as it takes, and so does this one's.
        take.CommandTimeout = 0;
        await take.ExecuteNonQueryAsync();
        var settings = ToPrimary(connectionString);
        settings.CommandTimeout = 0;
        await using var primary = new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
        var result = DeployChanges.To
            .PostgresqlDatabase(new PostgresqlConnectionManager(primary))
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

    // Of several hosts, only the one that takes commits: a standby's answers are old.
    private static NpgsqlConnectionStringBuilder ToPrimary(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            // A command that times out takes its connection with it: what the server says of it afterwards, nobody believes.
            CancellationTimeout = -1,
            CommandTimeout = 10,
            Timeout = ConnectSeconds,

            // A server that is gone without a word is noticed, also by those who wait without a bound.
            TcpKeepAlive = true,
            TcpKeepAliveTime = 10,
            TcpKeepAliveInterval = 5,
            HostRecheckSeconds = HostRecheckSeconds,
            ApplicationName = "lakala",
        };
        if (settings.Host?.Contains(',') == true)
        {
            settings.TargetSessionAttributes = "primary";
        }

        return settings;
    }
}
