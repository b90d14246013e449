using CsCheck;
using Lakala.Rules.Trades;
using Lakala.Vocabulary;

namespace Lakala.Rules.Tests;

/// <summary>The trade's state machine: every state and step in a table, then random steps.</summary>
public sealed class TradeTests
{
    private const string Nothing = "nothing";
    private const long Amount = 12_345;

    private static readonly DateTimeOffset Paid = new(2030, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Now = Paid.AddDays(5);
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);
    private static readonly EscrowTerms Terms = new(DeliveryMethod.Express, TimeSpan.FromDays(5), TimeSpan.FromDays(10));
    private static readonly Shipping Parcel = new(DeliveryMethod.Express, "SF Express", "SF1234567890"), Other = Parcel with { TrackingNumber = "SF0987654321" };

    private static readonly Trade Held = Trade.Begin(Terms, Amount, Paid) with { DueAt = Now + Moment };
    private static readonly Trade Shipped = Held with
    {
        State = TradeState.Shipped,
        Shipping = Parcel,
        ShippedAt = Now.AddDays(-1),
        DueAt = Now + Moment,
    };

    private static readonly Dictionary<string, Trade> Trades = new()
    {
        ["HELD"] = Held,
        ["HELD, late"] = Held with { DueAt = Now },
        ["HELD, late, frozen"] = Held with { DueAt = Now, FrozenBy = "wang" },
        ["HELD, overdue"] = Held with { IsOverdue = true },
        ["HELD, overdue to the end"] = Held with { IsOverdue = true, DueAt = Now },
        ["HELD, overdue, leased"] = Held with { IsOverdue = true, DueAt = Now, LeasedUntil = Now + Moment, Leases = 2 },
        ["SHIPPED"] = Shipped,
        ["SHIPPED, due"] = Shipped with { DueAt = Now },
        ["SHIPPED, due, leased"] = Shipped with { DueAt = Now, LeasedUntil = Now + Moment, Leases = 1 },
        ["SHIPPED, due, lease over"] = Shipped with { DueAt = Now, LeasedUntil = Now, Leases = 1 },
        ["SHIPPED, due, frozen"] = Shipped with { DueAt = Now, FrozenBy = "wang" },
        ["SHIPPED, due, refused"] = Shipped with { DueAt = Now, FrozenBy = Trade.RefundDeclined },
        ["CLAIMED, refused"] = Shipped with { State = TradeState.Claimed, DueAt = null, Left = TimeSpan.Zero, FrozenBy = Trade.RefundDeclined },
        ["SHIPPED, all used"] = Shipped with { IsCorrected = true, ShopperExtended = 1, MerchantExtended = 1, Leases = 2 },
        ["CLAIMED"] = Shipped with { State = TradeState.Claimed, DueAt = null, Left = TimeSpan.Zero },
        ["CLAIMED, frozen"] = Shipped with { State = TradeState.Claimed, DueAt = null, Left = TimeSpan.Zero, FrozenBy = "wang" },
        ["FINISHED"] = Shipped with { State = TradeState.Finished, Held = 0, DueAt = null, Released = Amount, Releases = 1, EndedAt = Now },
        ["CLOSED"] = Held with { State = TradeState.Closed, Held = 0, DueAt = null, EndedAt = Now },
    };

    private static readonly Dictionary<string, TradeStep> Steps = new()
    {
        ["ship"] = new TradeStep.Ship(Other),
        ["extend"] = new TradeStep.Extend(Side.Merchant, 15),
        ["confirm"] = new TradeStep.Confirm(),
        ["cancel"] = new TradeStep.Close(Side.Merchant),
        ["take back"] = new TradeStep.Close(Side.Shopper),
        ["time up"] = new TradeStep.TimeUp(),
        ["lease"] = new TradeStep.Lease(),
        ["claim"] = new TradeStep.OpenClaim(),
        ["claim ends"] = new TradeStep.EndClaim(ClaimEnd.Unchanged),
        ["granted"] = new TradeStep.EndClaim(ClaimEnd.Granted),
        ["rejected"] = new TradeStep.EndClaim(ClaimEnd.Rejected),
        ["freeze"] = new TradeStep.Freeze("li"),
        ["unfreeze"] = new TradeStep.Unfreeze(HasRefused: false),
        ["give back a part"] = new TradeStep.GiveBack(1),
        ["give back all"] = new TradeStep.GiveBack(Amount),
        ["give back too much"] = new TradeStep.GiveBack(Amount + 1),
        ["unfreeze, undecided"] = new TradeStep.Unfreeze(HasRefused: true),
        ["decided: it goes to the shopper"] = new TradeStep.Settle(Amount, IsLast: true),
        ["decided: a part goes to her"] = new TradeStep.Settle(1, IsLast: true),
        ["decided: it stays"] = new TradeStep.Settle(0, IsLast: true),
        ["the bank refuses it"] = new TradeStep.TakeBack(1, IsRefused: true),
    };

    private static readonly Gen<DeliveryMethod> Methods = Gen.Int[0, 4].Select(static number => (DeliveryMethod)number);

    private static readonly Gen<(EscrowTerms Terms, (TradeStep Step, int Hours)[] Steps)> Histories = Gen.Select(
        Gen.Select(Methods, Gen.Int[1, 45 * 24], Gen.Int[24, 45 * 24], static (method, ship, confirm) =>
            new EscrowTerms(method, TimeSpan.FromHours(ship), TimeSpan.FromHours(confirm))),
        Gen.Select(
            Gen.OneOf(
                Gen.OneOf([.. Steps.Values.Where(static step => step is not TradeStep.TakeBack)]),
                Gen.Select(Methods, Gen.Int[0, 2], static TradeStep (method, number) => new TradeStep.Ship(new Shipping(method, "EMS", $"{number}"))),
                Gen.Select(Gen.Bool, Gen.Int[1, 15], static TradeStep (isShopper, days) => new TradeStep.Extend(isShopper ? Side.Shopper : Side.Merchant, days)),
                Gen.Const<TradeStep>(new TradeStep.TimeUp())),
            Gen.OneOf(Gen.Int[0, 2], Gen.Int[0, 400])).Array[0, 40]);

    [Theory]
    [InlineData("HELD", "Shipped", "TradeNotShipped", "TradeNotShipped", "GivenBack", "TradeNotOverdue", Nothing, "Leased", "Claimed")]
    [InlineData("HELD, late", "Shipped", "TradeNotShipped", "TradeNotShipped", "GivenBack", "TradeNotOverdue", "ShippingOverdue", "Leased", "Claimed")]
    [InlineData("HELD, late, frozen", "Shipped", "TradeNotShipped", "TradeNotShipped", "TradeFrozen", "TradeFrozen", Nothing, "Leased", "Claimed")]
    [InlineData("HELD, overdue", "Shipped", "TradeNotShipped", "TradeNotShipped", "GivenBack", "GivenBack", Nothing, "Leased", "Claimed")]
    [InlineData("HELD, overdue to the end", "Shipped", "TradeNotShipped", "TradeNotShipped", "GivenBack", "GivenBack", "GivenBack", "Leased", "Claimed")]
    [InlineData("HELD, overdue, leased", "Shipped", "TradeNotShipped", "TradeNotShipped", "GivenBack", "GivenBack", Nothing, Nothing, "Claimed")]
    [InlineData("SHIPPED", "Corrected", "Extended", "Released", "TradeShipped", "TradeShipped", Nothing, "Leased", "Claimed")]
    [InlineData("SHIPPED, due", "Corrected", "Extended", "Released", "TradeShipped", "TradeShipped", "Released", "Leased", "Claimed")]
    [InlineData("SHIPPED, due, leased", "Corrected", "Extended", "TradeLeased", "TradeShipped", "TradeShipped", Nothing, Nothing, "Claimed")]
    [InlineData("SHIPPED, due, lease over", "Corrected", "Extended", "Released", "TradeShipped", "TradeShipped", "Released", "Leased", "Claimed")]
    [InlineData("SHIPPED, due, frozen", "Corrected", "Extended", "TradeFrozen", "TradeShipped", "TradeShipped", Nothing, "Leased", "Claimed")]
    [InlineData("SHIPPED, all used", "TradeShipped", "TradeExtended", "Released", "TradeShipped", "TradeShipped", Nothing, Nothing, "Claimed")]
    [InlineData("CLAIMED", "TradeClaimed", "TradeClaimed", "TradeClaimed", "TradeClaimed", "TradeClaimed", Nothing, "TradeClaimed", "TradeClaimed")]
    [InlineData("CLAIMED, frozen", "TradeClaimed", "TradeClaimed", "TradeClaimed", "TradeClaimed", "TradeClaimed", Nothing, "TradeClaimed", "TradeClaimed")]
    [InlineData("FINISHED", "TradeFinished", "TradeFinished", "TradeFinished", "TradeFinished", "TradeFinished", Nothing, "TradeFinished", "TradeFinished")]
    [InlineData("CLOSED", "TradeClosed", "TradeClosed", "TradeClosed", Nothing, Nothing, Nothing, "TradeClosed", "TradeClosed")]
    public void Every_step_on_every_trade_has_this_outcome(
        string trade, string ship, string extend, string confirm, string cancel, string takeBack, string timeUp, string lease, string claim) =>
        Steps.Take(8).Select(step => Name(Trades[trade].Decide(step.Value, Now))).Should().Equal(
            ship, extend, confirm, cancel, takeBack, timeUp, lease, claim);

    [Theory]
    [InlineData("HELD", "TradeNotClaimed", "TradeNotClaimed", "TradeNotClaimed", "Frozen", Nothing)]
    [InlineData("SHIPPED", "TradeNotClaimed", "TradeNotClaimed", "TradeNotClaimed", "Frozen", Nothing)]
    [InlineData("SHIPPED, due, frozen", "TradeNotClaimed", "TradeNotClaimed", "TradeNotClaimed", Nothing, "Unfrozen")]
    [InlineData("CLAIMED", "ClaimEnded", "GivenBack", "Released", "Frozen", Nothing)]
    [InlineData("CLAIMED, frozen", "ClaimEnded", "TradeFrozen", "TradeFrozen", Nothing, "Unfrozen")]
    [InlineData("FINISHED", "TradeFinished", "TradeFinished", "TradeFinished", "TradeFinished", "TradeFinished")]
    [InlineData("CLOSED", "TradeClosed", "TradeClosed", "TradeClosed", "TradeClosed", "TradeClosed")]
    public void Claims_and_operators_can_do_this(string trade, string ends, string granted, string rejected, string freeze, string unfreeze) =>
        Steps.Skip(8).Take(5).Select(step => Name(Trades[trade].Decide(step.Value, Now))).Should().Equal(ends, granted, rejected, freeze, unfreeze);

    [Theory]
    [InlineData("HELD", "GivenBack", "GivenBack", "RefundExceeds")]
    [InlineData("HELD, overdue", "GivenBack", "GivenBack", "RefundExceeds")]
    [InlineData("SHIPPED", "GivenBack", "GivenBack", "RefundExceeds")]
    [InlineData("SHIPPED, due", "GivenBack", "GivenBack", "RefundExceeds")]
    [InlineData("SHIPPED, due, frozen", "TradeFrozen", "TradeFrozen", "TradeFrozen")]
    [InlineData("CLAIMED", "TradeClaimed", "TradeClaimed", "TradeClaimed")]
    [InlineData("FINISHED", "TradeFinished", "TradeFinished", "TradeFinished")]
    [InlineData("CLOSED", "TradeClosed", "TradeClosed", "TradeClosed")]
    public void A_merchant_gives_back_what_is_held(string trade, string part, string all, string tooMuch) =>
        Steps.Skip(13).Take(3).Select(step => Name(Trades[trade].Decide(step.Value, Now))).Should().Equal(part, all, tooMuch);

    [Fact]
    public void A_part_that_goes_back_leaves_the_trade_running_and_the_rest_closes_it()
    {
        var left = Shipped.Apply(Shipped.Decide(new TradeStep.GiveBack(Amount - 1), Now).Event!);
        (left.State, left.Held, left.DueAt).Should().Be((TradeState.Shipped, 1, Shipped.DueAt));

        var closed = left.Apply(left.Decide(new TradeStep.GiveBack(1), Now).Event!);
        (closed.State, closed.Held, closed.DueAt, closed.EndedAt).Should().Be((TradeState.Closed, 0, null, Now));
    }

    [Theory]
    [InlineData("HELD", Nothing, "Settled", "Settled", "Settled")]
    [InlineData("HELD, late, frozen", "Frozen", "TradeFrozen", "TradeFrozen", "TradeFrozen")]
    [InlineData("SHIPPED, due, refused", "RefundUndecided", "Settled", "Settled", "Settled")]
    [InlineData("CLAIMED", Nothing, "RefundExceeds", "Settled", "Settled")]
    [InlineData("CLAIMED, refused", "RefundUndecided", "RefundExceeds", "Settled", "Settled")]
    [InlineData("FINISHED", "TradeFinished", "TradeFinished", "TradeFinished", "TradeFinished")]
    [InlineData("CLOSED", "TradeClosed", "TradeClosed", "TradeClosed", "TradeClosed")]
    public void What_the_bank_has_refused_is_decided_like_this(string trade, string unfreeze, string all, string part, string nothing) =>
        Steps.Skip(16).Take(4).Select(step => Name(Trades[trade].Decide(step.Value, Now))).Should().Equal(unfreeze, all, part, nothing);

    [Theory]
    [InlineData("SHIPPED", TradeState.Shipped, Amount + 1, Trade.RefundDeclined)]
    [InlineData("SHIPPED, due, frozen", TradeState.Shipped, Amount + 1, "wang")]
    [InlineData("CLAIMED", TradeState.Claimed, Amount + 1, Trade.RefundDeclined)]
    [InlineData("CLOSED", TradeState.Held, 1, Trade.RefundDeclined)]
    [InlineData("FINISHED", TradeState.Shipped, 1, Trade.RefundDeclined)]
    public void What_the_bank_refuses_is_held_again_and_the_trade_waits_for_operators(string trade, TradeState state, long held, string frozenBy)
    {
        var again = After(Trades[trade], new TradeStep.TakeBack(1, IsRefused: true));

        (again.State, again.Held, again.FrozenBy).Should().Be((state, held, frozenBy));
        (again.DueAt is null).Should().Be(state == TradeState.Claimed, "a timer runs in all other states");
        (again.EndedAt is null).Should().BeTrue();
        again.Decide(new TradeStep.TimeUp(), Now.AddYears(1)).Should().Be(TradeDecision.Nothing);
    }

    [Theory]
    [InlineData("SHIPPED", TradeState.Shipped, Amount + 1)]
    [InlineData("CLOSED", TradeState.Held, 1)]
    public void What_the_merchant_withdraws_is_held_again_and_the_trade_goes_on(string trade, TradeState state, long held)
    {
        var again = After(Trades[trade], new TradeStep.TakeBack(1, IsRefused: false));

        (again.State, again.Held, again.FrozenBy, again.EndedAt).Should().Be((state, held, null, null));
        again.DueAt.Should().Be(Trades[trade].DueAt ?? Trades[trade].ShipBy, "her time and the merchant's are as they were");
    }

    [Fact]
    public void A_refund_of_all_that_does_not_happen_shortens_no_time_and_makes_none_longer()
    {
        var held = Trade.Begin(Shipped.Terms, Amount, Paid);
        var overdue = held.Apply(new TradeEvent.ShippingOverdue(held.DueAt!.Value + Trade.OverdueTime));
        var shipped = After(held, new TradeStep.Ship(Parcel));
        var extended = After(After(shipped, new TradeStep.Extend(Side.Shopper, 3)), new TradeStep.Extend(Side.Merchant, 2));
        foreach (var before in new[] { held, overdue, shipped, extended })
        {
            foreach (var isRefused in new[] { false, true })
            {
                var closed = After(before, new TradeStep.GiveBack(Amount));

                After(closed, new TradeStep.TakeBack(Amount, isRefused)).Should().Be(
                    before with { Moves = before.Moves + 2, FrozenBy = isRefused ? Trade.RefundDeclined : null });
            }
        }

        var corrected = After(shipped, new TradeStep.Ship(Other));
        After(After(corrected, new TradeStep.GiveBack(Amount)), new TradeStep.TakeBack(Amount, IsRefused: false)).DueAt.Should().BeOnOrAfter(corrected.DueAt!.Value);
    }

    [Fact]
    public void A_trade_that_was_stopped_leaves_both_sides_a_day()
    {
        After(Trades["SHIPPED, due, frozen"], new TradeStep.Unfreeze(HasRefused: false)).DueAt.Should().Be(Now + Trade.LeastTime);
        After(Shipped with { DueAt = Now.AddDays(3), FrozenBy = "wang" }, new TradeStep.Unfreeze(HasRefused: false)).DueAt.Should().Be(Now.AddDays(3));
        After(Trades["CLAIMED, frozen"], new TradeStep.Unfreeze(HasRefused: false)).DueAt.Should().BeNull();
        After(Trades["SHIPPED, due, refused"], new TradeStep.Settle(0, IsLast: true)).DueAt.Should().Be(Now + Trade.LeastTime);
    }

    [Fact]
    public void A_stop_of_an_operator_gives_way_to_what_the_bank_has_refused()
    {
        var stopped = After(Trades["SHIPPED, due, frozen"], new TradeStep.Unfreeze(HasRefused: true));

        (stopped.FrozenBy, stopped.DueAt).Should().Be((Trade.RefundDeclined, Trades["SHIPPED, due, frozen"].DueAt));
    }

    [Fact]
    public void A_trade_goes_on_when_the_last_refused_refund_is_decided()
    {
        var refused = Shipped with { FrozenBy = Trade.RefundDeclined };

        var first = After(refused, new TradeStep.Settle(1, IsLast: false));
        (first.State, first.Held, first.FrozenBy, first.DueAt).Should().Be((TradeState.Shipped, Amount - 1, Trade.RefundDeclined, refused.DueAt));

        var stays = After(first, new TradeStep.Settle(0, IsLast: true));
        (stays.State, stays.Held, stays.FrozenBy).Should().Be((TradeState.Shipped, Amount - 1, null));

        var all = After(first, new TradeStep.Settle(Amount - 1, IsLast: true));
        (all.State, all.Held, all.FrozenBy, all.EndedAt).Should().Be((TradeState.Closed, 0, null, Now));
    }

    [Fact]
    public void The_tables_name_every_state_and_every_step()
    {
        Trades.Values.Select(trade => trade.State).Distinct().Should().BeEquivalentTo(Enum.GetValues<TradeState>());
        Steps.Values.Select(step => step.GetType()).Distinct().Should()
            .BeEquivalentTo(typeof(TradeStep).GetNestedTypes().Where(type => type.IsSubclassOf(typeof(TradeStep))));
    }

    [Fact]
    public void The_same_shipping_again_changes_nothing_and_another_one_is_the_only_correction()
    {
        var trade = Held.Apply(Held.Decide(new TradeStep.Ship(Parcel), Now).Event!);
        trade.Should().Be(Held with { State = TradeState.Shipped, Shipping = Parcel, ShippedAt = Now, DueAt = Now.AddDays(10), Moves = 1 });

        trade.Decide(new TradeStep.Ship(Parcel), Now.AddDays(1)).Should().Be(TradeDecision.Nothing);
        trade = trade.Apply(trade.Decide(new TradeStep.Ship(Other), Now.AddDays(1)).Event!);
        trade.DueAt.Should().Be(Now.AddDays(11), "the clock starts again");
        trade.Decide(new TradeStep.Ship(Other), Now.AddDays(1)).Should().Be(TradeDecision.Nothing);
        trade.Decide(new TradeStep.Ship(Parcel), Now.AddDays(1)).Refusal.Should().Be(Refusal.TradeShipped);
    }

    [Theory]
    [InlineData(DeliveryMethod.Auto, 10)]
    [InlineData(DeliveryMethod.Express, 10)]
    [InlineData(DeliveryMethod.Surface, 30)]
    public void Another_method_than_agreed_never_shortens_the_time_that_she_was_shown(DeliveryMethod method, int days) =>
        Terms.ConfirmTime(method).Should().Be(TimeSpan.FromDays(days));

    [Fact]
    public void The_time_can_be_extended_by_the_days_that_are_left_and_by_no_more() =>
        Gen.Long[0, Trade.LongestConfirmTime.Ticks].Sample(ticks =>
        {
            var trade = Shipped with { DueAt = Shipped.ShippedAt + TimeSpan.FromTicks(ticks) };
            var left = trade.FindDaysLeft();

            (left == 0 || trade.Decide(new TradeStep.Extend(Side.Merchant, left), Now).Event is TradeEvent.Extended).Should().BeTrue();
            (left == Trade.MostExtraDays || trade.Decide(new TradeStep.Extend(Side.Merchant, left + 1), Now).Refusal == Refusal.ExtensionTooLong).Should().BeTrue();
        });

    [Fact]
    public void The_same_extension_again_changes_nothing()
    {
        var extended = Shipped.Apply(Shipped.Decide(new TradeStep.Extend(Side.Merchant, 3), Now).Event!);

        extended.DueAt.Should().Be(Shipped.DueAt!.Value.AddDays(3));
        extended.Decide(new TradeStep.Extend(Side.Merchant, 3), Now).Should().Be(TradeDecision.Nothing);
        extended.Decide(new TradeStep.Extend(Side.Merchant, 4), Now).Refusal.Should().Be(Refusal.TradeExtended);
        Name(extended.Decide(new TradeStep.Extend(Side.Shopper, 15), Now)).Should().Be("Extended");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    public void Only_1_to_15_days_can_be_asked_for(int days) =>
        FluentActions.Invoking(() => Shipped.Decide(new TradeStep.Extend(Side.Shopper, days), Now)).Should().Throw<ArgumentOutOfRangeException>();

    [Fact]
    public void An_extension_past_60_days_after_the_shipping_is_refused()
    {
        var late = Shipped with { DueAt = Shipped.ShippedAt!.Value.AddDays(50) };

        Name(late.Decide(new TradeStep.Extend(Side.Shopper, 10), Now)).Should().Be("Extended");
        late.Decide(new TradeStep.Extend(Side.Shopper, 11), Now).Refusal.Should().Be(Refusal.ExtensionTooLong);
    }

    [Fact]
    public void After_a_claim_the_trade_goes_on_with_what_was_left_and_with_a_day_at_least()
    {
        var claimed = Shipped with { State = TradeState.Claimed, DueAt = null, Left = TimeSpan.FromDays(3) };
        var ended = new TradeStep.EndClaim(ClaimEnd.Unchanged);

        claimed.Decide(ended, Now).Event.Should().Be(new TradeEvent.ClaimEnded(Now.AddDays(3)));
        (claimed with { Left = TimeSpan.Zero }).Decide(ended, Now).Event.Should().Be(new TradeEvent.ClaimEnded(Now.AddHours(24)));
    }

    [Fact]
    public void The_time_to_ship_that_is_shown_is_the_one_that_runs()
    {
        var held = Trade.Begin(Shipped.Terms, Amount, Now);
        held.ShipBy.Should().Be(held.DueAt);
        var claimed = held.Apply(new TradeEvent.Claimed(TimeSpan.Zero));

        claimed.Apply(new TradeEvent.ClaimEnded(Now.AddDays(30))).ShipBy.Should().Be(Now.AddDays(30));
        held.Apply(new TradeEvent.ShippingOverdue(Now.AddDays(40))).ShipBy.Should().Be(held.ShipBy, "what comes after it is the time until the money goes back");
    }

    [Fact]
    public void Whatever_is_asked_all_money_is_held_released_or_given_back_and_at_the_end_none_is_held() => Histories.Sample(history =>
    {
        var given = 0L;
        return History(history).All(step =>
        {
            given += step.Decision.Event switch { TradeEvent.GivenBack back => back.Amount, TradeEvent.Settled settled => settled.Amount, _ => 0 };
            return step.After.Held + step.After.Released + given == Amount
                && step.After.IsOver == (step.After.Held == 0) && step.After.IsOver == (step.After.EndedAt is not null)
                && step.After.Releases == (step.After.State == TradeState.Finished ? 1 : 0);
        });
    });

    [Fact]
    public void Whatever_is_asked_an_ended_trade_stays_as_it_is() => Histories.Sample(history =>
        History(history).Where(step => step.Before.IsOver).All(step => step.Decision.Event is null && step.After == step.Before));

    [Fact]
    public void Whatever_is_asked_a_refusal_comes_without_an_event_and_each_event_is_one_move() => Histories.Sample(history =>
        History(history).All(step => step.Decision.Event is null
            ? step.After == step.Before
            : step.Decision.Refusal is null && step.After.Moves == step.Before.Moves + 1));

    [Fact]
    public void Whatever_is_asked_nothing_is_released_that_is_frozen_leased_or_not_shipped() => Histories.Sample(history =>
        History(history).Where(step => step.Decision.Event is TradeEvent.Released).All(step =>
            step.Before.FrozenBy is null
            && (step.Before.State == TradeState.Claimed || (step.Before.State == TradeState.Shipped && !step.Before.IsLeased(step.At)))));

    [Fact]
    public void Whatever_is_asked_a_timer_runs_exactly_while_no_claim_is_open_and_the_trade_is_not_over() => Histories.Sample(history =>
        History(history).All(step => step.After.DueAt is not null == step.After.State is TradeState.Held or TradeState.Shipped)
        && History(history).All(step => step.After.Left is not null == (step.After.State == TradeState.Claimed)));

    [Fact]
    public void Whatever_is_asked_the_time_for_the_confirmation_only_gets_longer_and_never_passes_its_bound() => Histories.Sample(history =>
        History(history).Where(step => step.After.State == TradeState.Shipped && step.Before.State == TradeState.Shipped).All(step =>
            step.After.DueAt >= step.Before.DueAt
            && (step.After.DueAt == step.Before.DueAt
                || step.After.DueAt <= step.After.ShippedAt + Trade.LongestConfirmTime
                || (step.Decision.Event is TradeEvent.Unfrozen or TradeEvent.Settled && step.After.DueAt == step.At + Trade.LeastTime))));

    [Fact]
    public void Whatever_is_asked_each_side_extends_once_and_a_form_delays_twice() => Histories.Sample(history =>
    {
        var events = History(history).Select(step => step.Decision.Event).ToList();
        return events.Count(happened => happened is TradeEvent.Extended { By: Side.Shopper }) <= 1
            && events.Count(happened => happened is TradeEvent.Extended { By: Side.Merchant }) <= 1
            && events.Count(happened => happened is TradeEvent.Corrected) <= 1
            && events.Count(happened => happened is TradeEvent.Leased) <= Trade.MostLeases;
    });

    [Fact]
    public void Whatever_was_asked_a_trade_without_a_claim_and_a_freeze_ends_by_itself() => Histories.Sample(history =>
    {
        var trade = History(history).Select(step => step.After).LastOrDefault() ?? Trade.Begin(history.Terms, Amount, Paid);
        trade = trade with { FrozenBy = null };
        for (var round = 0; round < 2 && trade.State is TradeState.Held or TradeState.Shipped; round++)
        {
            var at = trade.LeasedUntil > trade.DueAt ? trade.LeasedUntil.Value : trade.DueAt!.Value;
            trade = trade.Apply(trade.Decide(new TradeStep.TimeUp(), at).Event!);
        }

        return trade.IsOver || trade.State == TradeState.Claimed;
    });

    private static IEnumerable<(Trade Before, TradeDecision Decision, Trade After, DateTimeOffset At)> History((EscrowTerms Terms, (TradeStep Step, int Hours)[] Steps) history)
    {
        var (trade, at) = (Trade.Begin(history.Terms, Amount, Paid), Paid);
        foreach (var (step, hours) in history.Steps)
        {
            at += TimeSpan.FromHours(hours);
            var decision = trade.Decide(step, at);
            var after = decision.Event is { } happened ? trade.Apply(happened) : trade;
            yield return (trade, decision, after, at);
            trade = after;
        }
    }

    private static Trade After(Trade trade, TradeStep step) => trade.Apply(trade.Decide(step, Now).Event!);

    private static string Name(TradeDecision decision) => decision.Event?.GetType().Name ?? decision.Refusal?.ToString() ?? Nothing;
}
