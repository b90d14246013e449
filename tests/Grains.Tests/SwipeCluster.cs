using Lakala.Bills;
using Lakala.Grains.Bills;
using Lakala.Grains.Notices;
using Lakala.Grains.Storage;
using Lakala.Grains.Tenders;
using Lakala.Grains.Terminals;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;

namespace Lakala.Grains.Tests;

/// <summary>The grains in a cluster over books of their own, with a bank that does what the test says.</summary>
public sealed class SwipeCluster(TestPostgres postgres) : IAsyncLifetime
{
    private int _terminals;

    public Books Books { get; } = new(postgres);

    public TestBank Bank { get; } = new();

    public Silos Silos { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await Books.InitializeAsync();
        Silos = await Silos.Start(Books.ConnectionString, Bank);
    }

    public async ValueTask DisposeAsync()
    {
        await Silos.DisposeAsync();
        await Books.DisposeAsync();
    }

    public IBillGrain Bill(long number) => Silos.Grains.GetGrain<IBillGrain>(number);

    public async Task<TestTerminal> NewTerminal() => await TestTerminal.Provision(this, $"T{Interlocked.Increment(ref _terminals):D7}");

    public async Task<AttemptState?> StateUnder(SwipeKey key) =>
        await Books.Find<string>($"select state from attempts where terminal_id = '{key.Terminal}' and batch = {key.Batch} and stan = {key.Stan}") is { } name
            ? StateNames.ToAttempt(name)
            : null;

    public async Task<BillState> StateOf(long bill) => (await Books.Bills.Read.Submit(bill)).Row!.Bill.State;

    /// <summary>Every bill of the books, with the invariants that hold at any time.</summary>
    public async Task ShouldBalance()
    {
        (await new BookStore(Books.Database).Faults(CancellationToken.None)).None.Should().BeTrue();
        (await Books.Scalar<decimal>("select coalesce(sum(amount), 0) from postings")).Should().Be(0);
    }
}

/// <summary>One cluster of silos: two of them over one database are what a duplicate activation looks like to it.</summary>
public sealed class Silos : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;

    private Silos(InProcessTestCluster cluster) => _cluster = cluster;

    public IGrainFactory Grains => _cluster.Client;

    public static async Task<Silos> Start(string connectionString, IBankLine bank, SwipeOptions? timers = null, short count = 1)
    {
        var builder = new InProcessTestClusterBuilder(count);
        builder.ConfigureSilo((_, silo) => AddServices(silo.Services, connectionString, bank, timers ?? new SwipeOptions()));
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new Silos(cluster);
    }

    public T Service<T>()
        where T : notnull => _cluster.GetSiloServiceProvider(_cluster.Silos[0].SiloAddress).GetRequiredService<T>();

    public Task Deactivate(IAddressable grain) => _cluster.DeactivateAsync(grain);

    public async ValueTask DisposeAsync() => await _cluster.DisposeAsync();

    private static void AddServices(IServiceCollection services, string connectionString, IBankLine bank, SwipeOptions timers)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => Database.Open(connectionString));
        services.AddSingleton(_ => new CommitConnections(Database.OpenForCommits(connectionString)));
        services.AddSingleton(Microsoft.Extensions.Options.Options.Create(timers));
        services.AddSingleton<BillStore>();
        services.AddSingleton<TerminalStore>();
        services.AddSingleton<ReversalStore>();
        services.AddSingleton<SwipeKeys>();
        services.AddSingleton<NoticeSignal>();
        services.AddSingleton(bank);
        services.AddSingleton<ITender, BankCardTender>();
    }
}

/// <summary>A signed-on terminal that swipes one card.</summary>
public sealed class TestTerminal
{
    public const string MaskedPan = "621700******0001";
    public const long Amount = 1000;

    private readonly SwipeCluster _cluster;
    private int _stan;

    private TestTerminal(SwipeCluster cluster, string id) => (_cluster, Id) = (cluster, id);

    public string Id { get; }

    /// <summary>Number of the working keys.</summary>
    public int Keys { get; private set; }

    public ITerminalGrain Grain => _cluster.Silos.Grains.GetGrain<ITerminalGrain>(Id);

    public static async Task<TestTerminal> Provision(SwipeCluster cluster, string id)
    {
        await new ProvisioningStore(cluster.Books.Database).PutTerminals(Books.Store, [id], [[1]]);
        var terminal = new TestTerminal(cluster, id);
        await terminal.SignOn();
        return terminal;
    }

    public async Task SignOn() => Keys = (await Grain.SignOn([2], [3], "en")).Number;

    public SwipeKey NextKey() => new(Id, 1, Interlocked.Increment(ref _stan));

    public PayBill Swipe(long bill, SwipeKey? key = null, long amount = Amount, string maskedPan = MaskedPan) => new(
        key ?? NextKey(),
        Books.Store,
        bill,
        new Money(amount, Money.Cny),
        new PresentedCard(maskedPan, "track", [4], new PinKey(Id, Keys, [2])),
        "021");

    public Task<SwipeAnswer> Pay(PayBill swipe) => Grain.Pay(Keys, swipe);

    public Task<SwipeAnswer> Enquire(PayBill swipe) => Grain.Enquire(Keys, swipe.Key, swipe.Bill, swipe.Amount);

    public Task<SwipeAnswer> Abandon(PayBill swipe) => Grain.Abandon(Keys, swipe.Key);

    public Task<SwipeAnswer> Refuse(SwipeKey key, Refusal reason) => Grain.Refuse(Keys, key, reason);

    /// <summary>Every grain that could have remembered the swipe forgets it.</summary>
    public async Task Forget(PayBill swipe)
    {
        await _cluster.Silos.Deactivate(Grain);
        await _cluster.Silos.Deactivate(_cluster.Bill(swipe.Bill));
    }
}
