using Lakala.Grains.Notices;
using Lakala.Grains.Trades;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lakala.Grains.Tests;

/// <summary>The moves of a trade over the real database: from the swipe to the release, and what races with it.</summary>
public sealed class TradeTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>, IAsyncLifetime
{
    private const long Amount = TestTerminal.Amount;

    private static readonly EscrowTerms Terms = new(DeliveryMethod.Express, TimeSpan.FromHours(72), TimeSpan.FromDays(10));
    private static readonly Shipping Parcel = new(DeliveryMethod.Express, "SF Express", "SF1234567890");
    private static readonly TradeStep Ship = new TradeStep.Ship(Parcel), Confirm = new TradeStep.Confirm(), TimeUp = new TradeStep.TimeUp();

    private readonly List<Commits> _writers = [];
    private TestTerminal _terminal = null!;

    private Books Books => cluster.Books;

    private TradeMoves Moves => cluster.Silos.Service<TradeMoves>();

    public async ValueTask InitializeAsync() => _terminal = await cluster.NewTerminal();

    public async ValueTask DisposeAsync()
    {
        foreach (var writers in _writers)
        {
            await writers.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_swipe_of_an_escrow_bill_holds_the_money_and_begins_its_trade()
    {
        var bill = await Paid();

        var row = await Read(bill);
        row.Escrow.Should().Be(Terms);
        row.Trade.Should().Be(Trade.Begin(Terms, Amount, row.Payment!.PaidAt));
        (await Lines(bill)).Should().Equal(("bank_clearing", Amount), ("held:shop", -Amount));
        (await Books.Scalar<string>($"select data::jsonb->'trade'->>'status' from events where bill = {bill} and type = 'bill.paid'")).Should().Be("HELD");
        await Books.ShouldBalance();
    }

    [Fact]
    public async Task A_direct_bill_has_no_trade_and_refuses_its_steps()
    {
        var bill = await Books.PutBill();
        (await _terminal.Pay(_terminal.Swipe(bill))).ResponseCode.Should().Be("00");

        (await Moves.Take(bill, Ship)).Refusal.Should().Be(Refusal.TradeNone);
        (await Moves.Take(await Books.PutBill(escrow: Terms), Ship)).Refusal.Should().Be(Refusal.TradeNone, "it is not paid");
        (await Moves.Take(4711, Ship)).Should().Be(new TradeOutcome(null, Refusal.BillUnknown));
        (await Books.Scalar<long>($"select count(*) from trades where bill = {bill}")).Should().Be(0);
    }

    [Fact]
    public async Task A_confirmed_trade_releases_the_money_less_the_fee_once()
    {
        var bill = await Paid();
        var before = await Books.BalanceOf("merchant:shop");
        (await Moves.Take(bill, Confirm)).Refusal.Should().Be(Refusal.TradeNotShipped);
        await Moves.Take(bill, Ship);

        var (row, refusal) = await Moves.Take(bill, Confirm);

        refusal.Should().BeNull();
        row!.Trade.Should().Match<Trade>(trade => trade.State == TradeState.Finished && trade.Held == 0 && trade.Released == Amount && trade.Releases == 1);
        (await Read(bill)).Trade.Should().Be(row.Trade, "what is told is what is stored");
        (await Moves.Take(bill, Confirm)).Refusal.Should().Be(Refusal.TradeFinished);
        (await Released(bill)).Should().Equal(("held:shop", Amount), ("merchant:shop", -994), ("platform", -5), ("store:STORE0000000001", -1));
        (await Books.BalanceOf("merchant:shop")).Should().BeGreaterThanOrEqualTo(before + 994, "available at once");
        (await Told(bill)).Should().Equal("bill.paid", "trade.shipped", "trade.finished");
        await Books.ShouldBalance();
    }

    [Fact]
    public async Task The_same_shipping_again_changes_nothing_and_a_correction_is_told_once()
    {
        var bill = await Paid();
        var corrected = new TradeStep.Ship(Parcel with { TrackingNumber = "SF0987654321" });

        var first = await Moves.Take(bill, Ship);
        (await Moves.Take(bill, Ship)).Should().Be(first);
        (await Moves.Take(bill, corrected)).Row!.Trade!.Shipping!.TrackingNumber.Should().Be("SF0987654321");
        (await Moves.Take(bill, corrected)).Refusal.Should().BeNull();
        (await Moves.Take(bill, Ship)).Refusal.Should().Be(Refusal.TradeShipped);

        (await Told(bill)).Should().Equal("bill.paid", "trade.shipped", "trade.deadline_changed");
    }

    [Fact]
    public async Task Two_shippings_at_once_are_one_shipping_and_its_correction()
    {
        var bill = await Paid();

        var outcomes = await AllAtOnce(bill, Ship, new TradeStep.Ship(Parcel with { TrackingNumber = "2" }));

        outcomes.Should().OnlyContain(outcome => outcome.Refusal == null);
        (await Told(bill)).Should().Equal("bill.paid", "trade.shipped", "trade.deadline_changed");
    }

    [Fact]
    public async Task Each_side_extends_once_and_not_beyond_the_bound()
    {
        var bill = await Paid();
        await Moves.Take(bill, Ship);
        var confirmBy = (await Read(bill)).Trade!.DueAt!.Value;

        (await Moves.Take(bill, new TradeStep.Extend(Side.Merchant, 15))).Row!.Trade!.DueAt.Should().Be(confirmBy.AddDays(15));
        (await Moves.Take(bill, new TradeStep.Extend(Side.Merchant, 15))).Refusal.Should().BeNull("it is a repeat");
        (await Moves.Take(bill, new TradeStep.Extend(Side.Merchant, 1))).Refusal.Should().Be(Refusal.TradeExtended);
        await Books.Execute($"update trades set due_at = shipped_at + interval '50 days' where bill = {bill}");
        (await Moves.Take(bill, new TradeStep.Extend(Side.Shopper, 11))).Refusal.Should().Be(Refusal.ExtensionTooLong);
        (await Moves.Take(bill, new TradeStep.Extend(Side.Shopper, 10))).Refusal.Should().BeNull();

        (await Told(bill)).Should().Equal("bill.paid", "trade.shipped", "trade.deadline_changed", "trade.deadline_changed");
    }

    [Fact]
    public async Task Confirmation_and_sweep_at_once_release_once()
    {
        var bill = await Due();

        var outcomes = await AllAtOnce(bill, Confirm, TimeUp, Confirm, TimeUp);

        outcomes.Select(outcome => outcome.Refusal).Should().OnlyContain(refusal => refusal == null || refusal == Refusal.TradeFinished);
        (await Released(bill)).Should().HaveCount(4);
        (await Told(bill)).Should().Equal("bill.paid", "trade.shipped", "trade.finished");
        await Books.ShouldBalance();
    }

    [Fact]
    public async Task Claim_and_release_at_once_have_one_winner()
    {
        for (var round = 0; round < 5; round++)
        {
            var bill = await Due();

            var (claim, release) = await AllAtOnce(bill, new TradeStep.OpenClaim(), TimeUp) is [var first, var second] ? (first, second) : default;

            var trade = (await Read(bill)).Trade!;
            (trade.State, claim!.Refusal).Should().BeOneOf((TradeState.Claimed, null), (TradeState.Finished, Refusal.TradeFinished));
            release!.Refusal.Should().BeNull("the sweep finds nothing to do, or has done it");
            (await Released(bill)).Should().HaveCount(trade.State == TradeState.Finished ? 4 : 0);
        }
    }

    [Theory]
    [InlineData("frozen_by = 'wang'", Refusal.TradeFrozen)]
    [InlineData("leased_until = clock_timestamp() + interval '1 minute', leases = 1", Refusal.TradeLeased)]
    public async Task What_is_frozen_or_leased_is_neither_swept_nor_released(string how, Refusal refusal)
    {
        var bill = await Due();
        await Books.Execute($"update trades set {how} where bill = {bill}");

        (await Moves.Take(bill, Confirm)).Refusal.Should().Be(refusal);
        (await Moves.Take(bill, TimeUp)).Row!.Trade!.State.Should().Be(TradeState.Shipped);

        (await Released(bill)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_freeze_that_comes_between_the_decision_and_the_commit_stops_the_release()
    {
        var bill = await Due();

        var outcomes = await AllAtOnce(bill, (connection, stop) => Execute(connection, $"update trades set frozen_by = 'wang' where bill = {bill}", stop), TimeUp, Confirm);

        outcomes.Select(outcome => outcome.Refusal).Should().Equal(null, Refusal.TradeFrozen);
        (await Read(bill)).Trade!.State.Should().Be(TradeState.Shipped);
        (await Released(bill)).Should().BeEmpty();
    }

    [Fact]
    public async Task The_databases_clock_ends_a_timer_and_not_the_callers()
    {
        var bill = await Paid();
        await Moves.Take(bill, Ship);

        (await Moves.Take(bill, TimeUp)).Row!.Trade!.State.Should().Be(TradeState.Shipped, "ten days are left");
    }

    [Fact]
    public async Task Overdue_shipping_is_told_once_and_shipping_is_still_possible()
    {
        var bill = await Paid();
        await Books.Execute($"update trades set due_at = clock_timestamp() - interval '1 minute' where bill = {bill}");

        await AllAtOnce(bill, TimeUp, TimeUp);

        var trade = (await Read(bill)).Trade!;
        (trade.State, trade.IsOverdue).Should().Be((TradeState.Held, true));
        (await Told(bill)).Should().Equal("bill.paid", "trade.ship_overdue");
        (await Moves.Take(bill, Ship)).Row!.Trade!.State.Should().Be(TradeState.Shipped);
    }

    private async Task<long> Paid()
    {
        var bill = await Books.PutBill(escrow: Terms);
        (await _terminal.Pay(_terminal.Swipe(bill))).ResponseCode.Should().Be("00");
        return bill;
    }

    // Shipped, and the time for the confirmation has just ended.
    private async Task<long> Due()
    {
        var bill = await Paid();
        await Moves.Take(bill, Ship);
        await Books.Execute($"update trades set due_at = clock_timestamp() where bill = {bill}");
        return bill;
    }

    private Task<TradeOutcome[]> AllAtOnce(long bill, params TradeStep[] steps) => AllAtOnce(bill, static (_, _) => Task.CompletedTask, steps);

    // All have decided, and wait for the row when the change comes.
    private async Task<TradeOutcome[]> AllAtOnce(long bill, Func<NpgsqlConnection, CancellationToken, Task> change, params TradeStep[] steps)
    {
        var stop = TestContext.Current.CancellationToken;
        Task<TradeOutcome>[] moving;
        await using (var connection = await Books.Database.OpenConnectionAsync(stop))
        {
            await using var transaction = await connection.BeginTransactionAsync(stop);
            await Execute(connection, $"select 1 from trades where bill = {bill} for no key update", stop);
            moving = [.. steps.Select((step, writer) => OfOtherSilo(writer).Take(bill, step))];
            await Books.SomebodyWaits(steps.Length);
            await change(connection, stop);
            await transaction.CommitAsync(stop);
        }

        return await Task.WhenAll(moving);
    }

    // Each silo has a writer of its own.
    private TradeMoves OfOtherSilo(int number)
    {
        while (_writers.Count <= number)
        {
            _writers.Add(new Commits(Books.Connections, Options.Create(new SwipeOptions()), NullLogger<Commits>.Instance));
        }

        var (silos, writers) = (cluster.Silos, _writers[number]);
        return new TradeMoves(
            writers.MoveTrades, writers.ReadBills, Books.Rrns, silos.Service<BillNotices>(), silos.Service<NoticeSignal>(), silos.Service<IBillChanges>());
    }

    private static async Task Execute(NpgsqlConnection connection, string sql, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(stop);
    }

    private async Task<BillRow> Read(long bill) => (await Books.Commits.ReadBills.Submit(bill)).Row!;

    private Task<(string Account, long Amount)[]> Lines(long bill) => Pairs(
        $"select p.account, p.amount from postings p join attempts a on a.rrn = p.rrn where a.bill = {bill} order by p.line");

    private Task<(string Account, long Amount)[]> Released(long bill) => Pairs(
        $"""
        select a.name, l.amount from other_entries e
        cross join lateral (values (e.account_1, e.amount_1), (e.account_2, e.amount_2), (e.account_3, e.amount_3), (e.account_4, e.amount_4)) as l(account, amount)
        join accounts a on a.id = l.account where e.kind = 'release' and e.subject = {bill} order by a.name
        """);

    private async Task<(string Account, long Amount)[]> Pairs(string sql)
    {
        var pairs = new List<(string, long)>();
        await using var command = Books.Database.CreateCommand(sql);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            pairs.Add((rows.GetString(0), rows.GetInt64(1)));
        }

        return [.. pairs];
    }

    private async Task<string[]> Told(long bill) =>
        await Books.Scalar<string[]>($"select array_agg(type order by created_at, id) from events where bill = {bill}");
}
