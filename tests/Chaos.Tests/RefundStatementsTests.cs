using Lakala.Chaos.Audit;
using static Lakala.Chaos.Tests.Doctoring;
using static Lakala.Chaos.Tests.SoundBooks;

namespace Lakala.Chaos.Tests;

/// <summary>Books in which something is wrong with a refund (statements 12, 13, 17 and 24, and 7 and 8 where they are about refunds).</summary>
public sealed class RefundStatementsTests
{
    private readonly SoundBooks _books = new();

    private Evidence Sound => _books.Evidence;

    [Theory]
    [InlineData("SENT", 12, 13, 24)]
    [InlineData("DECLINED", 11, 12, 13, 24)]
    [InlineData("QUEUED", 11, 12, 13, 24)]
    public void Statement_12_a_refund_has_another_state_than_its_entries(string state, params int[] statements) => Breaks(
        [.. statements, 7, 15], Sound.Database(book => book with { Refunds = book.Refunds.Change(refund => refund.Rrn == _books.PartRefund, refund => refund with { State = state }) }),
        $"refund rrn {_books.PartRefund} {state}");

    [Fact]
    public void Statement_12_a_bill_counts_less_than_its_refunds() => Breaks(
        12, Sound.Database(book => book with { Bills = book.Bills.Change(bill => bill.Number == _books.PartlyRefunded.Bill, bill => bill with { Refunded = 12_799 }) }),
        "counts 12799 as refunded");

    [Fact]
    public void Statement_12_more_is_refunded_than_the_bill_is() => Breaks(
        [12, 15, 24], Sound.Database(book => book with
        {
            Refunds = book.Refunds.With(new Refund("000000099999", _books.PartlyRefunded.Bill, _books.PartlyRefunded.Rrn!, 1, 12_800, "QUEUED")),
            Bills = book.Bills.Change(bill => bill.Number == _books.PartlyRefunded.Bill, bill => bill with { Refunded = 12_801 }),
        }),
        "its refunds of its payment are 12801", "3 such refunds");

    [Fact]
    public void Statement_12_a_refund_is_of_another_payment() => Breaks(
        [12, 13], Sound.Database(book => book with
        {
            Refunds = book.Refunds.Change(refund => refund.Rrn == _books.PartRefund, refund => refund with { OriginalRrn = _books.LargeApproved.Rrn! }),
        }),
        $"original {_books.LargeApproved.Rrn}");

    [Fact]
    public void Statement_12_the_refused_refund_did_not_go_back_line_by_line() => Breaks(
        12, Sound.Database(book => book with
        {
            Postings = book.Postings
                .Change(line => line.Rrn == _books.RefusedRefund && line is { Kind: "refund_back", Account: "platform" }, line => line with { Amount = line.Amount - 1 })
                .Change(line => line.Rrn == _books.RefusedRefund && line.Kind == "refund_back" && line.Account == "merchant:" + Merchant, line => line with { Amount = line.Amount + 1 }),
        }).Balanced(),
        "line by line");

    [Fact]
    public void Statement_12_the_bank_has_taken_another_amount_than_was_set_aside() => Breaks(
        12, Sound.Database(book => book with
        {
            Postings = book.Postings
                .Change(line => line.Rrn == _books.PartRefund && line is { Kind: "refund_taken", Account: "refunds_out" }, line => line with { Amount = line.Amount - 1 })
                .Change(line => line.Rrn == _books.PartRefund && line is { Kind: "refund_taken", Account: "bank_clearing" }, line => line with { Amount = line.Amount + 1 }),
        }),
        "is not of its amount", $"refund rrn {_books.PartRefund} DONE");

    [Fact]
    public void Statement_12_what_the_bank_has_taken_is_posted_to_another_account() => Breaks(
        12, Sound.Database(book => book with
        {
            Postings = book.Postings.Change(line => line.Rrn == _books.PartRefund && line is { Kind: "refund_taken", Account: "bank_clearing" }, line => line with { Account = "reserve" }),
        }),
        "is not posted so", $"refund rrn {_books.PartRefund} DONE");

    [Fact]
    public void Statement_12_a_refund_is_of_no_bill() => Breaks(
        [12, 15], Sound.Database(book => book with { Refunds = book.Refunds.With(new Refund("000000099999", "00000000099999", _books.PartlyRefunded.Rrn!, 1, 0, "QUEUED")) }),
        "A refund is of no bill", "refund rrn 000000099999 QUEUED");

    [Fact]
    public void Statement_12_the_entries_are_of_no_refund() => Breaks(
        [7, 8, 12, 13, 15, 17, 24], Sound.Database(book => book with { Refunds = book.Refunds.Without(refund => refund.Rrn == _books.PartRefund) }), "does not exist");

    [Fact]
    public void Statement_13_the_bank_has_given_no_credit() => Breaks(
        13, Sound with { BankRefunds = Sound.BankRefunds.Without(refund => refund.Rrn == _books.PartRefund) }, $"refund rrn {_books.PartRefund} DONE");

    [Fact]
    public void Statement_13_the_bank_has_credited_twice() => Breaks(
        13, Sound with { BankRefunds = Sound.BankRefunds.Change(refund => refund.Rrn == _books.PartRefund, refund => refund with { Credits = 2 }) }, "2 times");

    [Fact]
    public void Statement_13_the_bank_has_credited_another_amount() => Breaks(
        13, Sound with { BankRefunds = Sound.BankRefunds.Change(refund => refund.Rrn == _books.PartRefund, refund => refund with { Amount = 2_801 }) }, "differs");

    [Fact]
    public void Statement_13_the_bank_has_credited_what_it_refused() => Breaks(
        13, Sound with { BankRefunds = Sound.BankRefunds.Change(refund => refund.Rrn == _books.RefusedRefund, refund => refund with { Credits = 1, ResponseCode = "00" }) },
        $"refund rrn {_books.RefusedRefund} DECLINED");

    [Fact]
    public void Statement_13_the_bank_has_credited_what_waits_for_money() => Breaks(
        13, Sound with { BankRefunds = Sound.BankRefunds.With(new BankRefund(_books.QueuedRefund, _books.PartlyRefunded.Rrn!, 750, "00", 1)) }, "QUEUED");

    [Fact]
    public void Statement_17_a_fen_of_the_fee_was_kept() => Breaks(
        17, Sound.Database(book => book with
        {
            Postings = book.Postings
                .Change(line => line.Rrn == _books.PartRefund && line is { Kind: "refund", Account: "platform" }, line => line with { Amount = line.Amount - 1 })
                .Change(line => line.Rrn == _books.PartRefund && line.Kind == "refund" && line.Account == "merchant:" + Merchant, line => line with { Amount = line.Amount + 1 }),
        }).Balanced(),
        "other shares");

    [Fact]
    public void Statement_17_a_fee_that_is_kept_was_given_back() => Breaks(
        17, Sound.Database(book => book with
        {
            Postings = book.Postings
                .Change(line => line.Rrn == _books.KeptFeeRefund && line.Kind == "refund" && line.Account == "merchant:" + Merchant, line => line with { Amount = 2_783 })
                .With(new Posting(_books.KeptFeeRefund, 3, "store:" + Store, 3, "CNY", "refund"), new Posting(_books.KeptFeeRefund, 4, "platform", 14, "CNY", "refund")),
        }).Balanced(),
        "the fee is kept", "fee kept");

    [Fact]
    public void Statement_17_a_fee_was_kept_that_is_given_back() => Breaks(
        17, Sound.Database(book => book with { Bills = book.Bills.Change(bill => bill.Number == _books.PartlyRefunded.Bill, bill => bill with { IsFeeKept = true }) }), "the fee is kept");

    [Fact]
    public void Statement_17_two_refunds_were_made_of_the_same_rest() => Breaks(
        17, Sound.Database(book => book with { Refunds = book.Refunds.Change(refund => refund.Rrn == _books.QueuedRefund, refund => refund with { Before = 1 }) }), "do not follow one another");

    [Fact]
    public void Statement_24_a_refund_was_not_told() => Breaks(
        [7, 15, 24], Sound.Database(book => book with { Events = book.Events.WithoutAny(told => told.Type == "refund.declined") }), "0 events refund.declined");

    [Fact]
    public void A_refund_at_a_counter_that_both_sides_hold_breaks_nothing() => Auditor.Check(AtCounter(Ordered, PartRefundUnder(Key))).Should().BeEmpty();

    [Fact]
    public void Statement_3_a_terminal_does_not_know_what_became_of_its_refund() =>
        Breaks([3, 8], AtCounter(Ordered with { IsOpen = true, ResponseCode = null }, PartRefundUnder(Key)), "open");

    [Fact]
    public void Statement_4_a_terminal_holds_a_refund_that_was_not_made() => Breaks(4, AtCounter(Ordered, new RefundKey(Key, null)), "terminal's refund");

    [Fact]
    public void Statement_4_a_refund_at_a_counter_is_of_another_amount() => Breaks(4, AtCounter(Ordered with { Amount = 2_801 }, PartRefundUnder(Key)), "2801");

    [Fact]
    public void Statement_5_nothing_was_given_back_and_there_is_a_refund() => Breaks([5, 8], AtCounter(Ordered with { ResponseCode = "12" }, PartRefundUnder(Key)), "key of a refund");

    [Fact]
    public void Statement_8_a_counters_refund_is_not_held_by_its_terminal() => Breaks(8, AtCounter(null, PartRefundUnder(Key)), "key of a refund");

    [Fact]
    public void Statement_8_a_refund_that_was_answered_is_another() => Breaks(
        8, Sound with { Acknowledged = Sound.Acknowledged with { Refunds = [new AcknowledgedRefund(_books.PartRefund, _books.PartlyRefunded.Bill, 2_801)] } }, "answered 201: refund");

    [Fact]
    public void Statement_15_a_refund_was_done_before_it_was_made() => Breaks(
        15, Event("refund.done", told => told with { CommittedAt = Opening }), $"refund rrn {_books.PartRefund} DONE", "its events do not lead there");

    [Fact]
    public void Statement_15_a_refund_is_over_and_nobody_has_said_so() => Breaks(
        15, Sound.Database(book => book with { RefundRulings = book.RefundRulings.Without(ruling => ruling.Refund == _books.RefusedRefund) }), "by no word of the bank", $"refund rrn {_books.RefusedRefund} DECLINED");

    [Fact]
    public void Statement_15_a_ruling_is_about_a_refund_that_the_bank_has_decided() => Breaks(
        15, Sound.Database(book => book with { Refunds = book.Refunds.Change(refund => refund.Rrn == _books.RefusedRefund, refund => refund with { IsRuled = false }) }), "not by a ruling");

    [Fact]
    public void Statement_15_a_refund_is_not_as_two_operators_have_said() =>
        Breaks(15, OfRuling(ruling => ruling with { State = "DONE" }), "not by a ruling", "by dora and emil");

    [Fact]
    public void Statement_15_one_operator_alone_has_ruled_about_a_refund() => Breaks(15, OfRuling(ruling => ruling with { ApprovedBy = ruling.MadeBy }), "One person alone");

    [Fact]
    public void Statement_15_a_ruling_about_a_refund_is_signed_by_another() => Breaks(15, OfRuling(ruling => ruling with { ApprovedBy = "fred" }), "has not made it");

    [Fact]
    public void Statement_15_a_refund_was_told_under_another_number() => Breaks(15, Event("refund.done", told => told with { Refund = _books.RefusedRefund }), "do not lead there");

    [Fact]
    public void Statement_15_an_event_is_of_no_refund() => Breaks(15, Event("refund.done", told => told with { Refund = "000000099999" }), "of no refund");

    [Theory]
    [InlineData(ClerkNumber, ClerkNumber)]
    [InlineData(SupervisorNumber, SupervisorNumber)]
    [InlineData("0002", SupervisorNumber)]
    [InlineData(SupervisorNumber, ClerkNumber)]
    [InlineData(ClerkNumber, null)]
    public void Statement_15_a_refund_at_a_counter_has_not_its_two_people(string clerk, string? supervisor) => Breaks(
        15, AtCounter(Ordered, PartRefundUnder(Key) with { Clerk = clerk, Supervisor = supervisor }), "by a clerk and a supervisor of its store");

    [Fact]
    public void Statement_12_what_was_withdrawn_has_not_gone_back() => Breaks(
        [11, 12, 14, 16], Sound.Database(book => book with { Postings = book.Postings.WithoutAny(line => line.Rrn == _books.Withdrawn && line.Kind == "refund_back") }),
        "WITHDRAWN and has other entries");

    [Fact]
    public void Statement_12_what_was_withdrawn_still_counts_as_refunded() => Breaks(
        12, Sound.Database(book => book with
        {
            Bills = [.. book.Bills.Select(bill => bill.Number == BillOf(book, _books.WithdrawnInQueue) ? bill with { Refunded = 750 } : bill)],
        }),
        "counts 750 as refunded");

    [Fact]
    public void Statement_12_what_the_platform_has_paid_is_posted_as_the_banks() => Breaks(
        12, Sound.Database(book => book with
        {
            Postings = book.Postings.Change(line => line.Rrn == _books.PaidOtherwise && line.Account == "reserve", line => line with { Account = "bank_clearing" }),
        }),
        "has got is not posted so", "DONE paid otherwise");

    [Fact]
    public void Statement_13_the_bank_was_asked_for_what_was_withdrawn_or_paid_otherwise()
    {
        foreach (var rrn in new[] { _books.Withdrawn, _books.WithdrawnInQueue, _books.PaidOtherwise })
        {
            Breaks(13, AtBank(new BankRefund(rrn, OriginalOf(rrn), 1_000, "14", 0)), "was asked for a refund that was withdrawn or paid otherwise");
            Breaks(13, AtBank(new BankRefund(rrn, OriginalOf(rrn), 1_000, "00", 1)), "no refund that is DONE");
        }

        Evidence AtBank(BankRefund refund) => Sound with { BankRefunds = Sound.BankRefunds.With(refund) };

        string OriginalOf(string rrn) => Sound.Database.Refunds.Single(refund => refund.Rrn == rrn).OriginalRrn;
    }

    [Fact]
    public void Statement_15_a_withdrawal_was_told_before_the_refund() => Breaks(
        15, Sound.Database(book => book with
        {
            Events = book.Events.Change(told => told.Refund == _books.Withdrawn && told.Type == "refund.withdrawn", told => told with { CommittedAt = Opening }),
        }),
        "A refund is WITHDRAWN, and its events do not lead there");

    [Fact]
    public void Statement_15_nobody_is_asked_about_what_the_bank_has_refused()
    {
        Breaks(15, Sound.Database(book => book with { RefusedRefunds = book.RefusedRefunds.Without(refused => refused.Refund == _books.RefusedOfHeld) }), "promised, and nobody is asked");
        Breaks(15, Sound.Database(book => book with { RefusedRefunds = book.RefusedRefunds.Without(refused => refused.Refund == _books.RefusedOfReleased) }), "promised, and nobody is asked");
        Breaks(15, Sound.Database(book => book with { RefusedRefunds = book.RefusedRefunds.With(new RefusedRefund(_books.PartRefund, 0, IsOpen: true, null)) }), "has not refused");
    }

    [Fact]
    public void Statement_15_what_the_bank_has_refused_was_decided_by_nobody()
    {
        Breaks(15, Sound.Database(book => book with { RefundRulings = book.RefundRulings.Without(ruling => ruling.Refund == _books.RefusedBefore) }), "decided without a ruling");
        Breaks(15, OfRefused(_books.RefusedBefore, refused => refused with { IsOpen = true }), "still open after one");
        Breaks(15, OfRefused(_books.RefusedOfHeld, refused => refused with { IsOpen = false }), "decided without a ruling");
    }

    [Fact]
    public void Statement_15_what_the_bank_has_refused_was_decided_otherwise_than_ruled()
    {
        Breaks(15, OfVerdict("OTHERWISE"), "not decided as two operators have ruled");
        Breaks(15, OfVerdict("LEFT"), "not decided as two operators have ruled");
        Breaks(15, OfRefused(_books.RefusedBefore, refused => refused with { Next = _books.RefundOfHeld }), "not decided as two operators have ruled");
        Breaks(15, Sound.Database(book => book with { RefundRulings = book.RefundRulings.With(new RefundRuling(_books.RefusedBefore, "AGAIN", "dora", "emil")) }), "decided twice");

        Evidence OfVerdict(string verdict) => Sound.Database(book => book with
        {
            RefundRulings = book.RefundRulings.Change(ruling => ruling.Refund == _books.RefusedBefore, ruling => ruling with { State = verdict }),
        });
    }

    [Fact]
    public void Statement_15_the_platform_has_paid_what_nobody_has_ruled() => Breaks(
        15, Sound.Database(book => book with
        {
            RefusedRefunds = book.RefusedRefunds.Change(refused => refused.Next == _books.PaidOtherwise, refused => refused with { Next = null }),
        }),
        "paid in another way, and nobody has ruled that");

    [Fact]
    public void Statement_15_what_was_lent_was_not_paid() => Breaks(
        [7, 15, 24, 25], Sound.Database(book => book with { Debts = book.Debts.Without(debt => debt.Refund == _books.Lent) }), "have lent a refund, and the fund has not paid it");

    [Fact]
    public void Statement_25_the_fund_has_lent_what_nobody_has_ruled() => Breaks(
        25, Sound.Database(book => book with { RefundRulings = book.RefundRulings.Without(ruling => ruling.Refund == _books.Lent) }), "A debt is of no claim");

    private static string BillOf(DatabaseBook book, string refund) => book.Refunds.Single(one => one.Rrn == refund).Bill;

    private Evidence OfRefused(string refund, Func<RefusedRefund, RefusedRefund> change) =>
        Sound.Database(book => book with { RefusedRefunds = book.RefusedRefunds.Change(refused => refused.Refund == refund, change) });

    private Evidence Event(string type, Func<Event, Event> change) =>
        Sound.Database(book => book with { Events = book.Events.Change(told => told.Refund == _books.PartRefund && told.Type == type, change) });

    private static readonly Key Key = new("T0000001", 9, 1);

    private CounterRefund Ordered => new(Key, _books.PartlyRefunded.Bill, 2_800, "00", _books.PartRefund);

    private RefundKey PartRefundUnder(Key key) => new(key, _books.PartRefund, ClerkNumber, SupervisorNumber);

    private Evidence AtCounter(CounterRefund? told, RefundKey row)
    {
        var terminal = Sound.Terminals[0].Terminal;
        return Sound.Database(book => book with { RefundKeys = [row], Refunds = book.Refunds.Change(refund => refund.Rrn == _books.PartRefund, refund => refund with { Store = Store }) })
            .Terminal(terminal, book => book with { Refunds = told is null ? [] : [told] });
    }

    private Evidence OfRuling(Func<RefundRuling, RefundRuling> change) =>
        Sound.Database(book => book with { RefundRulings = book.RefundRulings.Change(ruling => ruling.Refund == _books.RefusedRefund, change) });
}
