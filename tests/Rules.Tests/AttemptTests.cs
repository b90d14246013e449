using Lakala.Rules.Attempts;
using Lakala.Vocabulary;

namespace Lakala.Rules.Tests;

/// <summary>The attempt's state machine, and the meaning of the bank's answers.</summary>
public sealed class AttemptTests
{
    private const string Rrn = "000000000042";
    private const string Terminal = "T0000001";

    private static readonly Money Amount = new(1_000, Money.Cny);
    private static readonly BankAnswer Approval = new("00", "A1B2C3", Amount, Rrn, Terminal);
    private static readonly AttemptMove Reversal = new(AttemptState.Reversing, "68", Refusal.NoAnswerFromBank, null);

    [Fact]
    public void From_every_state_only_these_moves_lead_on()
    {
        var all = Enum.GetValues<AttemptState>();
        var moves = from state in all from next in all where Attempt.CanMove(state, next) select (state, next);

        moves.Should().BeEquivalentTo(
        [
            (AttemptState.Sent, AttemptState.Approved),
            (AttemptState.Sent, AttemptState.Declined),
            (AttemptState.Sent, AttemptState.NotSent),
            (AttemptState.Sent, AttemptState.Reversing),
            (AttemptState.Reversing, AttemptState.Reversed),
        ]);
    }

    [Fact]
    public void This_approval_settles() => Decide(Approval).Should().Be(new AttemptMove(AttemptState.Approved, "00", null, "A1B2C3"));

    public static TheoryData<string, BankAnswer> OtherApprovals => new()
    {
        { "another amount", Approval with { Amount = new Money(999, Money.Cny) } },
        { "another currency", Approval with { Amount = new Money(1_000, "USD") } },
        { "no amount", Approval with { Amount = null } },
        { "another RRN", Approval with { Rrn = "000000000043" } },
        { "no RRN", Approval with { Rrn = null } },
        { "another terminal", Approval with { Terminal = "T0000002" } },
        { "no terminal", Approval with { Terminal = null } },
        { "no authorisation code", Approval with { AuthorisationCode = null } },
        { "an empty authorisation code", Approval with { AuthorisationCode = "" } },
        { "a blank authorisation code", Approval with { AuthorisationCode = "      " } },
        { "a partial approval", Approval with { ResponseCode = "10" } },
        { "an approval with identification", Approval with { ResponseCode = "08" } },
        { "an empty code", Approval with { ResponseCode = "" } },
        { "a longer code", Approval with { ResponseCode = "000" } },
    };

    [Theory]
    [MemberData(nameof(OtherApprovals))]
    public void An_approval_of_anything_else_is_reversed(string what, BankAnswer answer) => Decide(answer).Should().Be(Reversal, what);

    [Fact]
    public void Only_the_frozen_codes_decline_and_every_other_code_is_reversed()
    {
        string[] frozen = ["05", "14", "41", "43", "51", "54", "55", "61", "75"];
        const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ ";
        var codes = from first in Alphabet from second in Alphabet select $"{first}{second}";

        foreach (var code in codes.Where(code => code != "00"))
        {
            Decide(Approval with { ResponseCode = code }).Should().Be(
                frozen.Contains(code) ? new AttemptMove(AttemptState.Declined, code, Refusal.DeclinedByBank, null) : Reversal);
        }
    }

    [Fact]
    public void A_decline_needs_neither_amount_nor_terminal_but_the_RRN()
    {
        var decline = new BankAnswer("51", null, null, Rrn, null);

        Decide(decline).To.Should().Be(AttemptState.Declined);
        Decide(decline with { Rrn = "000000000043" }).Should().Be(Reversal);
        Decide(decline with { Rrn = null }).Should().Be(Reversal);
    }

    [Fact]
    public void No_answer_is_reversed() => Attempt.Decide(new BankOutcome.NoAnswer(), Amount, Rrn, Terminal).Should().Be(Reversal);

    [Theory]
    [InlineData(Refusal.BankNotReachable, "92")]
    [InlineData(Refusal.PinBlockUnreadable, "30")]
    public void What_was_never_sent_is_told_by_its_reason(Refusal why, string code) =>
        Attempt.Decide(new BankOutcome.NotSent(why), Amount, Rrn, Terminal).Should().Be(new AttemptMove(AttemptState.NotSent, code, why, null));

    [Fact]
    public void Every_outcome_leads_where_an_attempt_that_is_SENT_may_go()
    {
        foreach (var outcome in new BankOutcome[]
        {
            new BankOutcome.Answered(Approval),
            new BankOutcome.Answered(Approval with { ResponseCode = "51" }),
            new BankOutcome.Answered(Approval with { ResponseCode = "96" }),
            new BankOutcome.NotSent(Refusal.BankNotReachable),
            new BankOutcome.NoAnswer(),
        })
        {
            Attempt.CanMove(AttemptState.Sent, Attempt.Decide(outcome, Amount, Rrn, Terminal).To).Should().BeTrue();
        }
    }

    [Theory]
    [InlineData(AttemptState.Sent, "09", Refusal.InProgress)]
    [InlineData(AttemptState.Approved, "00", null)]
    [InlineData(AttemptState.Declined, "51", Refusal.DeclinedByBank)]
    [InlineData(AttemptState.NotSent, "92", Refusal.BankNotReachable)]
    [InlineData(AttemptState.Reversing, "68", Refusal.NoAnswerFromBank)]
    [InlineData(AttemptState.Reversed, "68", Refusal.NoAnswerFromBank)]
    [InlineData(AttemptState.Void, "25", Refusal.NeverHappened)]
    [InlineData(AttemptState.Refused, "13", Refusal.AmountWrong)]
    public void A_repeat_hears_what_stands_under_the_key(AttemptState state, string code, Refusal? reason)
    {
        var isStored = state is AttemptState.Approved or AttemptState.Declined or AttemptState.NotSent or AttemptState.Refused;

        Attempt.Answer(state, isStored ? code : null, isStored ? reason : null).Should().Be((code, reason));
    }

    [Fact]
    public void Every_state_but_SENT_has_a_final_answer()
    {
        foreach (var state in Enum.GetValues<AttemptState>())
        {
            var (_, reason) = Attempt.Answer(state, "00", null);

            (reason is null || reason.Value.IsFinal()).Should().Be(state != AttemptState.Sent, state.ToString());
        }
    }

    [Theory]
    [InlineData(AttemptState.Approved)]
    [InlineData(AttemptState.Declined)]
    [InlineData(AttemptState.NotSent)]
    [InlineData(AttemptState.Refused)]
    public void A_final_state_without_its_answer_is_a_fault_not_a_guess(AttemptState state) =>
        FluentActions.Invoking(() => Attempt.Answer(state, null, null)).Should().Throw<InvalidOperationException>();

    [Fact]
    public void A_key_prints_as_it_is_spoken_of() => new SwipeKey(Terminal, 3, 42).ToString().Should().Be("T0000001/000003/000042");

    private static AttemptMove Decide(BankAnswer answer) => Attempt.Decide(new BankOutcome.Answered(answer), Amount, Rrn, Terminal);
}
