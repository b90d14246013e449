using Lakala.Local;
using Lakala.Testing;
using Lakala.Wire.Files;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>A real PgBouncer with a given pool mode before the run's PostgreSQL.</summary>
public sealed class PgBouncer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/pgbouncer", ServerUser = "postgres";

    private static readonly TimeSpan StartBound = HangGuard.Bound;

    private readonly StateFolder _state;
    private readonly DirectoryInfo _settings;
    private ChildProcess? _process;

    private PgBouncer(StateFolder state, DirectoryInfo settings, string connectionString) =>
        (_state, _settings, ConnectionString) = (state, settings, connectionString);

    public string ConnectionString { get; }

    /// <param name="connectionString">The connection string of the database.</param>
    /// <param name="mode">session or transaction.</param>
    /// <param name="stop">Ends the start.</param>
    public static async Task<PgBouncer> Start(string connectionString, string mode, CancellationToken stop)
    {
        var port = FreePorts.Take(1)[0];
        var way = new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = port, SslMode = SslMode.Disable };
        var bouncer = new PgBouncer(
            await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "test", "pgbouncer")),
            Directory.CreateTempSubdirectory("lakala-pgbouncer-"),
            way.ConnectionString);
        try
        {
            await bouncer.Start(new NpgsqlConnectionStringBuilder(connectionString), port, mode, stop);
            return bouncer;
        }
        catch
        {
            await bouncer.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (_process?.DisposeAsync() ?? ValueTask.CompletedTask);
        _settings.Delete(recursive: true);
        _state.Dispose();
    }

    private async Task Start(NpgsqlConnectionStringBuilder server, int port, string mode, CancellationToken stop)
    {
        var (settings, users) = (Path.Combine(_settings.FullName, "pgbouncer.ini"), Path.Combine(_settings.FullName, "users.txt"));
        AtomicFile.Write(users, $"\"{server.Username}\" \"{server.Password}\"\n");
        AtomicFile.Write(
            settings,
            $"""
            [databases]
            * = host={server.Host} port={server.Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {users}
            pool_mode = {mode}
            default_pool_size = 50

            """);

        // It refuses to run as root.
        string[] asServer = [];
        if (Environment.IsPrivilegedProcess)
        {
            asServer = ["setpriv", "--reuid=" + ServerUser, "--regid=" + ServerUser, "--init-groups"];
            await Tool.RunOrFail(["chown", "-R", ServerUser + ":", _settings.FullName], cancel: stop);
        }

        _process = ChildProcess.Start(_state, "pgbouncer", [.. asServer, Program, settings]);
        await _process.WaitUntilReady(Missing, StartBound, stop);
    }

    private async Task<string?> Missing(CancellationToken stop)
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Timeout=2");
            await connection.OpenAsync(stop);
            return null;
        }
        catch (NpgsqlException fault)
        {
            return fault.Message;
        }
    }
}
