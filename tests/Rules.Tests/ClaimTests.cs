using CsCheck;
using Lakala.Rules.Claims;
using Lakala.Rules.Trades;
using Lakala.Vocabulary;

namespace Lakala.Rules.Tests;

/// <summary>The claim's state machine: every state and step in a table, each deadline with its consequence, then random steps.</summary>
public sealed class ClaimTests
{
    private const string Nothing = "nothing";
    private const long Amount = 1000;

    private static readonly DateTimeOffset Now = new(2030, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);
    private static readonly ReturnParcel Parcel = new("SF Express", "SF1234567890");

    private static readonly Trade Shipped = Trade.Begin(new EscrowTerms(DeliveryMethod.Express, TimeSpan.FromDays(3), TimeSpan.FromDays(10)), Amount, Now.AddDays(-2)) with
    {
        State = TradeState.Shipped,
        Shipping = new Shipping(DeliveryMethod.Express, "SF Express", "SF1"),
        ShippedAt = Now.AddDays(-1),
        DueAt = Now.AddDays(9),
    };

    private static readonly Trade Finished = Shipped with { State = TradeState.Finished, Held = 0, Released = Amount, Releases = 1, DueAt = null, EndedAt = Now.AddDays(-7) + Moment };

    private static readonly Claim Asked = Claim.Open(ClaimKind.NotAsDescribed, Amount, Shipped, Now);

    private static readonly Dictionary<string, Claim> Claims = new()
    {
        ["ASKED"] = Asked,
        ["ASKED, not received"] = Asked with { Kind = ClaimKind.NotReceived },
        ["ASKED, offer"] = Asked with { Offer = 400 },
        ["RETURNING"] = Asked with { State = ClaimState.Returning },
        ["BACK"] = Asked with { State = ClaimState.Back, Parcel = Parcel },
        ["REFUSED"] = Asked with { State = ClaimState.Refused },
        ["JUDGING"] = Asked with { State = ClaimState.Judging, DueAt = null },
        ["AGREED"] = Asked with { State = ClaimState.Agreed, DueAt = null, Granted = Amount },
        ["AGREED, offer"] = Asked with { State = ClaimState.Agreed, DueAt = null, Offer = 400, Granted = 400 },
        ["AGREED, came back"] = Asked with { State = ClaimState.Agreed, DueAt = null, Parcel = Parcel, Granted = Amount },
        ["JUDGED"] = Asked with { State = ClaimState.Judged, DueAt = null, Granted = 600 },
        ["WITHDRAWN"] = Asked with { State = ClaimState.Withdrawn, DueAt = null },
    };

    private static readonly ClaimStep[] Steps =
    [
        new ClaimStep.Agree(), new ClaimStep.MakeOffer(500), new ClaimStep.AskBack(), new ClaimStep.Refuse(), new ClaimStep.ConfirmReturn(),
        new ClaimStep.AcceptOffer(), new ClaimStep.Escalate(), new ClaimStep.SendBack(Parcel), new ClaimStep.Withdraw(), new ClaimStep.Judge(new Split(600, 400, 0)),
        new ClaimStep.TimeUp(),
    ];

    private static readonly Gen<(ClaimStep Step, int Hours)[]> Histories = Gen.Select(
        Gen.OneOf(
            Gen.OneOf([.. Steps.Select(Gen.Const)]),
            Gen.Select(Gen.Long[1, Amount + 1], static ClaimStep (amount) => new ClaimStep.MakeOffer(amount)),
            Gen.Select(Gen.Long[0, Amount], static ClaimStep (amount) => new ClaimStep.Judge(new Split(amount, Amount - amount, 0))),
            Gen.Const<ClaimStep>(new ClaimStep.TimeUp())),
        Gen.OneOf(Gen.Int[0, 2], Gen.Int[0, 400])).Array[0, 30];

    [Theory]
    [InlineData("ASKED", "Agreed", "Offered", "AskedBack", "Refused", "ClaimNotNow", "ClaimNotNow", "ClaimNotNow", "ClaimNotNow", "Withdrawn", "ClaimNotNow")]
    [InlineData("ASKED, not received", "Agreed", "Offered", "ClaimNotNow", "Refused", "ClaimNotNow", "ClaimNotNow", "ClaimNotNow", "ClaimNotNow", "Withdrawn", "ClaimNotNow")]
    [InlineData("ASKED, offer", "Agreed", "Offered", "ClaimOffered", "ClaimOffered", "ClaimNotNow", "Agreed", "Escalated", "ClaimNotNow", "Withdrawn", "ClaimNotNow")]
    [InlineData("RETURNING", "Agreed", "ClaimNotNow", Nothing, "ClaimNotNow", "ClaimNotNow", "ClaimNotNow", "Escalated", "SentBack", "Withdrawn", "ClaimNotNow")]
    [InlineData("BACK", "Agreed", "ClaimNotNow", "ClaimNotNow", "Refused", "Agreed", "ClaimNotNow", "ClaimNotNow", Nothing, "Withdrawn", "ClaimNotNow")]
    [InlineData("REFUSED", "Agreed", "ClaimNotNow", "ClaimNotNow", Nothing, "ClaimNotNow", "ClaimNotNow", "Escalated", "ClaimNotNow", "Withdrawn", "ClaimNotNow")]
    [InlineData("JUDGING", "Agreed", "ClaimNotNow", "ClaimNotNow", "ClaimNotNow", "ClaimNotNow", "ClaimNotNow", Nothing, "ClaimNotNow", "Withdrawn", "Judged")]
    [InlineData("AGREED, offer", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", Nothing, "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver")]
    [InlineData("AGREED, came back", Nothing, "ClaimOver", "ClaimOver", "ClaimOver", Nothing, Nothing, "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver")]
    [InlineData("AGREED", Nothing, "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", Nothing, "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver")]
    [InlineData("JUDGED", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver")]
    [InlineData("WITHDRAWN", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", "ClaimOver", Nothing, "ClaimOver")]
    public void Every_step_on_every_claim_has_this_outcome(string claim, params string[] outcomes) =>
        Steps.Take(10).Select(step => Name(Claims[claim].Decide(step, Now))).Should().Equal(outcomes);

    [Fact]
    public void The_tables_name_every_state_and_every_step()
    {
        Claims.Values.Select(claim => claim.State).Distinct().Should().BeEquivalentTo(Enum.GetValues<ClaimState>());
        Steps.Select(step => step.GetType()).Should().BeEquivalentTo(typeof(ClaimStep).GetNestedTypes().Where(type => type.IsSubclassOf(typeof(ClaimStep))));
    }

    [Theory]
    [InlineData("ASKED", ClaimState.Agreed, Amount)]
    [InlineData("ASKED, not received", ClaimState.Agreed, Amount)]
    [InlineData("ASKED, offer", ClaimState.Agreed, 400L)]
    [InlineData("RETURNING", ClaimState.Withdrawn, null)]
    [InlineData("BACK", ClaimState.Agreed, Amount)]
    [InlineData("REFUSED", ClaimState.Withdrawn, null)]
    public void When_the_time_is_over_the_one_who_had_to_move_has_lost(string claim, ClaimState state, long? granted)
    {
        var due = Claims[claim] with { DueAt = Now };

        (due with { DueAt = Now + Moment }).Decide(new ClaimStep.TimeUp(), Now).Should().Be(ClaimDecision.Nothing);
        var ended = due.Apply(due.Decide(new ClaimStep.TimeUp(), Now).Event!);
        (ended.State, ended.Granted, ended.DueAt, ended.Since).Should().Be((state, granted, null, Now));
    }

    [Theory]
    [InlineData("JUDGING")]
    [InlineData("AGREED")]
    [InlineData("JUDGED")]
    [InlineData("WITHDRAWN")]
    public void No_clock_decides_what_operators_must_and_what_is_over(string claim) =>
        Claims[claim].Decide(new ClaimStep.TimeUp(), Now.AddYears(1)).Should().Be(ClaimDecision.Nothing);

    [Fact]
    public void Each_state_has_its_time()
    {
        Asked.DueAt.Should().Be(Now.AddHours(48));
        Claim.Open(ClaimKind.NotReceived, Amount, Shipped, Now).DueAt.Should().Be(Now.AddHours(48), "the merchant had until tomorrow");
        Claim.Open(ClaimKind.NotReceived, Amount, Shipped, Shipped.ShipBy).DueAt.Should().Be(Shipped.ShipBy.AddHours(24));
        Claim.Open(ClaimKind.NotAsDescribed, Amount, Shipped, Shipped.ShipBy).DueAt.Should().Be(Shipped.ShipBy.AddHours(48));
        After("ASKED", new ClaimStep.MakeOffer(400)).DueAt.Should().Be(Now.AddDays(7));
        After("ASKED", new ClaimStep.AskBack()).DueAt.Should().Be(Now.AddDays(7));
        After("RETURNING", new ClaimStep.SendBack(Parcel)).Should().Match<Claim>(back => back.DueAt == Now.AddDays(10) && back.Parcel == Parcel);
        After("ASKED", new ClaimStep.Refuse()).DueAt.Should().Be(Now.AddDays(7));
        After("REFUSED", new ClaimStep.Escalate()).DueAt.Should().BeNull();
    }

    [Fact]
    public void A_trial_shortens_a_time_and_gives_none()
    {
        var trial = TimeSpan.FromSeconds(5);
        Asked.Within(trial, Now).Should().Be(Asked with { DueAt = Now + trial });
        (Asked with { DueAt = Now + Moment }).Within(trial, Now).DueAt.Should().Be(Now + Moment, "it is shorter already");
        Claims["JUDGING"].Within(trial, Now).DueAt.Should().BeNull();
        Claims.Values.Select(claim => claim.Within(Claim.CheckTime, Now)).Should().Equal(Claims.Values);
    }

    [Theory]
    [InlineData(399, "OfferWrong")]
    [InlineData(400, Nothing)]
    [InlineData(401, "Offered")]
    [InlineData(999, "Offered")]
    [InlineData(1000, "OfferWrong")]
    [InlineData(1001, "OfferWrong")]
    public void An_offer_only_gets_better_and_stays_below_the_claim(long amount, string outcome) =>
        Name(Claims["ASKED, offer"].Decide(new ClaimStep.MakeOffer(amount), Now)).Should().Be(outcome);

    [Fact]
    public void A_better_offer_gives_no_new_time()
    {
        var offered = After("ASKED", new ClaimStep.MakeOffer(400));

        offered.Apply(offered.Decide(new ClaimStep.MakeOffer(500), Now.AddDays(6)).Event!).Should().Match<Claim>(better => better.Offer == 500 && better.DueAt == offered.DueAt);
        Name(Asked.Decide(new ClaimStep.MakeOffer(0), Now)).Should().Be("OfferWrong");
    }

    [Theory]
    [InlineData(600, 400, 0, false, null)]
    [InlineData(0, 1000, 0, false, null)]
    [InlineData(1000, 0, 0, true, null)]
    [InlineData(0, 400, 600, true, null)]
    [InlineData(0, 400, 600, false, Refusal.RulingWrong)]
    [InlineData(600, 399, 0, true, Refusal.RulingWrong)]
    [InlineData(1001, -1, 0, true, Refusal.RulingWrong)]
    [InlineData(-1, 1000, 1, true, Refusal.RulingWrong)]
    [InlineData(long.MaxValue, long.MaxValue, 1002, true, Refusal.RulingWrong)]
    public void A_ruling_splits_the_claimed_amount_and_the_fund_pays_only_what_the_merchant_has(long shopper, long merchant, long guarantee, bool isAfterSale, Refusal? refusal) =>
        (Claims["JUDGING"] with { IsAfterSale = isAfterSale }).WhyNotJudged(new Split(shopper, merchant, guarantee)).Should().Be(refusal);

    [Fact]
    public void What_can_be_claimed_is_what_is_left_of_a_guaranteed_trade_that_is_not_long_over()
    {
        Why(null).Should().Be(Refusal.TradeNone);
        Why(Shipped with { State = TradeState.Closed, EndedAt = Now }).Should().Be(Refusal.TradeClosed);
        Why(Shipped).Should().BeNull();
        Why(Shipped, amount: Amount + 1).Should().Be(Refusal.ClaimExceeds);
        Why(Shipped with { Held = 999 }).Should().Be(Refusal.ClaimExceeds);
        Why(Shipped, claims: 4).Should().BeNull();
        Why(Shipped, claims: 5).Should().Be(Refusal.ClaimsUsedUp);
        Why(Shipped, claims: 1, isOpen: true).Should().Be(Refusal.ClaimOpen);
        Why(Finished).Should().BeNull();
        Why(Finished with { EndedAt = Now.AddDays(-7) }).Should().Be(Refusal.ClaimTooLate);
        Why(Finished, left: 999).Should().Be(Refusal.ClaimExceeds);
        Why(Shipped, refused: 1).Should().Be(Refusal.ClaimExceeds, "two operators decide about it");
        Why(Shipped, refused: 1, amount: Amount - 1).Should().BeNull();
        Claim.Open(ClaimKind.Return, Amount, Finished, Now).IsAfterSale.Should().BeTrue();
        Asked.IsAfterSale.Should().BeFalse();

        static Refusal? Why(Trade? trade, long left = Amount, long refused = 0, long amount = Amount, int claims = 0, bool isOpen = false) =>
            Claim.WhyNot(trade, left, refused, amount, claims, isOpen, Now);
    }

    [Theory]
    [InlineData("AGREED", 1000, ClaimEnd.Granted)]
    [InlineData("AGREED", 400, ClaimEnd.Unchanged)]
    [InlineData("JUDGED", 1000, ClaimEnd.Granted)]
    [InlineData("JUDGED", 600, ClaimEnd.Unchanged)]
    [InlineData("JUDGED", 0, ClaimEnd.Rejected)]
    [InlineData("WITHDRAWN", 0, ClaimEnd.Unchanged)]
    public void The_trade_goes_on_as_the_claim_ended(string claim, long given, ClaimEnd end) => Claims[claim].EndOf(Shipped, given).Should().Be(end);

    [Fact]
    public void What_was_never_shipped_is_not_paid_for_whatever_was_ruled() =>
        Claims["JUDGED"].EndOf(Shipped with { Shipping = null, ShippedAt = null }, 0).Should().Be(ClaimEnd.Unchanged);

    [Fact]
    public void Whatever_is_asked_an_ended_claim_stays_as_it_is_and_each_event_is_one_move() => Histories.Sample(history => History(history).All(step =>
        step.Decision.Event is null
            ? step.After == step.Before
            : step.Decision.Refusal is null && !step.Before.IsOver && step.After.Moves == step.Before.Moves + 1));

    [Fact]
    public void Whatever_is_asked_the_shopper_never_gets_more_than_she_claims() => Histories.Sample(history => History(history).All(step =>
        step.After.Granted is null or (>= 0 and <= Amount) && (step.After.Granted is not null) == step.After.State is ClaimState.Agreed or ClaimState.Judged));

    [Fact]
    public void Whatever_is_asked_a_time_runs_exactly_while_one_of_the_two_has_to_move() => Histories.Sample(history => History(history).All(step =>
        step.After.DueAt is null == (step.After.IsOver || step.After.State == ClaimState.Judging)));

    [Fact]
    public void Whatever_was_asked_a_claim_ends_by_itself_or_waits_for_operators() => Histories.Sample(history =>
    {
        var claim = History(history).Select(step => step.After).LastOrDefault() ?? Asked;
        return claim.DueAt is not { } due || claim.Apply(claim.Decide(new ClaimStep.TimeUp(), due).Event!).IsOver;
    });

    private static Claim After(string claim, ClaimStep step) => Claims[claim].Apply(Claims[claim].Decide(step, Now).Event!);

    private static IEnumerable<(Claim Before, ClaimDecision Decision, Claim After)> History((ClaimStep Step, int Hours)[] history)
    {
        var (claim, at) = (Asked, Now);
        foreach (var (step, hours) in history)
        {
            at += TimeSpan.FromHours(hours);
            var decision = claim.Decide(step, at);
            var after = decision.Event is { } happened ? claim.Apply(happened) : claim;
            yield return (claim, decision, after);
            claim = after;
        }
    }

    private static string Name(ClaimDecision decision) => decision.Event?.GetType().Name ?? decision.Refusal?.ToString() ?? Nothing;
}
