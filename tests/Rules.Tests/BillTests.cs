using CsCheck;
using Lakala.Rules.Bills;
using Lakala.Vocabulary;

namespace Lakala.Rules.Tests;

/// <summary>The bill's state machine: every state and step in a table, then random steps.</summary>
public sealed class BillTests
{
    private const string Nothing = "nothing";

    private static readonly DateTimeOffset Now = new(2030, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);
    private static readonly Money Amount = new(1_000, Money.Cny);

    // Over: past its time and not held. Kept: past its time and held. Held: in time and held, as often as may be.
    private static readonly Dictionary<string, Bill> Bills = new()
    {
        ["OPEN"] = new(BillState.Open, Amount, Now + Moment, null, 0),
        ["OPEN, was held"] = new(BillState.Open, Amount, Now + Moment, Now, 1),
        ["OPEN, held"] = new(BillState.Open, Amount, Now + Moment, Now + Moment, Bill.MaxHolds),
        ["OPEN, kept"] = new(BillState.Open, Amount, Now, Now + Moment, 1),
        ["OPEN, kept to the last"] = new(BillState.Open, Amount, Now, Now + Moment, Bill.MaxHolds),
        ["OPEN, over"] = new(BillState.Open, Amount, Now, null, 0),
        ["OPEN, hold over"] = new(BillState.Open, Amount, Now, Now, 1),
        ["PAYING"] = new(BillState.Paying, Amount, Now + Moment, null, 1),
        ["PAYING, over"] = new(BillState.Paying, Amount, Now, null, 1),
        ["PAID"] = new(BillState.Paid, Amount, Now, null, 1),
        ["EXPIRED"] = new(BillState.Expired, Amount, Now, null, 0),
        ["CANCELLED"] = new(BillState.Cancelled, Amount, Now + Moment, null, 0),
    };

    private static readonly Dictionary<string, BillStep> Steps = new()
    {
        ["hold"] = new BillStep.Hold(),
        ["pay"] = new BillStep.StartPayment(Amount),
        ["settle"] = new BillStep.Settle(),
        ["reopen"] = new BillStep.Reopen(),
        ["expire"] = new BillStep.Expire(),
        ["cancel"] = new BillStep.Cancel(),
    };

    private static readonly Gen<(BillStep Step, int Seconds)[]> Histories = Gen.Select(
        Gen.OneOf(
            Gen.OneOf([.. Steps.Values]),
            Gen.Long[999, 1_001].Select(BillStep (minor) => new BillStep.StartPayment(new Money(minor, Money.Cny)))),
        Gen.Int[0, 120]).Array[0, 40];

    [Theory]
    [InlineData("OPEN", "Held", "PaymentStarted", "NoAnswerFromBank", "NoAnswerFromBank", Nothing, "Cancelled")]
    [InlineData("OPEN, was held", "Held", "PaymentStarted", "NoAnswerFromBank", "NoAnswerFromBank", Nothing, "Cancelled")]
    [InlineData("OPEN, held", Nothing, "PaymentStarted", "NoAnswerFromBank", "NoAnswerFromBank", "BillHeld", "BillHeld")]
    [InlineData("OPEN, kept", "Held", "PaymentStarted", "NoAnswerFromBank", "NoAnswerFromBank", "BillHeld", "BillHeld")]
    [InlineData("OPEN, kept to the last", Nothing, "PaymentStarted", "NoAnswerFromBank", "NoAnswerFromBank", "BillHeld", "BillHeld")]
    [InlineData("OPEN, over", "BillExpired", "BillExpired", "NoAnswerFromBank", "NoAnswerFromBank", "Expired", "Cancelled")]
    [InlineData("OPEN, hold over", "BillExpired", "BillExpired", "NoAnswerFromBank", "NoAnswerFromBank", "Expired", "Cancelled")]
    [InlineData("PAYING", "BillBeingPaid", "BillBeingPaid", "Paid", "Reopened", "BillBeingPaid", "BillBeingPaid")]
    [InlineData("PAYING, over", "BillBeingPaid", "BillBeingPaid", "Paid", "Reopened", "BillBeingPaid", "BillBeingPaid")]
    [InlineData("PAID", "BillPaid", "BillPaid", "BillPaid", "BillPaid", "BillPaid", "BillPaid")]
    [InlineData("EXPIRED", "BillExpired", "BillExpired", "BillExpired", "BillExpired", "BillExpired", "BillExpired")]
    [InlineData("CANCELLED", "BillCancelled", "BillCancelled", "BillCancelled", "BillCancelled", "BillCancelled", "BillCancelled")]
    public void Every_step_on_every_bill_has_this_outcome(
        string bill, string hold, string pay, string settle, string reopen, string expire, string cancel)
    {
        var outcomes = Steps.ToDictionary(step => step.Key, step => Name(Bills[bill].Decide(step.Value, Now)));

        outcomes.Should().Equal(new Dictionary<string, string>
        {
            ["hold"] = hold,
            ["pay"] = pay,
            ["settle"] = settle,
            ["reopen"] = reopen,
            ["expire"] = expire,
            ["cancel"] = cancel,
        });
    }

    [Theory]
    [InlineData(72 * 60, 360.0)]
    [InlineData(48 * 60, 360.0)]
    [InlineData(8 * 60, 60.0)]
    [InlineData(60, 7.5)]
    [InlineData(59, null)]
    public void The_reminder_comes_an_eighth_of_the_time_before_the_end_and_six_hours_at_the_most(int minutes, double? ahead) =>
        Bill.ReminderAt(Now, Now.AddMinutes(minutes)).Should().Be(ahead is { } before ? Now.AddMinutes(minutes - before) : null);

    [Fact]
    public void The_table_names_every_state_and_every_step()
    {
        Bills.Values.Select(bill => bill.State).Distinct().Should().BeEquivalentTo(Enum.GetValues<BillState>());
        Steps.Values.Select(step => step.GetType()).Should()
            .BeEquivalentTo(typeof(BillStep).GetNestedTypes().Where(type => type.IsSubclassOf(typeof(BillStep))));
    }

    [Theory]
    [InlineData(1_000, "CNY", "PaymentStarted")]
    [InlineData(999, "CNY", "AmountWrong")]
    [InlineData(1_001, "CNY", "AmountWrong")]
    [InlineData(0, "CNY", "AmountWrong")]
    [InlineData(-1_000, "CNY", "AmountWrong")]
    [InlineData(1_000, "USD", "CurrencyWrong")]
    [InlineData(999, "USD", "CurrencyWrong")]
    public void Only_exactly_the_bills_amount_is_paid(long minor, string currency, string outcome) =>
        Name(Bills["OPEN"].Decide(new BillStep.StartPayment(new Money(minor, currency)), Now)).Should().Be(outcome);

    [Fact]
    public void Of_several_reasons_the_lowest_is_told() =>
        Name(Bills["PAID"].Decide(new BillStep.StartPayment(new Money(1, "USD")), Now)).Should().Be("BillPaid");

    [Fact]
    public void A_lookup_holds_for_three_minutes_and_at_most_twice()
    {
        var bill = Bills["OPEN"];
        var first = bill.Decide(new BillStep.Hold(), Now);
        first.Event.Should().Be(new BillEvent.Held(Now + TimeSpan.FromMinutes(3)));
        bill = bill.Apply(first.Event!);

        bill.IsHeld(Now + TimeSpan.FromMinutes(3) - Moment).Should().BeTrue();
        bill.IsHeld(Now + TimeSpan.FromMinutes(3)).Should().BeFalse();
        bill = bill.Apply(bill.Decide(new BillStep.Hold(), Now).Event!);
        bill.Decide(new BillStep.Hold(), Now).Should().Be(BillDecision.Nothing);
    }

    [Fact]
    public void Each_event_leads_to_its_state_and_touches_nothing_else()
    {
        var bill = Bills["OPEN, held"];
        foreach (var (happened, state) in new (BillEvent, BillState)[]
        {
            (new BillEvent.PaymentStarted(), BillState.Paying),
            (new BillEvent.Paid(), BillState.Paid),
            (new BillEvent.Reopened(), BillState.Open),
            (new BillEvent.Expired(), BillState.Expired),
            (new BillEvent.Cancelled(), BillState.Cancelled),
        })
        {
            bill.Apply(happened).Should().Be(bill with { State = state });
        }

        bill.Apply(new BillEvent.Held(Now)).Should().Be(bill with { HeldUntil = Now, Holds = bill.Holds + 1 });
    }

    [Fact]
    public void Whatever_is_asked_PAID_is_final_and_comes_from_PAYING_alone() => Histories.Sample(history =>
        History(history).All(step =>
            (step.Before.State != BillState.Paid || step.After == step.Before)
            && (step.After.State != BillState.Paid || step.Before.State is BillState.Paying or BillState.Paid)));

    [Fact]
    public void Whatever_is_asked_only_PAYING_lies_between_OPEN_and_PAID_and_closed_bills_stay_closed() => Histories.Sample(history =>
        History(history).All(step => (step.Before.State, step.After.State) is
            (BillState.Open, not BillState.Paid)
            or (BillState.Paying, BillState.Paying or BillState.Paid or BillState.Open)
            or (BillState.Paid, BillState.Paid)
            or (BillState.Expired, BillState.Expired)
            or (BillState.Cancelled, BillState.Cancelled)));

    [Fact]
    public void Whatever_is_asked_a_refusal_comes_without_an_event_and_changes_nothing() => Histories.Sample(history =>
        History(history).All(step => step.Decision.Refusal is null || (step.Decision.Event is null && step.After == step.Before)));

    [Fact]
    public void Whatever_is_asked_a_bill_is_held_at_most_twice_and_its_amount_and_time_stay() => Histories.Sample(history =>
        History(history).All(step =>
            step.After.Holds is >= 0 and <= Bill.MaxHolds && step.After.Amount == step.Before.Amount && step.After.ExpiresAt == step.Before.ExpiresAt));

    [Fact]
    public void A_held_open_bill_can_be_paid_past_its_time_and_neither_expires_nor_is_cancelled() => Histories.Sample(history =>
        History(history).Where(step => step.Before.State == BillState.Open && step.Before.IsHeld(step.At)).All(step =>
            Name(step.Before.Decide(new BillStep.StartPayment(step.Before.Amount), step.At)) == "PaymentStarted"
            && Name(step.Before.Decide(new BillStep.Expire(), step.At)) == "BillHeld"
            && Name(step.Before.Decide(new BillStep.Cancel(), step.At)) == "BillHeld"));

    [Fact]
    public void Whatever_is_asked_an_open_bill_past_its_time_and_not_held_is_refused_swept_or_not() => Histories.Sample(history =>
        History(history).Where(step => step.Before.State == BillState.Open && step.Before.ExpiresAt <= step.At && !step.Before.IsHeld(step.At)).All(step =>
            Name(step.Before.Decide(new BillStep.StartPayment(step.Before.Amount), step.At)) == "BillExpired"
            && Name(step.Before.Decide(new BillStep.Hold(), step.At)) == "BillExpired"));

    // Bills live for ten minutes here: histories go well past that.
    private static IEnumerable<(Bill Before, BillDecision Decision, Bill After, DateTimeOffset At)> History((BillStep Step, int Seconds)[] history)
    {
        var (bill, at) = (new Bill(BillState.Open, Amount, Now + TimeSpan.FromMinutes(10), null, 0), Now);
        foreach (var (step, seconds) in history)
        {
            at += TimeSpan.FromSeconds(seconds);
            var decision = bill.Decide(step, at);
            var after = decision.Event is { } happened ? bill.Apply(happened) : bill;
            yield return (bill, decision, after, at);
            bill = after;
        }
    }

    private static string Name(BillDecision decision) => decision.Event?.GetType().Name ?? decision.Refusal?.ToString() ?? Nothing;
}
