using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace Lakala.Local;

/// <summary>What an instance is made of. Ports of 0 are free ones.</summary>
public sealed record LocalNetworkOptions
{
    public int HttpPort { get; init; }

    public int TerminalPort { get; init; }

    /// <summary>Terminals beside the spare one that no client of ours uses. At least 1.</summary>
    public int Terminals { get; init; } = 2;

    /// <summary>Bills that are made at provisioning, in bulk.</summary>
    public int Bills { get; init; }

    /// <summary>A database of its own on the server, dropped at the end, for a run that leaves nothing behind.</summary>
    public bool ThrowawayDatabase { get; init; }

    /// <summary>Whether the bank's book is written through to disk.</summary>
    public bool BankFsync { get; init; } = true;

    /// <summary>More configuration of the silo, as environment variables.</summary>
    public IReadOnlyDictionary<string, string> Silo { get; init; } = new Dictionary<string, string>();

    /// <summary>Hears each step of the start.</summary>
    public Action<string> Progress { get; init; } = _ => { };
}

/// <summary>
/// A whole instance on this machine as real processes: PostgreSQL, the bank's stand-in, the silo, and the folders of the store's
/// terminals. Disposing ends them in the opposite order; what they stored stays in the state folder.
/// </summary>
public sealed class LocalNetwork : IAsyncDisposable
{
    private const string Loopback = "127.0.0.1", Merchant = "demo-shop", Store = "STORE0000000001";

    /// <summary>
    /// Short-lived memory of 96 MiB before a collection: with the runtime's own choice a loaded silo collects several times a
    /// second. It can only be set from outside the program.
    /// </summary>
    public static readonly KeyValuePair<string, string> RoomyYoungGeneration = new("DOTNET_GCgen0size", "0x6000000");

    private static readonly TimeSpan StartBound = TimeSpan.FromSeconds(60);

    private readonly StateFolder _state;
    private readonly LocalNetworkOptions _options;
    private readonly HttpClient _http = new();
    private readonly int _httpPort, _terminalPort, _managementPort, _bankPort, _bankHttpPort, _clusterPort, _clusterGatewayPort;
    private readonly string _zoneMasterKeyFile, _keyEncryptionKeyFile;
    private LocalCertificates? _certificates;
    private string? _database, _connectionString;
    private Seed? _seed;
    private IReadOnlyList<TestCard> _cards = [];

    private LocalNetwork(StateFolder state, LocalNetworkOptions options)
    {
        (_state, _options) = (state, options);
        var free = FreePorts.Take(7);
        _httpPort = Chosen(options.HttpPort, free[0], "LAKALA_HTTP_PORT");
        _terminalPort = Chosen(options.TerminalPort, free[1], "LAKALA_TERMINAL_PORT");
        (_managementPort, _bankPort, _bankHttpPort, _clusterPort, _clusterGatewayPort) = (free[2], free[3], free[4], free[5], free[6]);
        Secrets = state.Folder("silo");
        _zoneMasterKeyFile = Path.Combine(Secrets, "zone-master.key");
        _keyEncryptionKeyFile = Path.Combine(Secrets, "key-encryption.key");
    }

    public string Home => _state.Root;

    /// <summary>The folder of the owner-only secret files of the silo, with the authority's certificate.</summary>
    public string Secrets { get; }

    public Uri Http => new($"http://{Loopback}:{_httpPort}");

    public Uri Management => new($"http://{Loopback}:{_managementPort}");

    /// <summary>The bank's book and faults.</summary>
    public Uri BankHttp => new($"http://{Loopback}:{_bankHttpPort}");

    public TerminalAddress Terminal => new(Loopback, _terminalPort, _certificates!.Authority);

    public Seed Seed => _seed!;

    /// <summary>The terminal that no program of ours uses: for the terminals of others.</summary>
    public SeededTerminal SpareTerminal => Seed.Terminals[^1];

    public IReadOnlyList<TestCard> Cards => _cards;

    public PostgresServer Postgres { get => field!; private set; }

    public string ConnectionString => _connectionString!;

    public ChildProcess Bank { get => field!; private set; }

    public ChildProcess Silo { get => field!; private set; }

    /// <summary>Brings everything up in a state folder; returns when the silo is healthy. The folder is given back on disposal.</summary>
    /// <exception cref="SetupException">Something does not start; says what and why.</exception>
    public static async Task<LocalNetwork> Start(StateFolder state, LocalNetworkOptions options, CancellationToken cancel = default)
    {
        LocalNetwork? network = null;
        try
        {
            network = new LocalNetwork(state, options);
            await network.Start(cancel);
            return network;
        }
        catch
        {
            await (network?.DisposeAsync() ?? ValueTask.CompletedTask);
            state.Dispose();
            throw;
        }
    }

    public async Task StartBank(CancellationToken cancel = default)
    {
        Bank = ChildProcess.Start(_state, "bank", [Repository.Program("BankHost")], new Dictionary<string, string>
        {
            ["Bank__Port"] = Text(_bankPort),
            ["Bank__HttpPort"] = Text(_bankHttpPort),
            ["Bank__Folder"] = _state.Folder("bank"),
            ["Bank__ZoneMasterKeyFile"] = _zoneMasterKeyFile,
            ["Bank__Fsync"] = _options.BankFsync ? "true" : "false",
            [RoomyYoungGeneration.Key] = RoomyYoungGeneration.Value,
        });
        await Bank.WaitUntilHealthy(_http, new Uri(BankHttp, "/healthz"), StartBound, cancel);
    }

    public async Task StartSilo(CancellationToken cancel = default)
    {
        StartSiloWithoutWaiting();
        await Silo.WaitUntilHealthy(_http, new Uri(Http, "/healthz"), StartBound, cancel);
    }

    public void StartSiloWithoutWaiting() =>
        Silo = ChildProcess.Start(_state, "silo", [Repository.Program("Silo")], SiloEnvironment());

    /// <summary>The silo's verb <c>books</c>: the trial balance, and exit code 1 when it does not balance.</summary>
    public Task<CommandResult> Books(CancellationToken cancel = default) =>
        Command.Run([Repository.Program("Silo"), "books"], SiloEnvironment(), cancel: cancel);

    /// <summary>The store's terminal program, run once as a process of its own.</summary>
    public Task<CommandResult> RunTerminal(IReadOnlyList<string> arguments, string? input = null, CancellationToken cancel = default) =>
        Command.Run(
            [Repository.Program("Terminal.Client"), .. arguments],
            new Dictionary<string, string> { ["LAKALA_HOME"] = Home },
            input,
            cancel: cancel);

    /// <summary>How a stranger reaches this instance, with a bill to pay.</summary>
    public UpFile Describe(string bill) => new(
        Http, Terminal, ConnectionString, new Uri(BankHttp, "/book"), Seed.ApiKey, bill, Cards, SpareTerminal);

    public async ValueTask DisposeAsync()
    {
        await (Silo?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (Bank?.DisposeAsync() ?? ValueTask.CompletedTask);
        if (Postgres is not null)
        {
            if (_options.ThrowawayDatabase && _database is not null)
            {
                await Postgres.DropDatabase(_database);
            }

            await Postgres.DisposeAsync();
        }

        _http.Dispose();
        _state.Dispose();
    }

    private async Task Start(CancellationToken cancel)
    {
        _options.Progress("PostgreSQL");
        Postgres = await PostgresServer.Open(_state, cancel);
        _database = _options.ThrowawayDatabase ? "lakala_" + RandomNumberGenerator.GetHexString(12, lowercase: true) : Postgres.OwnDatabase;
        _connectionString = await Postgres.CreateDatabase(_database, cancel);
        _certificates = await LocalCertificates.Ensure(Secrets, TimeProvider.System);
        await EnsureKey(_zoneMasterKeyFile);
        await EnsureKey(_keyEncryptionKeyFile);
        _options.Progress("the bank");
        await StartBank(cancel);
        _cards = await LocalFiles.ReadCards(Path.Combine(_state.Folder("bank"), "cards.json"));
        _options.Progress("the merchant, the store and its terminals");
        await Provision(cancel);
        _options.Progress("the silo");
        await StartSilo(cancel);
    }

    private async Task Provision(CancellationToken cancel)
    {
        var seedFile = _state.At("seed.json");
        var database = Postgres.Cluster is null ? DatabaseName(ConnectionString) : "private";
        _seed = await LocalFiles.Read<Seed>(seedFile);
        if (_seed?.Database == database)
        {
            await Command.RunOrFail([Repository.Program("Silo"), "migrate"], SiloEnvironment(), cancel: cancel);
        }
        else
        {
            var answer = await Command.RunOrFail(
                [Repository.Program("Silo"), "provision"], SiloEnvironment(), LocalFiles.Serialise(Order()), cancel);
            _seed = LocalFiles.Parse<Seed>(answer) with { Database = database };
            await LocalFiles.Write(seedFile, _seed);
        }

        foreach (var terminal in _seed.Terminals.SkipLast(1))
        {
            await WriteTerminal(terminal);
        }
    }

    private object Order() => new
    {
        Merchant = new { Id = Merchant, Name = "Demo Shop", FeeBasisPoints = 60 },
        Store = new { Id = Store, Name = "Corner Store 1", CommissionPercent = 20 },
        Terminals = Enumerable.Range(1, _options.Terminals).Select(number => $"T{number:0000000}").Append("T9999999"),
        Bills = new { Count = _options.Bills, Amount = 1000 },
    };

    private async Task WriteTerminal(SeededTerminal terminal)
    {
        var folder = _state.Folder(Path.Combine("terminals", terminal.Id));
        await SecretFile.Write(Path.Combine(folder, "master.key"), terminal.MasterKey + "\n");
        await LocalFiles.Write(
            Path.Combine(folder, "terminal.json"),
            new { Terminal.Host, Terminal.Port, Terminal.Ca, Terminal = terminal.Id, terminal.Store, Language = "en" });
    }

    private Dictionary<string, string> SiloEnvironment()
    {
        var environment = new Dictionary<string, string>
        {
            ["ConnectionStrings__Lakala"] = ConnectionString,
            ["Http__Port"] = Text(_httpPort),
            ["Http__PublicUrl"] = Http.GetLeftPart(UriPartial.Authority),
            ["Management__Port"] = Text(_managementPort),
            ["TerminalGateway__Port"] = Text(_terminalPort),
            ["TerminalGateway__Certificate"] = _certificates!.Certificate,
            ["TerminalGateway__CertificateKey"] = _certificates.CertificateKey,
            ["BankLink__Host"] = Loopback,
            ["BankLink__Port"] = Text(_bankPort),
            ["BankLink__ZoneMasterKeyFile"] = _zoneMasterKeyFile,
            ["Keys__KeyEncryptionKeyFile"] = _keyEncryptionKeyFile,
            ["Notices__AllowPrivateAddresses"] = "true",
            ["Cluster__SiloPort"] = Text(_clusterPort),
            ["Cluster__GatewayPort"] = Text(_clusterGatewayPort),
            [RoomyYoungGeneration.Key] = RoomyYoungGeneration.Value,
        };
        foreach (var (key, value) in _options.Silo)
        {
            environment[key] = value;
        }

        return environment;
    }

    private static string DatabaseName(string connectionString)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        return $"{parts.Host}:{parts.Port}/{parts.Database}";
    }

    private static async Task EnsureKey(string file)
    {
        if (!File.Exists(file))
        {
            await SecretFile.Write(file, RandomNumberGenerator.GetHexString(64, lowercase: true) + "\n");
        }
    }

    private static int Chosen(int wanted, int free, string variable) =>
        wanted == 0 ? free
        : FreePorts.IsFree(wanted) ? wanted
        : throw new SetupException($"port {wanted} is in use: choose another one with {variable}");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
