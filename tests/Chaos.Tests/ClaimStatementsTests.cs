using Lakala.Chaos.Audit;
using static Lakala.Chaos.Tests.Doctoring;
using static Lakala.Chaos.Tests.SoundBooks;

namespace Lakala.Chaos.Tests;

/// <summary>Books in which something is wrong with a claim (statements 15 and 25, and 7 and 24 where they are about claims).</summary>
public sealed class ClaimStatementsTests
{
    private readonly SoundBooks _books = new();

    private Evidence Sound => _books.Evidence;

    [Fact]
    public void Statement_7_a_receiver_was_told_another_state_of_a_claim() => Breaks(
        7, Sound.Received(Receiver, receiver => receiver with
        {
            Events = receiver.Events.Change(told => told.Rrn == _books.GrantedClaim && told.Type == "claim.agreed", told => told with { Status = "ASKED" }),
        }),
        "that is not so", "claim.agreed");

    [Theory]
    [InlineData("ASKED", "BACK")]
    [InlineData("ASKED", "JUDGING")]
    public void Statement_15_a_claim_is_where_its_events_do_not_lead(string from, string to) => Breaks(
        15, OfClaim(_books.OpenClaim, claim => claim with { State = from == claim.State ? to : claim.State }), $"A claim is {to}, and its events");

    [Fact]
    public void Statement_15_a_claim_was_judged_before_anybody_called_for_a_ruling() => Breaks(
        [7, 15, 24], Sound.Database(book => book with { Events = book.Events.Without(told => told.Claim == _books.JudgedClaim && told.Type == "claim.judging") }), "do not lead there");

    [Fact]
    public void Statement_15_the_release_of_a_claimed_trade_was_told_before_the_claim_ended() => Breaks(
        15, Sound.Database(book => book with
        {
            Events = book.Events.Change(
                told => told.Bill == _books.Judged.Bill && told.Type == "trade.finished", told => told with { CommittedAt = told.CommittedAt - TimeSpan.FromMilliseconds(1) }),
        }),
        "released while a claim was open", "trade.finished");

    [Fact]
    public void Statement_15_money_was_released_while_a_claim_was_open() => Breaks(
        15, Sound.Database(book => book with
        {
            Postings = [.. book.Postings.Select(line => line.Kind == "release" && line.Bill == _books.Judged.Bill ? line with { CommittedAt = line.CommittedAt - TimeSpan.FromMilliseconds(1) } : line)],
        }),
        "released while a claim was open", "posting rrn");

    [Fact]
    public void Statement_14_the_sweep_has_forgotten_a_claim() => Breaks(14, OfClaim(_books.OpenClaim, Overdue), "The time of a claim has ended", $"claim {_books.OpenClaim} ASKED");

    [Fact]
    public void A_claim_that_is_due_waits_while_its_trade_is_stopped() => Auditor.Check(OfClaim(_books.OpenClaim, Overdue).Database(book => book with
    {
        Trades = book.Trades.Change(trade => trade.Bill == _books.Claimed.Bill, trade => trade with { FrozenBy = "fred" }),
    }).Stop(_books.Claimed.Bill, "fred")).Should().BeEmpty();

    [Theory]
    [InlineData("claim.opened")]
    [InlineData("claim.refused")]
    [InlineData("claim.judging")]
    [InlineData("claim.judged")]
    public void Statement_15_a_claim_has_moved_by_itself_where_silence_means_nothing(string type) => Breaks(
        15, OfMove(_books.JudgedClaim, type, move => move with { IsByItself = true }), "silence does not mean that", $"{type}");

    [Fact]
    public void Statement_15_silence_has_given_less_than_was_claimed() => Breaks(
        15, OfMove(_books.GrantedClaim, "claim.agreed", move => move with { Amount = 4_099 }), "silence does not mean that", "4099");

    [Fact]
    public void Statement_15_an_agreement_gives_what_was_neither_claimed_nor_offered() => Breaks(
        15, OfMove(_books.OfferedClaim, "claim.agreed", move => move with { Amount = 2_799 }), "neither claimed nor offered");

    [Fact]
    public void Statement_15_a_move_of_a_claim_is_not_kept() => Breaks(
        15, Sound.Database(book => book with { ClaimMoves = book.ClaimMoves.Without(move => move.Claim == _books.JudgedClaim && move.What == "claim.refused") }), "not its events");

    [Theory]
    [InlineData("emil", "watch")]
    [InlineData("emil", "act")]
    [InlineData("fred", "watch")]
    public void Statement_15_an_operator_has_not_the_role(string who, string role) => Breaks(
        15, Sound.Database(book => book with { Operators = book.Operators.Change(person => person.Name == who, person => person with { Role = role }) }), "without the role", $"audit log {who}");

    [Fact]
    public void Statement_15_an_operator_is_nobody() => Breaks(
        15, Sound.Database(book => book with { Operators = book.Operators.Without(person => person.Name == "fred") }), "without the role", "audit log fred trade.freeze");

    [Fact]
    public void Statement_15_a_ruling_is_signed_by_one_who_has_not_proposed_it() =>
        Breaks(15, OfRuling(_books.JudgedClaim, ruling => ruling with { MadeBy = "fred" }), "has not made it", "audit log dora ruling.propose");

    [Fact]
    public void Statement_15_a_ruling_is_signed_by_one_who_has_not_approved_it() =>
        Breaks(15, OfRuling(_books.JudgedClaim, ruling => ruling with { ApprovedBy = "fred" }), "has not made it", "audit log emil ruling.approve");

    [Fact]
    public void Statement_15_a_payment_to_the_fund_is_signed_by_another() => Breaks(
        15, Sound.Database(book => book with { GuaranteePayments = book.GuaranteePayments.Change(payment => payment.Number == _books.FundPayment, payment => payment with { ApprovedBy = "fred" }) }),
        "has not made it", "audit log emil guarantee.approve");

    [Fact]
    public void Statement_24_a_debt_was_not_told() => Breaks(
        [7, 24], Sound.Database(book => book with { Events = book.Events.Without(IsOwed) }), "has 0 events balance.owed");

    [Fact]
    public void Statement_24_a_debt_was_told_twice() => Breaks(
        [7, 24], Sound.Database(book => book with { Events = book.Events.With(book.Events.Single(IsOwed) with { Id = Guid.NewGuid() }) }), "has 2 events balance.owed");

    [Fact]
    public void Statement_24_a_debt_was_told_as_one_of_another_claim() => Breaks(
        24, OfOwed(told => told with { Claim = _books.JudgedClaim }), "has 1 events balance.owed");

    [Fact]
    public void Statement_24_a_debt_was_told_to_another_merchant() => Breaks(
        [7, 24], OfOwed(told => told with { Merchant = OtherMerchant }), "has 1 events balance.owed");

    [Fact]
    public void Statement_24_a_debt_was_told_after_its_commit() => Breaks(
        24, OfOwed(told => told with { CommittedAt = told.CommittedAt - TimeSpan.FromMilliseconds(1) }), "another commit");

    [Fact]
    public void Statement_24_a_debt_was_told_that_nobody_has_made() => Breaks(
        24, OfOwed(told => told with { Refund = _books.RefundAfterRelease }), "has 0 events balance.owed", "is of no debt");

    [Fact]
    public void Statement_7_a_merchant_was_told_of_another_debt() => Breaks(
        7, Sound.Received(Receiver, book => book with { Events = book.Events.Change(told => told.Type == "balance.owed" && told.Bill == BillOf(_books.Compensation), told => told with { Amount = told.Amount - 1 }) }), "not so");

    [Fact]
    public void Statement_25_a_debt_is_of_no_claim() => Breaks(
        [24, 25], Sound.Database(book => book with { Debts = book.Debts.With(new Debt("000000099999", "000000099998", Merchant, 5, Repaid: 5)) }), "A debt is of no claim");

    [Fact]
    public void Statement_25_the_fund_has_paid_without_a_ruling_which_breaks_15_as_well() => Breaks(
        [15, 25], OfClaim(_books.GrantedClaim, claim => claim with { Compensation = _books.Compensation }), "without a ruling");

    [Fact]
    public void Statement_15_a_trade_is_finished_with_an_open_claim() => Breaks(
        [15, 24], OfTrade(_books.Claimed, trade => trade with { State = "SHIPPED", DueAt = Sound.Database.ReadAt + TimeSpan.FromDays(1) }), "A trade is SHIPPED with 1 open claims");

    [Fact]
    public void Statement_15_a_trade_is_stopped_by_nobody() => Breaks(
        15, OfTrade(_books.Shipped, trade => trade with { State = "CLAIMED", DueAt = null }), "A trade is CLAIMED with 0 open claims");

    [Fact]
    public void Statement_15_a_bill_has_two_open_claims() => Breaks(
        [15, 24], Sound.Database(book => book with { Claims = book.Claims.With(book.Claims.Single(claim => claim.Id == _books.OpenClaim) with { Id = "000000099999", Place = 2 }) }),
        "has 2 open claims");

    [Fact]
    public void Statement_15_a_bill_has_a_sixth_claim() => Breaks(
        15, OfClaim(_books.OpenClaim, claim => claim with { Place = 6 }), "other claims than the first to the fifth");

    [Fact]
    public void Statement_15_a_claim_about_held_money_counts_as_one_after_the_release() => Breaks(
        15, OfClaim(_books.OpenClaim, claim => claim with { IsAfterSale = true }), "nothing was released before");

    [Fact]
    public void Statement_15_a_claim_is_of_a_direct_bill() => Breaks(
        [7, 15, 24], OfClaim(_books.FrozenClaim, claim => claim with { Bill = _books.Approved.Bill }), "of no trade");

    [Theory]
    [InlineData(4_099L)]
    [InlineData(4_101L)]
    [InlineData(null)]
    public void Statement_15_a_claim_has_given_another_amount_than_it_has_granted(long? granted) => Breaks(
        15, OfClaim(_books.GrantedClaim, claim => claim with { Granted = granted }), $"claim {_books.GrantedClaim} AGREED");

    [Fact]
    public void Statement_15_a_claim_names_a_refund_of_another_bill() => Breaks(
        15, OfClaim(_books.GrantedClaim, claim => claim with { Refund = _books.RefundAfterRelease }), "none of its bill");

    [Fact]
    public void Statement_15_a_claim_after_the_release_has_given_more_than_it_has_granted() => Breaks(
        [15, 25], OfClaim(_books.CompensatedClaim, claim => claim with { Granted = 2_999 }), "has given 3000, more than the 2999 that it has granted");

    [Fact]
    public void Statement_15_a_claim_that_is_open_has_granted_something() => Breaks(
        15, OfClaim(_books.FrozenClaim, claim => claim with { Granted = 1 }), "A claim is ASKED and has granted 1");

    [Fact]
    public void Statement_15_a_claim_about_held_money_was_refunded_from_elsewhere() => Breaks(
        [11, 14, 15, 17], Sound.Database(book => book with
        {
            Postings = book.Postings
                .Change(line => line is { Kind: "refund" } && Accounts.IsHeld(line.Account) && line.Rrn == Refund(book), line => line with { Account = "merchant:" + Merchant }),
        }).Balanced(),
        "refunded from elsewhere", $"claim {_books.GrantedClaim} AGREED");

    private string? Refund(DatabaseBook book) => book.Claims.Single(claim => claim.Id == _books.GrantedClaim).Refund;

    [Fact]
    public void Statement_15_more_is_frozen_than_claims_have_frozen() => Breaks(
        15, OfClaim(_books.FrozenClaim, claim => claim with { Frozen = 4_174 }), "has 8350, and open claims and refused refunds have frozen 8349");

    [Fact]
    public void Statement_24_a_move_of_a_claim_was_told_twice() => Breaks(
        24, OfClaim(_books.OfferedClaim, claim => claim with { Moves = 1 }), "moved 1 times and has 3 events");

    [Fact]
    public void Statement_24_the_new_deadline_after_a_claim_was_not_told() => Breaks(
        [7, 24], Sound.Database(book => book with
        {
            Events = book.Events.Without(told => told.Type == "trade.deadline_changed" && told.Bill == book.Claims.Single(claim => claim.Id == _books.OfferedClaim).Bill),
        }),
        "0 events trade.deadline_changed");

    [Fact]
    public void Statement_25_one_person_alone_has_ruled() => Breaks(
        25, Signed(OfRuling(_books.CompensatedClaim, ruling => ruling with { ApprovedBy = ruling.MadeBy }), "ruling.approve", _books.CompensatedClaim), "One person alone");

    [Fact]
    public void Statement_25_a_claim_was_judged_by_nobody() => Breaks(
        25, OfRuling(_books.JudgedClaim, ruling => ruling with { ApprovedBy = null }), "0 approved rulings");

    [Fact]
    public void Statement_25_a_ruling_is_about_another_amount() => Breaks(
        25, OfRuling(_books.JudgedClaim, ruling => ruling with { ToMerchant = 4_999 }), "not what its claim has granted");

    [Fact]
    public void Statement_25_the_fund_has_paid_another_amount_than_was_ruled() => Breaks(
        25, OfRuling(_books.CompensatedClaim, ruling => ruling with { ToShopper = 1, FromGuarantee = 2_999 }), "another amount than was ruled");

    [Fact]
    public void Statement_25_the_merchant_owes_less_than_the_fund_has_paid() => Breaks(
        [7, 25], Sound.Database(book => book with { Debts = book.Debts.Change(debt => debt.Refund == _books.Compensation, debt => debt with { Amount = 2_999 }) }), "owes another amount", "do not agree");

    [Fact]
    public void Statement_25_a_compensation_has_no_debt() => Breaks(
        [7, 24, 25], Sound.Database(book => book with { Debts = book.Debts.Without(debt => debt.Refund == _books.Compensation) }), "owes another amount", "do not agree");

    [Fact]
    public void Statement_25_the_debt_is_posted_to_another_merchant() => Breaks(
        [16, 25], Sound.Database(book => book with
        {
            Postings = book.Postings.Change(line => line.Rrn == _books.Compensation && line.Account == "owed:" + Merchant, line => line with { Account = "owed:" + OtherMerchant }),
        }),
        "do not agree");

    [Fact]
    public void Statement_25_a_debt_counts_as_paid_without_a_payment() => Breaks(
        25, Sound.Database(book => book with { Debts = book.Debts.Change(debt => debt.Refund == _books.Compensation, debt => debt with { Repaid = 1_001 }) }), "has 2750, and 2749 is owed");

    [Theory]
    [InlineData("dora")]
    [InlineData(null)]
    public void Statement_25_the_fund_has_got_money_by_one_person(string? approvedBy) => Breaks(
        25, Signed(Sound.Database(book => book with { GuaranteePayments = book.GuaranteePayments.Change(payment => payment.Number == _books.FundPayment, payment => payment with { ApprovedBy = approvedBy }) }), "guarantee.approve", _books.FundPayment),
        "other money than two people");

    [Fact]
    public void Statement_25_the_fund_has_got_money_by_nobody() => Breaks(
        25, Sound.Database(book => book with { GuaranteePayments = [] }), "fund line 2 guarantee -100000");

    private Evidence OfClaim(string id, Func<Claim, Claim> change) => Sound.Database(book => book with { Claims = book.Claims.Change(claim => claim.Id == id, change) });

    // The one person has signed as the second too.
    private static Evidence Signed(Evidence books, string what, string subject) =>
        books.Database(book => book with { OperatorActs = book.OperatorActs.With(new OperatorAct("dora", what, subject, book.ReadAt)) });

    private bool IsOwed(Event told) => told.Type == "balance.owed" && told.Refund == _books.Compensation;

    private string BillOf(string refund) => Sound.Database.Refunds.Single(one => one.Rrn == refund).Bill;

    private Evidence OfOwed(Func<Event, Event> change) => Sound.Database(book => book with { Events = book.Events.Change(IsOwed, change) });

    private Claim Overdue(Claim claim) => claim with { DueAt = Sound.Database.ReadAt - TimeSpan.FromMinutes(1) };

    private Evidence OfMove(string claim, string type, Func<ClaimMove, ClaimMove> change) =>
        Sound.Database(book => book with { ClaimMoves = book.ClaimMoves.Change(move => move.Claim == claim && move.What == type, change) });

    private Evidence OfTrade(Swipe swipe, Func<Trade, Trade> change) => Sound.Database(book => book with { Trades = book.Trades.Change(trade => trade.Bill == swipe.Bill, change) });

    private Evidence OfRuling(string claim, Func<Ruling, Ruling> change) => Sound.Database(book => book with { Rulings = book.Rulings.Change(ruling => ruling.Claim == claim, change) });
}
