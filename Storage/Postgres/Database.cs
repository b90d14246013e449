using System.Reflection;
using DbUp;
using DbUp.Engine.Output;
using DbUp.Postgresql;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>Makes the connections to PostgreSQL as the commit path needs them, and runs the numbered migrations.</summary>
public static class Database
{
    // Of ConnectSeconds each: about three minutes, for the first connection on a machine where many programs start at once.
    private const int ConnectTries = 60;

    // An arbitrary number, the same in every process of the project.
    private const long MigrationLock = 0x4C414B414C41;

    // No jitter: the log shows the pause, and a connection costs the server little.
    private static readonly Backoff Waits = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), Jitter: 0);

    // The time for which a migration, and all statements behind it, wait for a lock. The tries take about five minutes together.
    private const int LockMilliseconds = 1000;
    private const int MigrationTries = 30;
    private const string Migrator = "lakala-migration";
    private static readonly TimeSpan BlockerLook = TimeSpan.FromMilliseconds(250);

    // The time to connect to one of the hosts.
    private const int ConnectSeconds = 3;

    // Who stands still is ended before those who wait for it give up, and they before the time of a command is over.
    private const int StandStillSeconds = 5, WaitForRowSeconds = 8;

    // The time for which a host counts as unreachable, or as a standby, before it is asked again.
    private const int HostRecheckSeconds = 2;

    // How many statements a session keeps prepared. The writers prepare their own, and these are for what is asked beside them; with fewer
    // than all moves have together, each commit of a move would plan its statements anew.
    private const int WriterStatements = 8, MoveStatements = 128;

    // A commit whose wait for the synchronous standby was interrupted becomes visible, at the latest when the primary
    // has crashed and started again, although the standby may not have it. It must not be read before: this writes one
    // record, whose own wait ends when the standby has everything before it.
    private const string AwaitStandby = "select case when not pg_is_in_recovery() then pg_logical_emit_message(true, 'lakala', '') end";

    /// <summary>The key of the connections for HTTP requests: strangers may use them up, and no swipe waits for them.</summary>
    public const string Visitors = "visitors";

    /// <summary>The key of the connections of the group-commit writers, separate from those for reads.</summary>
    public const string Writers = "writers";

    /// <summary>
    /// The key of the connections for commits of several statements, such as a refund's. Many may wait for one merchant's balance, and no
    /// swipe waits for them.
    /// </summary>
    public const string Moves = "moves";

    /// <summary>The error code of a session that the server has ended because it stood still in a commit: idle_in_transaction_session_timeout.</summary>
    public const string StoodStill = "25P03";

    /// <param name="share">The share of the sessions that the connection string allows; the rest is for others.</param>
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
    public static NpgsqlDataSource OpenForCommits(string connectionString) => OpenForCommits(connectionString, share: 1, WriterStatements, bounds: "");

    /// <summary>
    /// The connections for commits of several statements. Between two of them the silo may be stopped or its line be dead, and
    /// what it has locked blocks others: then the server ends the session. And it ends a wait for a row before the driver does, which
    /// would drop the connection.
    /// </summary>
    /// <param name="share">As of <see cref="Open"/>.</param>
    public static NpgsqlDataSource OpenForMoves(string connectionString, double share = 1) => OpenForCommits(
        connectionString, share, MoveStatements, $"set idle_in_transaction_session_timeout = '{StandStillSeconds}s'; set lock_timeout = '{WaitForRowSeconds}s'; ");

    private static NpgsqlDataSource OpenForCommits(string connectionString, double share, int statements, string bounds)
    {
        var settings = ToPrimary(connectionString);
        settings.MaxPoolSize = Math.Max(1, (int)(settings.MaxPoolSize * share));
        settings.MaxAutoPrepare = statements;

        // Set in the session, for its whole life, because a pooler refuses or drops parameters of the start-up packet.
        return Build(
            settings,
            "set synchronous_commit = on; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; "
            + "set plan_cache_mode = force_generic_plan; set jit = off; " + bounds + AwaitStandby);
    }

    /// <summary>Waits without a bound until the database answers, and logs the wait.</summary>
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

    /// <summary>
    /// For programs that ask once: on a busy machine their first connection may take longer than one time-out of the driver. It stays open for
    /// what is asked next.
    /// </summary>
    public static async Task Reach(NpgsqlDataSource database)
    {
        await using var connection = await OpenPatiently(database);
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
                // The server is there, and has not got to it.
            }
        }
    }

    /// <summary>Runs the migrations that this database does not have; several silos may do so at once.</summary>
    /// <exception cref="InvalidOperationException">One fails, or does not get its locks, or the database is behind a pooler in transaction mode.</exception>
    public static async Task Migrate(NpgsqlDataSource database, string connectionString, ILogger? log = null)
    {
        await using var connection = await OpenPatiently(database);
        var settings = ToPrimary(connectionString);
        (settings.CommandTimeout, settings.ApplicationName) = (0, Migrator);
        await using var primary = Build(settings, $"set lock_timeout = {LockMilliseconds}");
        await RefusePooler(connection, primary);

        // The time of a migration, of this silo or another, has no bound.
        await using var alone = await AdvisoryLock.Take(connection, MigrationLock);
        await Upgrade(primary, database, TimeProvider.System, log ?? NullLogger.Instance);
    }

    /// <summary>The text of a database's fault for the log.</summary>
    internal static string Reason(Exception fault) => fault is PostgresException refused
        ? $"{refused.MessageText} ({refused.SqlState})"
        : fault.InnerException is { } cause ? Reason(cause) : fault.Message;

    // A change of a table waits for the sessions that use the table, and all later statements wait behind it: all swipes. So it waits
    // only a moment, lets them pass, and tries again.
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

    /// <returns>The sessions for which the migration waited, as they were last seen, as text.</returns>
    private static async Task<string> Blockers(NpgsqlDataSource database, TimeProvider time, CancellationToken over)
    {
        var seen = "a session that was gone at once";
        try
        {
            while (true)
            {
                await Task.Delay(BlockerLook, time, over);
                seen = await database.First(
                    $"""
                    select string_agg(case when blocker.pid = 0 then 'a prepared transaction' else format(
                      'process %s (%s, %s, its transaction is %s old)', blocker.pid, coalesce(nullif(s.application_name, ''), 'no application name'),
                      coalesce(s.state, 'state not shown to us'), coalesce(date_trunc('second', clock_timestamp() - s.xact_start)::text, '?')) end, '; ') as blockers
                    from pg_stat_activity m cross join lateral unnest(pg_blocking_pids(m.pid)) as blocker(pid)
                    left join pg_stat_activity s on s.pid = blocker.pid
                    where m.application_name = '{Migrator}' and m.datname = current_database() and m.wait_event_type = 'Lock'
                    """,
                    static row => row.GetOrNull<string>("blockers"),
                    over) ?? seen;
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

    // A pooler that shares sessions between transactions loses locks, settings and prepared statements: the first swipe passes, later ones fail.
    // Without such a pooler two open connections are two sessions, and each keeps its own.
    private static async Task RefusePooler(NpgsqlConnection one, NpgsqlDataSource primary)
    {
        await using var other = await primary.OpenConnectionAsync();
        var first = await Session(one);
        await using var transaction = await other.BeginTransactionAsync();
        var second = await Session(other);
        if (first == second || await Session(one) != first)
        {
            throw new InvalidOperationException(
                "A pooler deals out PostgreSQL's sessions by the transaction. Lakala needs sessions of its own: have ConnectionStrings__Lakala "
                + "name the database itself, or a pooler in session mode (PgBouncer: pool_mode = session).");
        }

        static Task<int> Session(NpgsqlConnection connection) =>
            connection.First("select pg_backend_pid() as session", static row => row.Get<int>("session"), CancellationToken.None);
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

    // Of several hosts, only the primary: a standby's data is older.
    private static NpgsqlConnectionStringBuilder ToPrimary(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            // After a timeout the connection is closed: its state is unknown.
            CancellationTimeout = -1,
            CommandTimeout = 10,
            Timeout = ConnectSeconds,

            // So that a server that is gone without a close is noticed, also by a wait without a bound.
            TcpKeepAlive = true,
            TcpKeepAliveTime = 10,
            TcpKeepAliveInterval = 5,
            HostRecheckSeconds = HostRecheckSeconds,

            // What is set in a session is for its whole life, and an advisory lock is given back by its holder. The reset is six more statements for each use.
            NoResetOnClose = true,
            ApplicationName = "lakala",
        };
        if (settings.Host?.Contains(',') == true)
        {
            settings.TargetSessionAttributes = "primary";
        }

        return settings;
    }
}
