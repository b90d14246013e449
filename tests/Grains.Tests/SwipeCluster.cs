using System.Collections.Concurrent;
using Lakala.Grains.Bills;
using Lakala.Grains.Notices;
using Lakala.Grains.Swipes;
using Lakala.Grains.Terminals;
using Lakala.Rules.Attempts;
using Lakala.Storage.Notices;
using Lakala.Storage.Postgres;
using Lakala.Storage.Stores;
using Lakala.Storage.Swipes;
using Lakala.Storage.Terminals;
using Lakala.Testing;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;

namespace Lakala.Grains.Tests;

/// <summary>The grains in a cluster over their own books, with a bank that the test controls.</summary>
public sealed class SwipeCluster(TestPostgres postgres) : IAsyncLifetime
{
    public static readonly BillPageAddress Pages = new("http://127.0.0.1:8080");

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

    public IBillGrain Bill(long number) => Silos.GetBill(number);

    /// <param name="silos">The silos that it uses; null for the cluster's own.</param>
    /// <param name="at">The silo that it is connected to; null for a client of all.</param>
    public Task<TestTerminal> NewTerminal(Silos? silos = null, int? at = null) =>
        TestTerminal.Provision(Books, silos ?? Silos, $"T{Interlocked.Increment(ref _terminals):D7}", at);
}

/// <summary>One cluster of silos: two clusters over one database behave like duplicate activations.</summary>
public sealed class Silos : IAsyncDisposable
{
    // Tests swipe faster than any clerk.
    private static readonly TerminalQuotaOptions NoClerk = new() { PaymentsPerMinute = 1_000_000, OthersPerMinute = 1_000_000, BatchesPerHour = 1_000_000 };

    private readonly InProcessTestCluster _cluster;

    private Silos(InProcessTestCluster cluster) => _cluster = cluster;

    public IGrainFactory Grains => _cluster.Client;

    public IBillGrain GetBill(long number) => new BillGrains(Grains).GetBill(number);

    public static async Task<Silos> Start(
        string connectionString, IBankLine bank, SwipeOptions? timers = null, TimeProvider? time = null, TerminalQuotaOptions? quota = null, short count = 1)
    {
        var builder = new InProcessTestClusterBuilder(count);
        builder.ConfigureSilo((_, silo) =>
            AddServices(silo.Services, connectionString, bank, timers ?? new SwipeOptions(), time ?? TimeProvider.System, quota ?? NoClerk));
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new Silos(cluster);
    }

    public T Service<T>()
        where T : notnull => Service<T>(0);

    public T Service<T>(int silo)
        where T : notnull => _cluster.GetSiloServiceProvider(_cluster.Silos[silo].SiloAddress).GetRequiredService<T>();

    public Task Deactivate(IAddressable grain) => _cluster.DeactivateAsync(grain);

    public async ValueTask DisposeAsync() => await _cluster.DisposeAsync();

    private static void AddServices(IServiceCollection services, string connectionString, IBankLine bank, SwipeOptions timers, TimeProvider time, TerminalQuotaOptions quota)
    {
        services.AddSingleton(time);
        services.AddSingleton(_ => Database.Open(connectionString));
        services.AddKeyedSingleton(Database.Moves, (_, _) => Database.OpenForMoves(connectionString));
        services.AddKeyedSingleton(Database.Writers, (_, _) => Database.OpenForCommits(connectionString));
        services.AddSingleton(Microsoft.Extensions.Options.Options.Create(timers));
        services.AddSingleton(Microsoft.Extensions.Options.Options.Create(quota));
        services.AddSingleton<TerminalRows>();
        services.AddSingleton<HealthRows>();
        services.AddSingleton<ClerkRows>();
        services.AddSingleton<ReversalRows>();
        services.AddSwipes();
        services.AddBills();
        services.AddSingleton(SwipeCluster.Pages);
        services.AddSingleton<NoticeSignal>();
        services.AddSingleton<ReportedChanges>();
        services.AddSingleton<IBillChanges>(provider => provider.GetRequiredService<ReportedChanges>());
        services.AddSingleton(new ShopperReceivers(hasMail: true, hasSms: true));
        services.AddSingleton(bank);
    }
}

/// <summary>The system's clock, which the test moves forward. Its timers are not affected.</summary>
public sealed class ShiftedTime : TimeProvider
{
    private long _shift;

    public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _shift);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _shift, (long)(by.TotalSeconds * TimestampFrequency));
}

/// <summary>A signed-on terminal that swipes one card.</summary>
public sealed class TestTerminal
{
    public const string MaskedPan = "621700******0001";
    public const long Amount = 1000;

    private readonly Silos _silos;
    private int _stan;

    private TestTerminal(Silos silos, int? at, string id) =>
        (_silos, Id, Grain) = (silos, id, (at is { } silo ? silos.Service<IGrainFactory>(silo) : silos.Grains).GetGrain<ITerminalGrain>(id));

    public string Id { get; }

    /// <summary>Number of the working keys.</summary>
    public int Keys { get; private set; }

    public ITerminalGrain Grain { get; }

    public static async Task<TestTerminal> Provision(Books books, Silos silos, string id, int? at = null)
    {
        await new ProvisioningRows(books.Database).PutTerminals(Books.Store, [id], [[1]]);
        var terminal = new TestTerminal(silos, at, id);
        await terminal.SignOn();
        return terminal;
    }

    public async Task SignOn() => Keys = (await Grain.SignOn([2], [3], "en"))!.Number;

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

    /// <summary>Deactivates the only grain that may remember a swipe.</summary>
    public Task Forget() => _silos.Deactivate(Grain);
}

/// <summary>The changes of bills, as the flows report them.</summary>
public sealed class ReportedChanges : IBillChanges
{
    private readonly ConcurrentDictionary<long, TaskCompletionSource> _awaited = new();

    public Task Next(long bill) => (_awaited[bill] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Report(long bill)
    {
        if (_awaited.TryRemove(bill, out var awaited))
        {
            awaited.SetResult();
        }
    }
}
