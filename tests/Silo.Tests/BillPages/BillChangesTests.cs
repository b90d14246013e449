using Lakala.Grains.Notices;
using Lakala.Silo.BillPages;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans.TestingHost;

namespace Lakala.Silo.Tests.BillPages;

/// <summary>Those who listen to a bill are woken when it changes, at whichever silo.</summary>
public sealed class BillChangesTests(TwoSilos silos) : IClassFixture<TwoSilos>
{
    private static long _bills;

    private readonly long _bill = Interlocked.Increment(ref _bills);
    private readonly long _other = Interlocked.Increment(ref _bills);

    [Fact]
    public async Task A_change_wakes_those_who_listen_to_the_bill_at_its_silo()
    {
        using var place = silos.Listen(0, _bill);
        using var other = silos.Listen(0, _other);
        var (woken, slept) = (Change(place), Change(other));

        silos.Report(0, _bill);

        await woken;
        slept.IsCompleted.Should().BeFalse("its bill has not changed");
    }

    [Fact]
    public async Task A_change_before_the_wait_ends_it_at_once()
    {
        using var place = silos.Listen(0, _bill);

        silos.Report(0, _bill);

        await Change(place);
    }

    [Fact]
    public async Task A_change_at_another_silo_wakes_them_too()
    {
        using var place = silos.Listen(1, _bill);
        using var other = silos.Listen(1, _other);
        var (woken, slept) = (Change(place), Change(other));

        await ReportUntil(woken);

        slept.IsCompleted.Should().BeFalse("its bill has not changed");
    }

    [Fact]
    public async Task Many_changes_go_to_another_silo_in_few_messages()
    {
        using var place = silos.Listen(1, _bill);
        await ReportUntil(Change(place));
        var before = silos.Messages;
        for (var bill = 1_000_000; bill < 1_010_000; bill++)
        {
            silos.Report(0, bill);
        }

        await ReportUntil(Change(place));

        (silos.Messages - before).Should().BeLessThan(500);
    }

    // Again and again, because at first the silos may not know each other.
    private async Task ReportUntil(Task woken)
    {
        do
        {
            silos.Report(0, _bill);
        }
        while (await Task.WhenAny(woken, Task.Delay(50, TestContext.Current.CancellationToken)) != woken);
    }

    private static Task Change(Listeners.Place place) => place.Changed.Wait(TimeSpan.FromDays(1), TestContext.Current.CancellationToken);
}

/// <summary>Two silos with listeners for whom no time passes: only a change wakes them.</summary>
public sealed class TwoSilos : IAsyncLifetime, IIncomingGrainCallFilter
{
    private readonly InProcessTestCluster _cluster;
    private int _messages;

    public TwoSilos()
    {
        var builder = new InProcessTestClusterBuilder(2);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddListeners().AddSingleton(TimeProvider.System).AddSingleton(new Listeners(new FakeTimeProvider()));
            silo.AddIncomingGrainCallFilter(this);
        });
        _cluster = builder.Build();
    }

    /// <summary>The number of messages about changed bills from one silo to the other.</summary>
    public int Messages => Volatile.Read(ref _messages);

    public async ValueTask InitializeAsync() => await _cluster.DeployAsync();

    public async ValueTask DisposeAsync() => await _cluster.DisposeAsync();

    public Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.InterfaceMethod.DeclaringType == typeof(IBillWatch))
        {
            Interlocked.Increment(ref _messages);
        }

        return context.Invoke();
    }

    public void Report(int silo, long bill) => Service<IBillChanges>(silo).Report(bill);

    internal Listeners.Place Listen(int silo, long bill) => Service<Listeners>(silo).Enter(bill)!;

    private T Service<T>(int silo)
        where T : notnull => _cluster.GetSiloServiceProvider(_cluster.Silos[silo].SiloAddress).GetRequiredService<T>();
}
