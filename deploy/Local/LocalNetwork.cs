using System.Globalization;
using System.Security.Cryptography;
using Lakala.Wire.Keys;
using Npgsql;

namespace Lakala.Local;

/// <summary>
/// A whole instance on this machine as real processes: PostgreSQL, the bank's stand-in, one silo or several, and the folders of the
/// store's terminals. Disposal ends them in the opposite order; their data stays in the state folder.
/// </summary>
public sealed class LocalNetwork : IAsyncDisposable
{
    private const string Loopback = "127.0.0.1";

    /// <summary>
    /// The young generation: 96 MiB before a collection. With the runtime's default a loaded silo collects several times a
    /// second. It can be set only by the environment.
    /// </summary>
    public static readonly KeyValuePair<string, string> RoomyYoungGeneration = new("DOTNET_GCgen0size", "0x6000000");

    private const int TerminalTries = 5;

    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(3), RestartPause = TimeSpan.FromSeconds(1);

    private readonly StateFolder _state;
    private readonly LocalNetworkOptions _options;
    private readonly HttpClient _http = new();
    private readonly int _bankPort, _bankHttpPort, _shopPort;
    private readonly LocalSilo[] _silos;
    private readonly CancellationTokenSource _ending = new();
    private readonly string _zoneMasterKeyFile, _keyEncryptionKeyFile;
    private LocalCertificates? _certificates;
    private string? _database, _connectionString;
    private Seed? _seed;
    private IReadOnlyList<TestCard> _cards = [];
    private Task _supervision = Task.CompletedTask;

    private LocalNetwork(StateFolder state, LocalNetworkOptions options)
    {
        (_state, _options) = (state, options);
        var free = FreePorts.Take(3 + LocalSilo.Ports * options.Silos);
        (_bankPort, _bankHttpPort) = (free[0], free[1]);
        _shopPort = options.Shop ? Chosen(options.ShopPort, free[2], "LAKALA_SHOP_PORT") : 0;
        _silos = [.. Enumerable.Range(0, options.Silos).Select(number => new LocalSilo(number, free.AsSpan(3 + LocalSilo.Ports * number)))];
        _silos[0].HttpPort = Chosen(options.HttpPort, _silos[0].HttpPort, "LAKALA_HTTP_PORT");
        _silos[0].TerminalPort = Chosen(options.TerminalPort, _silos[0].TerminalPort, "LAKALA_TERMINAL_PORT");
        Secrets = state.Folder("silo");
        _zoneMasterKeyFile = Path.Combine(Secrets, "zone-master.key");
        _keyEncryptionKeyFile = Path.Combine(Secrets, "key-encryption.key");
    }

    public string Home => _state.Root;

    /// <summary>The folder of the owner-only secret files of the silo, with the CA's certificate.</summary>
    public string Secrets { get; }

    /// <summary>The folder of the shoppers' mails when no mail server is set.</summary>
    public string Mails => _state.At("mail");

    public IReadOnlyList<LocalSilo> Silos => _silos;

    /// <summary>Of the first silo.</summary>
    public Uri Http => _silos[0].Http;

    /// <summary>Of the first silo.</summary>
    public Uri Management => _silos[0].Management;

    /// <summary>The bank's book and faults.</summary>
    public Uri BankHttp => new($"http://{Loopback}:{_bankHttpPort}");

    /// <summary>The demo web shop, where there is one.</summary>
    public Uri ShopPage => new($"http://{Loopback}:{_shopPort}/shop");

    /// <summary>Where terminals reach the first silo.</summary>
    public TerminalAddress Terminal => new(Loopback, Gateways[0], _certificates!.Authority);

    /// <summary>The ports at which terminals reach the silos.</summary>
    public IReadOnlyList<int> Gateways { get; private set; } = [];

    public Seed Seed => _seed!;

    /// <summary>The spare terminal, for terminal programs of others.</summary>
    public SeededTerminal SpareTerminal => Seed.Terminals[^1];

    public IReadOnlyList<TestCard> Cards => _cards;

    public PostgresServer Postgres { get => field!; private set; }

    public string ConnectionString => _connectionString!;

    public ChildProcess Bank { get => field!; private set; }

    /// <summary>Null without the demo web shop.</summary>
    public ChildProcess? Shop { get; private set; }

    /// <summary>The first silo.</summary>
    public ChildProcess Silo => _silos[0].Process;

    /// <summary>Starts everything in a state folder; returns when the silo is healthy. The folder is released on disposal.</summary>
    /// <exception cref="SetupException">A part does not start; the message says which and why.</exception>
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

    /// <summary>The executable of a project, of the checkout whose programs run here.</summary>
    /// <exception cref="SetupException">It has not been built.</exception>
    public string Program(string project) => Repository.Program(project, _options.Checkout);

    public async Task StartBank(CancellationToken cancel = default)
    {
        Bank = ChildProcess.Start(_state, "bank", [Program("BankHost")], new Dictionary<string, string>
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

    /// <summary>Starts the first silo and waits until it is ready.</summary>
    public Task StartSilo(CancellationToken cancel = default) => StartSilo(0, cancel);

    public async Task StartSilo(int number, CancellationToken cancel = default)
    {
        StartSiloWithoutWaiting(number);
        await UntilReady(number, cancel);
    }

    public void StartSiloWithoutWaiting(int number = 0)
    {
        var silo = _silos[number];
        silo.Process = ChildProcess.Start(_state, silo.Name, [Program("Silo")], SiloEnvironment(silo));
    }

    /// <summary>Starts one more silo with its own settings and ports, which tries to join; the caller ends it.</summary>
    public ChildProcess StartAnotherSilo(StateFolder state, IReadOnlyDictionary<string, string> settings)
    {
        var silo = new LocalSilo(_silos.Length, FreePorts.Take(LocalSilo.Ports)) { BankPort = _bankPort, ConnectionString = ConnectionString };
        var environment = SiloEnvironment(silo);
        foreach (var (key, value) in settings)
        {
            environment[key] = value;
        }

        return ChildProcess.Start(state, silo.Name, [Program("Silo")], environment);
    }

    /// <summary>Starts a further program beside the instance, with its log in the state folder; the caller ends it.</summary>
    public ChildProcess StartProgram(string name, IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment) =>
        ChildProcess.Start(_state, name, command, environment);

    /// <summary>Waits until a silo can settle swipes.</summary>
    public Task UntilReady(int number, CancellationToken cancel = default) =>
        _silos[number].Process.WaitUntilHealthy(_http, new Uri(_silos[number].Http, "/healthz"), StartBound, cancel);

    /// <summary>The silo's verb <c>books</c>: the trial balance, and exit code 1 when it does not balance.</summary>
    public Task<ToolResult> Books(CancellationToken cancel = default) =>
        Tool.Run([Program("Silo"), "books"], SiloEnvironment(_silos[0]), cancel: cancel);

    /// <summary>The silo's verb <c>provision</c>.</summary>
    /// <param name="request">Its JSON.</param>
    /// <param name="cancel">Ends it.</param>
    public Task<ToolResult> Provision(string request, CancellationToken cancel = default) =>
        Tool.Run([Program("Silo"), "provision"], SiloEnvironment(_silos[0]), request, cancel: cancel);

    /// <summary>
    /// Runs the store's terminal program, as its own process. When the server does not answer in the terminal's time, as on a busy machine, the clerk
    /// tries again, as the terminal asks for.
    /// </summary>
    public async Task<ToolResult> RunTerminal(IReadOnlyList<string> arguments, string? input = null, CancellationToken cancel = default)
    {
        for (var tries = 1; ; tries++)
        {
            var run = await Tool.Run(
                [Program("Terminal.Client"), .. arguments],
                new Dictionary<string, string> { ["LAKALA_HOME"] = Home },
                input,
                cancel: cancel);
            if (tries == TerminalTries || !(run.Output + run.Error).Contains("the server does not answer", StringComparison.Ordinal))
            {
                return run;
            }
        }
    }

    /// <summary>The content of <c>up.json</c>: the addresses and secrets of this instance, with a bill to pay.</summary>
    public UpFile Describe(string bill) => new(
        Http, Terminal, ConnectionString, new Uri(BankHttp, "/book"), Seed.ApiKey, bill, Cards, SpareTerminal, Seed.Clerks, Seed.Operators);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _supervision.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (Shop?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Task.WhenAll(_silos.Where(silo => silo.Process is not null).Select(silo => silo.Process.DisposeAsync().AsTask()));
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
        _ending.Dispose();
        _state.Dispose();
    }

    private async Task Start(CancellationToken cancel)
    {
        _options.Progress("PostgreSQL");
        Postgres = await PostgresServer.Open(_state, cancel);
        _database = _options.ThrowawayDatabase ? "lakala_" + RandomNumberGenerator.GetHexString(12, lowercase: true) : Postgres.OwnDatabase;
        _connectionString = await Postgres.CreateDatabase(_database, cancel);
        _certificates = LocalCertificates.Ensure(Secrets, TimeProvider.System);
        EnsureKey(_zoneMasterKeyFile);
        EnsureKey(_keyEncryptionKeyFile);
        _options.Progress("the bank");
        await StartBank(cancel);
        _cards = await LocalFiles.ReadCards(Path.Combine(_state.Folder("bank"), "cards.json"));
        Gateways = [.. _silos.Select(silo => _options.Route(LocalLine.Terminals, silo.Number, silo.TerminalPort))];
        foreach (var silo in _silos)
        {
            silo.BankPort = _options.Route(LocalLine.Bank, silo.Number, _bankPort);
            silo.ConnectionString = Routed(silo.Number);
        }

        _options.Progress("the merchant, the store and its terminals");
        var provisioning = new LocalProvisioning(_state, _options, SiloEnvironment(_silos[0]));
        _seed = await provisioning.Ensure(Postgres.Cluster is null ? NameDatabase(ConnectionString) : "private", cancel);
        provisioning.WriteTerminals(_seed, Terminal, [.. Gateways.Skip(1).Select(port => $"{Loopback}:{port}")]);
        _options.Progress(_silos.Length == 1 ? "the silo" : $"{_silos.Length} silos");
        await Task.WhenAll(_silos.Select(silo => StartSilo(silo.Number, cancel)));
        if (_silos.Length > 1)
        {
            _supervision = Task.WhenAll(_silos.Select(Supervise));
        }

        if (_options.Shop)
        {
            _options.Progress("the demo web shop");
            await StartShop(cancel);
        }
    }

    private async Task StartShop(CancellationToken cancel)
    {
        Shop = ChildProcess.Start(_state, "shop", [Program("Shop")], new Dictionary<string, string>
        {
            ["Shop__Port"] = Text(_shopPort),
            ["Lakala__Url"] = Http.ToString(),
            ["Lakala__ApiKey"] = Seed.ApiKey,
        });
        await Shop.WaitUntilHealthy(_http, new Uri(ShopPage, "/shop/healthz"), StartBound, cancel);
    }

    // A silo that the others have declared dead ends itself; so does one that loses its database while it starts.
    private async Task Supervise(LocalSilo silo)
    {
        while (true)
        {
            await silo.Process.HasEnded(_ending.Token);
            _options.Progress($"{silo.Name} has ended and is started again");
            await Task.Delay(RestartPause, _ending.Token);
            StartSiloWithoutWaiting(silo.Number);
        }
    }

    private string Routed(int silo)
    {
        if (Postgres.Cluster is null)
        {
            return ConnectionString;
        }

        var parts = new NpgsqlConnectionStringBuilder(ConnectionString);
        parts.Port = _options.Route(LocalLine.Database, silo, parts.Port);
        return parts.ConnectionString;
    }

    private Dictionary<string, string> SiloEnvironment(LocalSilo silo)
    {
        var environment = new Dictionary<string, string>
        {
            ["ConnectionStrings__Lakala"] = silo.ConnectionString,
            ["Http__Port"] = Text(silo.HttpPort),
            ["Http__PublicUrl"] = Http.GetLeftPart(UriPartial.Authority),
            ["Management__Port"] = Text(silo.ManagementPort),
            ["TerminalGateway__Port"] = Text(silo.TerminalPort),
            ["TerminalGateway__Certificate"] = _certificates!.Certificate,
            ["TerminalGateway__CertificateKey"] = _certificates.CertificateKey,
            // All terminals of a swarm connect from this machine.
            ["TerminalGateway__MaxConnectionsPerAddress"] = "20000",
            ["TerminalGateway__MaxRejectsPerAddress"] = "100000",
            ["BankLink__Host"] = Loopback,
            ["BankLink__Port"] = Text(silo.BankPort),
            ["BankLink__ZoneMasterKeyFile"] = _zoneMasterKeyFile,
            ["Keys__KeyEncryptionKeyFile"] = _keyEncryptionKeyFile,
            ["Notices__AllowPrivateAddresses"] = "true",
            ["Mail__PickupFolder"] = Mails,
            ["Cluster__SiloPort"] = Text(silo.ClusterPort),
            ["Cluster__Membership"] = _silos.Length > 1 ? "PostgreSql" : "Alone",
            ["Traces__Share"] = "1",
            [RoomyYoungGeneration.Key] = RoomyYoungGeneration.Value,
        };
        if (_options.ProgramsSwipe)
        {
            environment["Terminals__PaymentsPerMinute"] = environment["Terminals__OthersPerMinute"] = environment["Terminals__BatchesPerHour"] = "1000000";
        }

        foreach (var (key, value) in _options.Silo)
        {
            environment[key] = value;
        }

        return environment;
    }

    private static string NameDatabase(string connectionString)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        return $"{parts.Host}:{parts.Port}/{parts.Database}";
    }

    private static void EnsureKey(string file)
    {
        if (!File.Exists(file))
        {
            KeyFile.Write(file, MasterKey.NewKey());
        }
    }

    private static int Chosen(int wanted, int free, string variable) =>
        wanted == 0 ? free
        : FreePorts.IsFree(wanted) ? wanted
        : throw new SetupException($"port {wanted} is in use: choose another one with {variable}");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
