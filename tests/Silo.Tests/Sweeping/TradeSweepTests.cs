using System.Diagnostics;
using Lakala.Grains.Tests;
using Lakala.Grains.Trades;
using Lakala.Rules.Attempts;
using Lakala.Rules.Trades;
using Lakala.Silo.Sweeping;
using Lakala.Storage.Due;
using Lakala.Storage.Trades;
using Lakala.Testing;

namespace Lakala.Silo.Tests.Sweeping;

/// <summary>Timers of trades that have ended, in numbers.</summary>
public sealed class TradeSweepTests(SwipeCluster cluster, ITestOutputHelper output) : IClassFixture<SwipeCluster>
{
    private const int Terminals = 50;

    private static readonly EscrowTerms Terms = new(DeliveryMethod.Express, TimeSpan.FromHours(72), TimeSpan.FromDays(10));
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    // More than a round takes, so that a sweep needs several. LAKALA_TRADES measures more.
    private static readonly int Count = int.Parse(Environment.GetEnvironmentVariable("LAKALA_TRADES") ?? "4100", null);

    private Books Books => cluster.Books;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thousands_of_due_releases_are_swept_by_one_of_two_silos_and_each_is_released_once()
    {
        await using var others = await Silos.Start(Books.ConnectionString, cluster.Bank);
        await Pay(Count);
        await Books.Execute(
            """
            update trades set state = 'SHIPPED', method = 'express', carrier = 'EMS', tracking_number = '1', shipped_at = clock_timestamp(),
                              due_at = clock_timestamp(), moves = moves + 1 where state = 'HELD'
            """);
        (await new DueRows(Books.Connections).Find(TimeSpan.Zero, Stop)).Trades.Should().BeTrue();
        var begun = Stopwatch.GetTimestamp();

        await Task.WhenAll(new[] { cluster.Silos, others }.Select(silos => new TradeSweeps(silos.Service<IDueTrades>(), silos.Service<TradeMoves>()).EndTimers(Stop)));

        output.WriteLine($"{Count} releases in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s");
        (await new DueRows(Books.Connections).Find(TimeSpan.Zero, Stop)).Trades.Should().BeFalse();
        (await Books.Scalar<long>("select count(*) from trades where state = 'FINISHED' and held = 0 and released = 1000")).Should().Be(Count);
        (await Books.Scalar<long>("select count(*) from other_entries where kind = 'release'")).Should().Be(Count);
        (await Books.Scalar<long>("select count(*) from events where type = 'trade.finished'")).Should().Be(Count);
        (await Books.BalanceOf($"merchant:{Books.Merchant}")).Should().Be(994L * Count);
        await Books.ShouldBalance();
    }

    private async Task Pay(int count)
    {
        for (var paid = 0; paid < count; paid += Terminals * 20)
        {
            await Task.WhenAll(Enumerable.Range(paid, Math.Min(Terminals * 20, count - paid)).Select(async number =>
            {
                var start = await Books.NewAttempt(await Books.PutBill(escrow: Terms), 1 + (number / Terminals), terminal: $"T7{number % Terminals:D6}");
                await Books.Commits.StartAttempts.Submit(start);
                await Books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, Now, Terms));
            }));
        }
    }
}
