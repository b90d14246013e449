using System.Globalization;
using System.Security.Cryptography;
using Lakala.Wire.Files;
using Npgsql;

namespace Lakala.Local;

/// <summary>
/// A private PostgreSQL cluster inside a state folder: on a loopback port that it keeps, with a random password in an
/// owner-only file.
/// </summary>
/// <remarks>
/// PostgreSQL refuses to run as root. Root therefore runs it as the user <c>postgres</c>, who owns the cluster's folder; when that
/// user cannot reach the folder (below <c>/root</c>, say), the server gets the one capability that lets it pass, CAP_DAC_OVERRIDE.
/// </remarks>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private const string User = "lakala", ServerUser = "postgres";

    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(3);

    // Durable, and no text or parameter of a statement reaches the log.
    private static readonly string[] Settings =
    [
        "-c", "listen_addresses=127.0.0.1",
        "-c", "unix_socket_directories=",
        "-c", "shared_buffers=1GB",
        "-c", "max_wal_size=4GB",
        "-c", "checkpoint_timeout=15min",
        "-c", "max_connections=400",
        "-c", "fsync=on",
        "-c", "synchronous_commit=on",
        "-c", "jit=off",
        "-c", "timezone=UTC",
        "-c", "log_timezone=UTC",
        "-c", "log_min_error_statement=panic",
        "-c", "log_parameter_max_length=0",
        "-c", "log_parameter_max_length_on_error=0",
    ];

    private readonly StateFolder _state;
    private readonly string _folder;
    private readonly string _binaries;
    private readonly string[] _asServer;
    private readonly int _port;
    private ChildProcess? _server;

    private PrivatePostgres(StateFolder state, string folder, string binaries, string[] asServer, int port, string password)
    {
        (_state, _folder, _binaries, _asServer, _port) = (state, folder, binaries, asServer, port);
        ConnectionString = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = User,
            Password = password,
            Database = "postgres",
        }.ConnectionString;
    }

    /// <summary>The connection string of the cluster's database <c>postgres</c>, as superuser.</summary>
    public string ConnectionString { get; }

    /// <summary>The cluster's data folder, with its write-ahead log in <c>pg_wal</c>.</summary>
    public string Data => Path.Combine(_folder, "data");

    /// <summary>The id of the running server's process; its sessions are the children of this process.</summary>
    public int Process => int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    /// <summary>Makes the cluster if there is none, and starts it.</summary>
    /// <exception cref="SetupException">PostgreSQL is missing or does not start; the message says what to do.</exception>
    public static async Task<PrivatePostgres> Start(StateFolder state, CancellationToken cancel = default)
    {
        var binaries = await PostgresBinaries.Find(cancel);
        var folder = state.Folder("postgres");
        var asServer = await ServerUserPrefix(folder, cancel);
        var port = ChoosePort(Path.Combine(folder, "port"));
        var password = await Initialise(folder, binaries, asServer, cancel);
        var postgres = new PrivatePostgres(state, folder, binaries, asServer, port, password);
        try
        {
            await postgres.Start(cancel);
            return postgres;
        }
        catch
        {
            // Nobody else could end it.
            await postgres.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Makes a standby that streams from <paramref name="primary"/>, in its own state folder, and starts it. Commits wait for
    /// it only after the primary's <c>synchronous_standby_names</c> names it.
    /// </summary>
    public static async Task<PrivatePostgres> StartStandby(StateFolder state, PrivatePostgres primary, CancellationToken cancel = default)
    {
        var binaries = await PostgresBinaries.Find(cancel);
        var folder = state.Folder("postgres");
        var asServer = await ServerUserPrefix(folder, cancel);
        var port = ChoosePort(Path.Combine(folder, "port"));
        var source = new NpgsqlConnectionStringBuilder(primary.ConnectionString);
        await WritePassword(folder, asServer, source.Password!, cancel);
        await Tool.RunOrFail(
            [.. asServer, Path.Combine(binaries, "pg_basebackup"), "-D", Path.Combine(folder, "data"), "-h", source.Host!,
                "-p", source.Port.ToString(CultureInfo.InvariantCulture), "-U", User, "-X", "stream", "-c", "fast", "-R", "--no-password"],
            new Dictionary<string, string> { ["PGPASSWORD"] = source.Password! },
            cancel: cancel);
        var standby = new PrivatePostgres(state, folder, binaries, asServer, port, source.Password!);
        await standby.Start(cancel);
        return standby;
    }

    /// <summary>Starts the server again after <see cref="Stop"/> or <see cref="Crash"/>, on the same port.</summary>
    public async Task Start(CancellationToken cancel = default)
    {
        var port = _port.ToString(CultureInfo.InvariantCulture);
        string[] command = [.. _asServer, Path.Combine(_binaries, "postgres"), "-D", Data, "-p", port, .. Settings];
        _server = ChildProcess.Start(_state, "postgres", command, stopSignal: ProcessRecord.Interrupt);
        await _server.WaitUntilReady(Missing, StartBound, cancel);
    }

    /// <summary>Fast shutdown: connections are cut, commits are kept.</summary>
    public async Task Stop()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
            _server = null;
        }
    }

    /// <summary>From now on the server records the time of each commit. It is started again for it, which cuts all connections.</summary>
    public async Task KeepCommitTimes(CancellationToken cancel = default)
    {
        await using (var server = NpgsqlDataSource.Create(ConnectionString + ";Pooling=false"))
        await using (var command = server.CreateCommand("alter system set track_commit_timestamp = on"))
        {
            await command.ExecuteNonQueryAsync(cancel);
        }

        await Stop();
        await Start(cancel);
    }

    /// <summary>Ends the server as a crash does: no answer and no write follows, and the next start recovers.</summary>
    public async Task Crash()
    {
        if (_server is not null)
        {
            _server.Signal(ProcessRecord.Quit);
            await _server.Ended(CancellationToken.None);
            await Stop();
        }
    }

    public async ValueTask DisposeAsync() => await Stop();

    private static int ChoosePort(string file)
    {
        if (File.Exists(file)
            && int.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out var kept)
            && FreePorts.IsFree(kept))
        {
            return kept;
        }

        var port = FreePorts.Take(1)[0];
        File.WriteAllText(file, port.ToString(CultureInfo.InvariantCulture));
        return port;
    }

    private static async Task<string[]> ServerUserPrefix(string folder, CancellationToken cancel)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return [];
        }

        string[] asUser = ["setpriv", "--reuid=" + ServerUser, "--regid=" + ServerUser, "--init-groups"];
        string[] reaching = [.. asUser, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"];
        await Tool.RunOrFail(["chown", ServerUser + ":", folder], cancel: cancel);
        foreach (var prefix in new[] { asUser, reaching })
        {
            if ((await Tool.Run([.. prefix, "stat", Path.Combine(folder, ".")], cancel: cancel)).ExitCode == 0)
            {
                return prefix;
            }
        }

        throw new SetupException(
            $"the user {ServerUser}, as whom PostgreSQL must run, cannot reach {folder}: "
            + "set LAKALA_HOME to a folder that it can, such as /var/lib/lakala");
    }

    /// <returns>The superuser's password.</returns>
    private static async Task<string> Initialise(string folder, string binaries, string[] asServer, CancellationToken cancel)
    {
        var data = Path.Combine(folder, "data");
        var passwordFile = Path.Combine(folder, "password");
        if (File.Exists(Path.Combine(data, "initialised")))
        {
            ForgetDeadServer(data);
            return (await File.ReadAllTextAsync(passwordFile, cancel)).Trim();
        }

        // A crash in the middle of initdb leaves an incomplete cluster without data.
        if (Directory.Exists(data))
        {
            Directory.Delete(data, recursive: true);
        }

        var password = RandomNumberGenerator.GetHexString(48, lowercase: true);
        await WritePassword(folder, asServer, password, cancel);
        await Tool.RunOrFail(
            [.. asServer, Path.Combine(binaries, "initdb"), "-D", data, "-U", User, "--pwfile", passwordFile, "-A", "scram-sha-256",
                "-E", "UTF8", "--locale=C.UTF-8"],
            cancel: cancel);
        await File.WriteAllTextAsync(Path.Combine(data, "initialised"), "", cancel);
        return password;
    }

    private static async Task WritePassword(string folder, string[] asServer, string password, CancellationToken cancel)
    {
        var file = Path.Combine(folder, "password");
        AtomicFile.Write(file, password + "\n");
        if (asServer.Length > 0)
        {
            await Tool.RunOrFail(["chown", ServerUser + ":", file], cancel: cancel);
        }
    }

    // After a crash, postmaster.pid may name the id of an unrelated process, and the server would refuse to start.
    private static void ForgetDeadServer(string data)
    {
        var file = Path.Combine(data, "postmaster.pid");
        if (!File.Exists(file))
        {
            return;
        }

        var program = $"/proc/{File.ReadLines(file).FirstOrDefault()}/comm";
        if (!File.Exists(program) || File.ReadAllText(program).Trim() != "postgres")
        {
            File.Delete(file);
        }
    }

    private async Task<string?> Missing(CancellationToken cancel)
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Timeout=2");
            await connection.OpenAsync(cancel);
            return null;
        }
        catch (NpgsqlException fault)
        {
            return fault.Message;
        }
    }
}
