using System.Reflection;
using DbUp;
using DbUp.Engine.Output;
using DbUp.Postgresql;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>The way to PostgreSQL: connections as the commit path needs them, and the numbered migrations.</summary>
public static class Database
{
    private const int ConnectTries = 3;

    // One arbitrary number that every process of the project agrees on.
    private const long MigrationLock = 0x4C414B414C41;

    // No jitter: the log says how long it waits, and connecting costs the server little.
    private static readonly Backoff Waits = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), Jitter: 0);

    // How long a migration waits for a lock, and everybody else behind it. Some five minutes of tries in all.
    private const int LockMilliseconds = 1000;
    private const int MigrationTries = 30;
    private const string Migrator = "lakala-migration";
    private static readonly TimeSpan BlockerLook = TimeSpan.FromMilliseconds(250);

    // To connect, to one host of perhaps several.
    private const int ConnectSeconds = 3;

    // How long a host counts as gone, or as a standby, before it is asked again.
    private const int HostRecheckSeconds = 2;

    // A commit that was cut short while it waited for the synchronous standby becomes visible, at the latest when the primary
    // has crashed and started again, although the standby may not have it. Nobody may be told of it before: this writes one
    // record, whose own wait ends when the standby has all that comes before it.
    private const string AwaitStandby = "select case when not pg_is_in_recovery() then pg_logical_emit_message(true, 'lakala', '') end";

    /// <summary>The key of the connections that serve whoever comes over HTTP: strangers may use them up, and no swipe waits for one.</summary>
    public const string Visitors = "visitors";

    /// <summary>The key of the connections of the group-commit writers, apart from those that everybody else reads with.</summary>
    public const string Writers = "writers";

    /// <param name="share">Of the sessions that the connection string allows; the rest is for others.</param>
    public static NpgsqlDataSource Open(string connectionString, ILoggerFactory? logs = null, double share = 1)
    {
        var settings = ToPrimary(connectionString);
        settings.MaxAutoPrepare = 64;
        settings.MaxPoolSize = Math.Max(1, (int)(settings.MaxPoolSize * share));
        return Build(settings, AwaitStandby, logs);
    }

    /// <summary>
    /// The connections of the group-commit writers. Their statements reach every row through an index; plans made while
    /// the tables were small must not turn into scans of large ones, so the alternatives are off.
    /// </summary>
    public static NpgsqlDataSource OpenForCommits(string connectionString)
    {
        var settings = ToPrimary(connectionString);

        // Said in the session, since a pooler in between refuses or drops what is said at its start; and for its whole life.
        settings.NoResetOnClose = true;
        return Build(
            settings,
            "set synchronous_commit = on; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; "
            + "set plan_cache_mode = force_generic_plan; set jit = off; " + AwaitStandby);
    }

    /// <summary>Waits for as long as it takes until the database answers, saying so in the log.</summary>
    public static async Task WaitUntilUp(NpgsqlDataSource database, TimeProvider time, ILogger log, CancellationToken stop)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(stop);
                return;
            }
            catch (NpgsqlException fault)
            {
                var wait = Waits.PauseAfter(tries, random: 0);
                log.LogWarning(
                    "PostgreSQL does not answer ({Reason}). Start it, or correct ConnectionStrings__Lakala. Trying again in {Wait} s.",
                    Reason(fault),
                    wait.TotalSeconds);
                await Task.Delay(wait, time, stop);
            }
        }
    }

    private static async Task<NpgsqlConnection> OpenPatiently(NpgsqlDataSource database)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await database.OpenConnectionAsync();
            }
            catch (NpgsqlException fault) when (fault.InnerException is TimeoutException && tries < ConnectTries)
            {
                // A busy machine may need longer for a first connection than one timeout of the driver.
            }
        }
    }

    /// <summary>Runs the migrations that this database has not seen; several silos may do so at once.</summary>
    /// <exception cref="InvalidOperationException">One fails, or does not get its locks, or a pooler stands before the database.</exception>
    public static async Task Migrate(NpgsqlDataSource database, string connectionString, ILogger? log = null)
    {
        await using var connection = await OpenPatiently(database);
        var settings = ToPrimary(connectionString);
        (settings.CommandTimeout, settings.NoResetOnClose, settings.ApplicationName) = (0, true, Migrator);
        await using var primary = Build(settings, $"set lock_timeout = {LockMilliseconds}");
        await RefusePooler(connection, primary);

        await using var take = new NpgsqlCommand("select pg_advisory_lock($1)", connection) { Parameters = { new() { Value = MigrationLock } } };
        // Another silo's migration takes as long as it takes, and so does this one's.
        take.CommandTimeout = 0;
        await take.ExecuteNonQueryAsync();
        await Upgrade(primary, database, TimeProvider.System, log ?? NullLogger.Instance);
        await using var release = new NpgsqlCommand("select pg_advisory_unlock($1)", connection) { Parameters = { new() { Value = MigrationLock } } };
        await release.ExecuteNonQueryAsync();
    }

    /// <summary>A database's fault in words for the log.</summary>
    internal static string Reason(Exception fault) => fault is PostgresException refused
        ? $"{refused.MessageText} ({refused.SqlState})"
        : fault.InnerException is { } cause ? Reason(cause) : fault.Message;

    // A table's change waits for whoever uses the table, and everybody who comes later waits behind it: all swipes. So it waits
    // for a moment only, lets them pass, and tries again.
    private static async Task Upgrade(NpgsqlDataSource primary, NpgsqlDataSource database, TimeProvider time, ILogger log)
    {
        for (var tries = 1; ; tries++)
        {
            using var over = new CancellationTokenSource();
            var watch = Blockers(database, time, over.Token);
            var result = await Task.Run(DeployChanges.To
                .PostgresqlDatabase(new PostgresqlConnectionManager(primary))
                .WithScriptsEmbeddedInAssembly(Assembly.GetExecutingAssembly())
                .WithVariablesDisabled()
                .WithTransactionPerScript()
                .LogTo(new NoOpUpgradeLog())
                .Build()
                .PerformUpgrade);
            await over.CancelAsync();
            var blockers = await watch;
            if (result.Successful)
            {
                return;
            }

            var told = $"Migration {result.ErrorScript?.Name} failed: {result.Error.Message}";
            if (result.Error is not PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected })
            {
                throw new InvalidOperationException(told, result.Error);
            }

            if (tries == MigrationTries)
            {
                throw new InvalidOperationException($"{told}. It was tried {tries} times; it is blocked by {blockers}. End that session, and start again.", result.Error);
            }

            var pause = Waits.PauseAfter(tries - 1, random: 0);
            log.LogWarning(
                "Migration {Script} waits: its table is in use, by {Blockers}. It steps back, so that swipes go on, and tries again in {Pause} s.",
                result.ErrorScript?.Name,
                blockers,
                pause.TotalSeconds);
            await Task.Delay(pause, time);
        }
    }

    /// <returns>The sessions that the migration waits for, as they were last seen, in words.</returns>
    private static async Task<string> Blockers(NpgsqlDataSource database, TimeProvider time, CancellationToken over)
    {
        var seen = "a session that was gone at once";
        try
        {
            while (true)
            {
                await Task.Delay(BlockerLook, time, over);
                await using var command = database.CreateCommand(
                    $"""
                    select string_agg(case when blocker.pid = 0 then 'a prepared transaction' else format(
                      'process %s (%s, %s, its transaction is %s old)', blocker.pid, coalesce(nullif(s.application_name, ''), 'no application name'),
                      coalesce(s.state, 'state not shown to us'), coalesce(date_trunc('second', clock_timestamp() - s.xact_start)::text, '?')) end, '; ')
                    from pg_stat_activity m cross join lateral unnest(pg_blocking_pids(m.pid)) as blocker(pid)
                    left join pg_stat_activity s on s.pid = blocker.pid
                    where m.application_name = '{Migrator}' and m.datname = current_database() and m.wait_event_type = 'Lock'
                    """);
                seen = await command.ExecuteScalarAsync(over) as string ?? seen;
            }
        }
        catch (OperationCanceledException)
        {
            return seen;
        }
        catch (NpgsqlException fault)
        {
            return $"a session that cannot be looked up ({Reason(fault)})";
        }
    }

    // Who shares sessions between transactions loses locks, settings and prepared statements: first swipes pass, then none.
    // Two connections that are open at once are two sessions, and each keeps its own, or somebody deals them out.
    private static async Task RefusePooler(NpgsqlConnection one, NpgsqlDataSource primary)
    {
        await using var other = await primary.OpenConnectionAsync();
        var first = await Session(one, null);
        await using var transaction = await other.BeginTransactionAsync();
        var second = await Session(other, transaction);
        if (first == second || await Session(one, null) != first)
        {
            throw new InvalidOperationException(
                "A pooler deals out PostgreSQL's sessions by the transaction. Lakala needs sessions of its own: have ConnectionStrings__Lakala "
                + "name the database itself, or a pooler in session mode (PgBouncer: pool_mode = session).");
        }

        static async Task<int> Session(NpgsqlConnection connection, NpgsqlTransaction? transaction)
        {
            await using var command = new NpgsqlCommand("select pg_backend_pid()", connection, transaction);
            return (int)(await command.ExecuteScalarAsync())!;
        }
    }

    private static NpgsqlDataSource Build(NpgsqlConnectionStringBuilder settings, string first, ILoggerFactory? logs = null)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UsePhysicalConnectionInitializer(
            connection =>
            {
                using var command = new NpgsqlCommand(first, connection) { CommandTimeout = ConnectSeconds };
                command.ExecuteNonQuery();
            },
            async connection =>
            {
                await using var command = new NpgsqlCommand(first, connection) { CommandTimeout = ConnectSeconds };
                await command.ExecuteNonQueryAsync();
            });
        if (logs is not null)
        {
            builder.UseLoggerFactory(logs);
        }

        return builder.Build();
    }

    // Of several hosts, only the one that takes commits: a standby's answers are old.
    private static NpgsqlConnectionStringBuilder ToPrimary(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            // After a timeout the connection is closed: its state is unknown.
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
