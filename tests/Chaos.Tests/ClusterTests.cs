using Lakala.Chaos.Audit;
using Lakala.Local;
using Lakala.Testing;
using Npgsql;

namespace Lakala.Chaos.Tests;

/// <summary>Three silos that speak TLS to each other, and stores that sell all the time.</summary>
public sealed class BusyCluster : IAsyncLifetime
{
    private const int Terminals = 8;

    private readonly CancellationTokenSource _closing = new(), _stop = new();
    private readonly Random _random = new(1);
    private Shop? _shop;
    private Task _work = Task.CompletedTask;

    public LocalNetwork Network { get; private set; } = null!;

    /// <summary>From each silo to the database.</summary>
    public FaultProxy[] DatabaseLines { get; } = new FaultProxy[3];

    public IReadOnlyList<Till> Tills { get; private set; } = [];

    public int Paid => Tills.Sum(till => till.Resolved.Count(sale => sale.Outcome == "approved"));

    public async ValueTask InitializeAsync()
    {
        var state = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "test", "cluster"));
        var certificates = LocalCertificates.Ensure(state.Folder("silo-certificates"), TimeProvider.System);
        Network = await LocalNetwork.Start(state, new LocalNetworkOptions
        {
            Silos = 3,
            Terminals = Terminals,
            ProgramsSwipe = true,
            Route = (line, silo, port) => line == LocalLine.Database ? (DatabaseLines[silo] = new FaultProxy(port, Passage.Bytes)).Port : port,
            Silo = new Dictionary<string, string>(Tls(certificates))
            {
                ["Notices__LongestPause"] = "00:00:01",
                ["Trades__ShortestShipTime"] = "00:00:01",
                ["Trades__ShortestConfirmTime"] = "00:00:01",
            },
        });
        _shop = await Shop.Open(Network, _random, TestContext.Current.CancellationToken);
        Tills = [.. Network.Seed.Terminals.SkipLast(1).Select(terminal => new Till(Network, terminal, _shop, _random))];

        // Beside the tests, not among them: these share few threads.
        _work = Task.Run(() => Task.WhenAll([_shop.Order(_closing.Token), .. Tills.Select(till => till.Run(_closing.Token, _stop.Token))]));
    }

    public static Dictionary<string, string> Tls(LocalCertificates certificates) => new()
    {
        ["Cluster__Certificate"] = certificates.Certificate,
        ["Cluster__CertificateKey"] = certificates.CertificateKey,
        ["Cluster__Ca"] = certificates.Authority,
    };

    /// <summary>Returns when this many further sales are paid.</summary>
    public Task Sells(int more)
    {
        var goal = Paid + more;
        return Eventually.Is(() => Task.FromResult(Paid >= goal), $"{more} more sales");
    }

    public async Task<long> Count(string sql)
    {
        await using var database = NpgsqlDataSource.Create(Network.ConnectionString + ";Pooling=false");
        await using var command = database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The stores close, the queues empty; then all books are compared.</summary>
    public async Task<IReadOnlyList<Violation>> CloseAndAudit()
    {
        _shop!.Heal();
        await _closing.CancelAsync();
        await _work;
        await Eventually.Is(async () => await Count(ChaosRun.OpenInQueues) == 0, "the queues are empty");
        var evidence = await EvidenceReader.Read(await ChaosRun.Sources(Network, _shop, Tills, CancellationToken.None));
        return Auditor.Check(evidence);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _stop.CancelAsync();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var till in Tills)
        {
            await till.DisposeAsync();
        }

        await (_shop?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (Network?.DisposeAsync() ?? ValueTask.CompletedTask);
        foreach (var line in DatabaseLines)
        {
            await (line?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        _closing.Dispose();
        _stop.Dispose();
    }
}

/// <summary>Terminals of a cluster go on selling while silos start and stop.</summary>
public sealed class ClusterTests(BusyCluster cluster) : IClassFixture<BusyCluster>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private LocalNetwork Network => cluster.Network;

    // One test with several parts, because they use one cluster: each part begins where the previous one ended.
    [Fact]
    public async Task Silos_are_restarted_killed_paused_cut_off_and_all_lost_at_once_and_every_sale_is_resolved()
    {
        await cluster.Sells(20);

        foreach (var silo in Network.Silos)
        {
            (await silo.Process.Stop()).Should().BeTrue("{0} lets finish what is under way, and ends", silo.Name);
            await UntilReady(silo);
            await cluster.Sells(8);
        }

        var dead = await Dead();
        Network.Silos[1].Process.Signal(ProcessRecord.Kill);
        await Eventually.Is(async () => await Dead() > dead, "the silo that was killed is dead to the others");
        await UntilReady(Network.Silos[1]);
        await cluster.Sells(8);

        dead = await Dead();
        var paused = Network.Silos[2].Process;
        paused.Signal(ProcessRecord.Pause);
        await Eventually.Is(async () => await Dead() > dead, "the silo that is silent is dead to the others");
        await cluster.Sells(8);
        paused.Signal(ProcessRecord.Continue);
        await paused.HasEnded(Stop);
        await UntilReady(Network.Silos[2]);

        dead = await Dead();
        var cutOff = Network.Silos[0].Process;
        cluster.DatabaseLines[0].Close();
        await Eventually.Is(async () => await Dead() > dead, "the silo that is cut off from the database is declared dead");
        await cluster.Sells(8);
        cluster.DatabaseLines[0].Heal();
        await cutOff.HasEnded(Stop);
        await UntilReady(Network.Silos[0]);

        dead = await Dead();
        var before = Network.Silos.Select(Complaints).ToArray();
        await Network.Postgres.Cluster!.Stop();
        await Eventually.Is(
            () => Task.FromResult(Network.Silos.All(silo => Complaints(silo) >= before[silo.Number] + 6)), "the database is missed by all for a long while");
        await Network.Postgres.Cluster.Start(Stop);
        await Task.WhenAll(Network.Silos.Select(UntilReady));
        await cluster.Sells(20);
        await Eventually.Is(async () => await cluster.Count(FreshSigns) == 3, "signs of life come from all");
        (await Dead()).Should().Be(dead, "a database that is away from all costs no silo");

        foreach (var silo in Network.Silos)
        {
            silo.Process.Signal(ProcessRecord.Kill);
        }

        await Task.WhenAll(Network.Silos.Select(UntilReady));
        await cluster.Sells(8);

        await AStrangerIsNotLetIn();
        (await cluster.CloseAndAudit()).Should().BeEmpty();
        cluster.Tills.Should().OnlyContain(till => !till.IsBusy);
    }

    // Its certificate is signed by another CA.
    private async Task AStrangerIsNotLetIn()
    {
        using var state = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "test", "stranger"));
        var certificates = LocalCertificates.Ensure(state.Folder("silo-certificates"), TimeProvider.System);
        var active = await cluster.Count("select count(*) from silos where status = 'Active'");

        await using var stranger = Network.StartAnotherSilo(state, BusyCluster.Tls(certificates));
        await Eventually.Is(
            async () => File.Exists(stranger.Log)
                && (await File.ReadAllTextAsync(stranger.Log, Stop)).Contains("Connection attempt to endpoint", StringComparison.Ordinal),
            "the stranger tries to reach the others, in vain");

        (await cluster.Count("select count(*) from silos where status = 'Active'")).Should().Be(active);
        await cluster.Sells(4);
    }

    private const string FreshSigns = "select count(*) from silos where status = 'Active' and alive_at > clock_timestamp() - interval '6 s'";

    private static int Complaints(LocalSilo silo) => File.ReadLines(silo.Process.Log).Count(line => line.Contains("signs of life of the silos cannot be read", StringComparison.Ordinal));

    private Task<long> Dead() => cluster.Count("select count(*) from silos where status = 'Dead'");

    // The process that has just ended is started again by itself.
    private Task UntilReady(LocalSilo silo) => Eventually.Is(
        async () =>
        {
            try
            {
                await Network.UntilReady(silo.Number, Stop);
                return true;
            }
            catch (SetupException)
            {
                return false;
            }
        },
        $"{silo.Name} is ready");
}
