using Lakala.Chaos.Audit;
using static Lakala.Chaos.Tests.Doctoring;
using static Lakala.Chaos.Tests.SoundBooks;

namespace Lakala.Chaos.Tests;

/// <summary>
/// Books in which only one statement is broken: the auditor names this one and shows the rows. Where one change breaks several
/// statements, the test names them all. Here: answers to people and programs, and secrets (statements 4, 5, 6, 8
/// and 10).
/// </summary>
public sealed class AnswerStatementsTests
{
    private readonly SoundBooks _books = new();

    private Evidence Sound => _books.Evidence;

    // 4: approvals and receipts match PAID bills, and one original each.

    [Fact]
    public void Statement_4_a_receipt_shows_another_amount() => Breaks(
        4, Sound.Terminal(First, book => book with
        {
            Slips = book.Slips.Change(slip => slip.Key == _books.Approved.Key && slip.Copy == "MERCHANT COPY", slip => slip with { Amount = 1_280 }),
        }),
        $"slip {_books.Approved.Key} CARD PAYMENT Original MERCHANT COPY 00 bill {_books.Approved.Bill} 1280", $"bill {_books.Approved.Bill} PAID 12800");

    [Fact]
    public void Statement_4_an_original_is_printed_twice() => Breaks(
        4, Sound.Terminal(First, book => book with
        {
            Slips = book.Slips.Change(slip => slip.Key == _books.PrintedAsDuplicate.Key && slip.Copy == "CUSTOMER COPY", slip => slip with { Kind = SlipKind.Original })
                .With(book.Slips.Single(slip => slip.Key == _books.PrintedAsDuplicate.Key && slip.Copy == "CUSTOMER COPY") with { Kind = SlipKind.Original }),
        }),
        "CUSTOMER COPY was printed as an original 2 times", $"slip {_books.PrintedAsDuplicate.Key}");

    [Fact]
    public void Statement_4_a_terminal_stored_an_approval_of_another_bill() => Breaks(
        4, Sound.Terminal(First, book => book with
        {
            Pending = book.Pending.Change(swipe => swipe.Key == _books.Reprinted.Key, swipe => swipe with { Bill = _books.Approved.Bill }),
        }),
        $"journal {_books.Reprinted.Key} RESULT 00 bill {_books.Approved.Bill}", $"attempt {_books.Reprinted.Key} APPROVED");

    [Fact]
    public void Statement_4_a_receipt_has_another_authorisation_which_breaks_6_as_well() => Breaks(
        [4, 6], Sound.Terminal(First, book => book with
        {
            Slips = book.Slips.Change(
                slip => slip.Key == _books.Approved.Key && slip.Copy == "CUSTOMER COPY", slip => slip with { AuthorisationCode = "OTHER1" }),
        }),
        "authorisation OTHER1");

    [Fact]
    public void Statement_4_a_receipt_has_another_rrn_which_breaks_6_as_well() => Breaks(
        [4, 6], Sound.Terminal(First, book => book with
        {
            Slips = book.Slips.Change(slip => slip.Key == _books.Approved.Key && slip.Copy == "CUSTOMER COPY", slip => slip with { Rrn = _books.HalfUp.Rrn }),
        }),
        $"rrn {_books.HalfUp.Rrn}", $"rrn {_books.Approved.Rrn}");

    [Fact]
    public void Statement_4_a_receipt_has_no_rrn() => Breaks(
        4, Sound.Terminal(First, book => book with
        {
            Slips = book.Slips.Change(slip => slip.Key == _books.Approved.Key && slip.Copy == "CUSTOMER COPY", slip => slip with { Rrn = null }),
        }),
        $"slip {_books.Approved.Key} CARD PAYMENT Original CUSTOMER COPY");

    [Fact]
    public void Statement_4_the_clerk_was_shown_a_payment_of_no_bill() => Breaks(
        4, Sound.Terminal(First, book => book with
        {
            Reports = book.Reports.Change(report => report.Key == _books.Approved.Key, report => report with { Bill = null }),
        }),
        $"report {_books.Approved.Key} approved 00 12800");

    // 5: what was answered "not paid" is not approved.

    [Fact]
    public void Statement_5_a_clerk_was_told_not_paid_before_the_answer_was_final() => Breaks(
        5, Sound.Terminal(First, book => book with
        {
            Reports = book.Reports.Change(
                report => report.Key == _books.ResolvedAfterRestart.Key && report.Outcome == "unknown", report => report with { Outcome = "refused" }),
        }),
        $"attempt {_books.ResolvedAfterRestart.Key} APPROVED", $"report {_books.ResolvedAfterRestart.Key} refused 91");

    [Fact]
    public void Statement_5_the_bank_reversed_an_approved_attempt_which_breaks_3_too() => Breaks(
        [3, 5], Sound.Database(book => book with
        {
            Reversals = book.Reversals.With(new Reversal(_books.Approved.Rrn!, _books.Approved.Key, 12_800, 1, false)),
        }),
        $"attempt {_books.Approved.Key} APPROVED", $"reversal rrn {_books.Approved.Rrn}");

    [Fact]
    public void Statement_5_the_bank_declined_an_approved_attempt_which_breaks_2_and_9_as_well() => Breaks(
        [2, 5, 9], Sound with
        {
            Bank = Sound.Bank.Change(entry => entry.Rrn == _books.Approved.Rrn, entry => entry with { State = "DECLINED", ResponseCode = "51", Debits = 0 }),
        },
        $"attempt {_books.Approved.Key} APPROVED", $"bank rrn {_books.Approved.Rrn} DECLINED 51");

    [Fact]
    public void Statement_5_a_terminal_stored_a_refusal_of_an_approval_which_breaks_6_and_9_too() => Breaks(
        [5, 6, 9], Sound.Terminal(First, book => book with
        {
            Results = book.Results.Change(result => result.Key == _books.Approved.Key, result => result with { ResponseCode = "68", AuthorisationCode = null }),
        }),
        $"journal {_books.Approved.Key} RESULT 68");

    // 6: final answers to one key agree.

    [Fact]
    public void Statement_6_a_report_and_the_journal_name_different_refusals() => Breaks(
        6, Sound.Terminal(First, book => book with
        {
            Reports = book.Reports.Change(report => report.Key == _books.Declined.Key, report => report with { ResponseCode = "05" }),
        }),
        $"report {_books.Declined.Key} declined 05", $"journal {_books.Declined.Key} RESULT 51", $"attempt {_books.Declined.Key} DECLINED 51");

    [Fact]
    public void Statement_6_the_database_would_now_answer_something_else() => Breaks(
        6, Sound.Database(book => book with
        {
            Attempts = book.Attempts.Change(attempt => attempt.Key == _books.NotSent.Key, attempt => attempt with { ResponseCode = "68" }),
        }),
        $"attempt {_books.NotSent.Key} NOT_SENT 68", $"journal {_books.NotSent.Key} RESULT 92");

    [Fact]
    public void Statement_6_the_resolved_answer_differs_from_the_slip() => Breaks(
        6, Sound.Terminal(Second, book => book with
        {
            Slips = book.Slips.Change(slip => slip.Key == _books.Void.Key && slip.Title == Slip.NotPaid, slip => slip with { ResponseCode = "68" }),
        }),
        $"report {_books.Void.Key} refused 25", $"slip {_books.Void.Key} NOT PAID");

    [Fact]
    public void Statement_6_a_terminal_says_never_sent_of_a_key_that_was_seen() => Breaks(
        6, Sound.Database(book => book with
        {
            Attempts = book.Attempts.With(new Attempt(_books.NeverSent.Key, "VOID", null, null, null, null, null, 0, 0, "25", null)),
        }),
        $"journal {_books.NeverSent.Key} RESULT never sent", $"attempt {_books.NeverSent.Key} VOID 25");

    [Fact]
    public void Statement_6_a_terminal_took_one_key_for_two_swipes() => Breaks(
        6, Sound.Terminal(First, book => book with
        {
            Pending = [new JournalPending(_books.Approved.Key, _books.Open, 6_200), .. book.Pending],
        }),
        $"journal {_books.Approved.Key} PENDING bill {_books.Open}");

    [Fact]
    public void Statement_6_a_refusal_was_told_under_another_rrn() => Breaks(
        6, Sound.Terminal(First, book => book with
        {
            Reports = book.Reports.Change(report => report.Key == _books.Declined.Key, report => report with { Rrn = _books.NotSent.Rrn }),
        }),
        $"report {_books.Declined.Key} declined 51", $"rrn {_books.NotSent.Rrn}");

    // 8: what was acknowledged exists.

    [Fact]
    public void Statement_8_a_bill_that_was_created_is_gone() => Breaks(
        8, Sound.Database(book => book with { Bills = book.Bills.Without(bill => bill.Number == _books.Open) }),
        $"answered 201: bill {_books.Open}");

    [Fact]
    public void Statement_8_a_bill_has_another_amount_than_was_answered() => Breaks(
        8, Sound.Database(book => book with { Bills = book.Bills.Change(bill => bill.Number == _books.Open, bill => bill with { Amount = 6_201 }) }),
        $"answered 201: bill {_books.Open} 6200", $"bill {_books.Open} OPEN 6201");

    [Fact]
    public void Statement_8_a_cancellation_is_gone() => Breaks(
        8, Sound with { Acknowledged = Sound.Acknowledged with { Cancellations = [_books.Cancelled, _books.Open] } },
        $"answered 200: bill {_books.Open} cancelled", $"bill {_books.Open} OPEN");

    [Fact]
    public void Statement_8_a_page_has_said_that_the_shopper_confirmed_and_nothing_is_released() => Breaks(
        8, Sound with { Acknowledged = Sound.Acknowledged with { Confirmations = [_books.Open] } }, $"page of bill {_books.Open}: confirmed");

    [Fact]
    public void Statement_8_a_page_has_said_that_there_is_a_claim_and_there_is_none() => Breaks(
        8, Sound with { Acknowledged = Sound.Acknowledged with { Claims = [_books.Open] } }, $"page of bill {_books.Open}: claim");

    [Fact]
    public void Statement_8_the_answer_that_a_terminal_was_told_is_not_stored() => Breaks(
        8, Sound.Database(book => book with { Attempts = book.Attempts.Without(attempt => attempt.Key == _books.Refused.Key) }),
        $"journal {_books.Refused.Key} RESULT 13", $"report {_books.Refused.Key} refused 13");

    [Fact]
    public void Statement_8_a_bill_is_of_another_order_than_was_answered() => Breaks(
        8, Sound.Database(book => book with { Bills = book.Bills.Change(bill => bill.Number == _books.Open, bill => bill with { Order = "other" }) }),
        $"answered 201: bill {_books.Open}", "order other");

    [Fact]
    public void Statement_8_what_a_terminal_was_told_is_final_is_still_under_way_which_breaks_3_as_well() => Breaks(
        [3, 8], Sound.Database(book => book with
        {
            Attempts = book.Attempts.Change(attempt => attempt.Key == _books.Declined.Key, attempt => attempt with { State = "SENT" }),
        }),
        $"journal {_books.Declined.Key} RESULT 51", $"attempt {_books.Declined.Key} SENT");

    // 10: no secret in clear.

    [Fact]
    public void Statement_10_secrets_stand_in_files() => Breaks(
        10, Sound with { Leaks = [new Leak("a card number", "log/silo.log"), new Leak("a card number", "postgres/data/base/1/2"), new Leak("a PIN", "log/silo.log")] },
        "a card number in clear", "log/silo.log", "postgres/data/base/1/2", "a PIN in clear");
}
