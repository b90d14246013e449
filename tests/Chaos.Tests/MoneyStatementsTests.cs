using Lakala.Chaos.Audit;
using static Lakala.Chaos.Tests.Doctoring;
using static Lakala.Chaos.Tests.SoundBooks;

namespace Lakala.Chaos.Tests;

/// <summary>
/// Books in which only one statement is broken: the auditor names this one and shows the rows. Where one change breaks several
/// statements, the test names them all. Here: money (statements 1, 2, 3 and 9).
/// </summary>
public sealed class MoneyStatementsTests
{
    private readonly SoundBooks _books = new();

    private Evidence Sound => _books.Evidence;

    // 1: PAID is one approved attempt and one balanced set of postings.

    [Fact]
    public void Statement_1_a_posting_is_missing_which_breaks_11_as_well() => Breaks(
        [1, 11], Sound.Database(book => book with { Postings = book.Postings.Without(line => line.Rrn == _books.Approved.Rrn && line.Account == "platform") }),
        $"attempt {_books.Approved.Key}", "expected platform -62", "account platform");

    [Fact]
    public void Statement_1_a_set_is_balanced_and_a_fen_lies_with_the_wrong_side() => Breaks(
        1, Sound.Database(book => book with
        {
            Postings = book.Postings
                .Change(line => line.Rrn == _books.HalfUp.Rrn && line.Account == "platform", line => line with { Amount = line.Amount + 1 })
                .Change(line => line.Rrn == _books.HalfUp.Rrn && line.Account == "merchant:" + Merchant, line => line with { Amount = line.Amount - 1 }),
        }).Balanced(),
        $"attempt {_books.HalfUp.Key}", "platform -3 CNY", "expected platform -4 CNY");

    [Fact]
    public void Statement_1_a_set_is_posted_twice_which_breaks_11_as_well() => Breaks(
        [1, 11], Sound.Database(book => book with { Postings = book.Postings.With(book.Postings.Where(line => line.Rrn == _books.Approved.Rrn)) }).Balanced(),
        $"attempt {_books.Approved.Key}");

    [Fact]
    public void Statement_1_a_reversed_attempt_has_postings() => Breaks(
        1, Sound.Database(book => book with
        {
            Postings = book.Postings.With(book.Postings.Where(line => line.Rrn == _books.Approved.Rrn).Select(line => line with { Rrn = _books.Reversed.Rrn! })),
        }).Balanced(),
        $"attempt {_books.Reversed.Key} REVERSED", $"posting rrn {_books.Reversed.Rrn} line 1");

    [Fact]
    public void Statement_1_a_bill_is_paid_by_an_attempt_that_was_declined_which_breaks_11_as_well()
    {
        // Merchants got their notice, so that statement 7 holds.
        var sound = Sound;
        var told = sound.Database.Events.Single(told => told.Bill == _books.Approved.Bill);
        var lie = new Event(Merchant, Guid.Parse("00000001-0000-0000-0000-000000000001"), "bill.paid", _books.FalseApproval.Bill, told.CreatedAt, told.CommittedAt);
        Breaks(
            [1, 11],
            sound.Database(book => book with
            {
                Bills = book.Bills.Change(bill => bill.Number == lie.Bill, bill => bill with { State = "PAID", PaidRrn = _books.FalseApproval.Rrn }),
                Events = book.Events.With(lie),
                Deliveries = book.Deliveries.With(new Delivery(lie.Id, "we_1", "PARKED", 9), new Delivery(lie.Id, "we_2", "PARKED", 9)),
            }),
            $"bill {lie.Bill} PAID", $"attempt {_books.FalseApproval.Key} DECLINED");
    }

    [Fact]
    public void Statement_1_an_attempt_is_approved_and_its_bill_is_open_which_breaks_4_and_7_as_well() => Breaks(
        [1, 4, 7],
        Sound.Database(book => book with
        {
            Bills = book.Bills.Change(bill => bill.Number == _books.Approved.Bill, bill => bill with { State = "OPEN" }),
        }),
        $"bill {_books.Approved.Bill} OPEN", $"journal {_books.Approved.Key} RESULT 00");

    [Fact]
    public void Statement_1_a_bill_has_two_approved_attempts()
    {
        // At a terminal without a journal, debited and posted: the shopper paid twice, and all other books agree.
        var twice = new Key(WithoutBooks, 7, 999);
        var first = _books.PaidOnStrangersTerminal;
        const string Rrn = "000000099999";
        Breaks(
            1,
            Sound.Database(book => book with
            {
                Attempts = book.Attempts.With(book.Attempts.Single(attempt => attempt.Key == first.Key) with { Key = twice, Rrn = Rrn }),
                Postings = book.Postings.With(book.Postings.Where(line => line.Rrn == first.Rrn).Select(line => line with { Rrn = Rrn })),
            }).Balanced() with
            {
                Bank = Sound.Bank.With(Sound.Bank.Single(entry => entry.Rrn == first.Rrn) with { Rrn = Rrn, Stan = twice.Stan }),
            },
            "PAID with 2 approved attempts", $"attempt {first.Key} APPROVED", $"attempt {twice} APPROVED");
    }

    [Fact]
    public void Statement_1_a_bill_is_paid_by_another_rrn_which_breaks_7_and_11_as_well() => Breaks(
        [1, 7, 11], Sound.Database(book => book with
        {
            Bills = book.Bills.Change(bill => bill.Number == _books.PaidOnStrangersTerminal.Bill, bill => bill with { PaidRrn = "000000088888" }),
        }),
        "PAID by another RRN", $"attempt {_books.PaidOnStrangersTerminal.Key} APPROVED");

    [Fact]
    public void Statement_1_an_attempt_is_in_another_currency_than_its_bill() => Breaks(
        1, Sound.Database(book => book with
        {
            Attempts = book.Attempts.Change(attempt => attempt.Key == _books.Approved.Key, attempt => attempt with { Currency = "USD" }),
            Postings = [.. book.Postings.Select(line => line.Rrn == _books.Approved.Rrn ? line with { Currency = "USD" } : line)],
        }).Balanced(),
        $"attempt {_books.Approved.Key} APPROVED");

    // 2: debits at the bank are approved attempts.

    [Fact]
    public void Statement_2_the_bank_debited_what_we_do_not_know() => Breaks(
        2, Sound with { Bank = Sound.Bank.With(new BankEntry("000000777777", "DEBITED", "00", "X00001", 1_000, First, 77, 1, 0)) },
        "bank rrn 000000777777 DEBITED");

    [Fact]
    public void Statement_2_an_approved_attempt_was_never_debited_which_breaks_9_as_well() => Breaks(
        [2, 9], Sound with { Bank = Sound.Bank.Without(entry => entry.Rrn == _books.Approved.Rrn) },
        $"attempt {_books.Approved.Key} APPROVED", "bank: ");

    [Fact]
    public void Statement_2_the_bank_debited_one_rrn_twice() => Breaks(
        2, Sound with { Bank = Sound.Bank.Change(entry => entry.Rrn == _books.Approved.Rrn, entry => entry with { Debits = 2 }) },
        "debited one RRN 2 times", $"bank rrn {_books.Approved.Rrn} DEBITED", "debits 2");

    [Fact]
    public void Statement_2_the_debit_has_another_authorisation() => Breaks(
        2, Sound with { Bank = Sound.Bank.Change(entry => entry.Rrn == _books.Approved.Rrn, entry => entry with { AuthorisationCode = "OTHER1" }) },
        "authorisation OTHER1", $"authorisation {_books.Approved.AuthorisationCode}");

    [Fact]
    public void Statement_2_the_debit_has_another_amount_which_breaks_9_as_well() => Breaks(
        [2, 9], Sound with { Bank = Sound.Bank.Change(entry => entry.Rrn == _books.Approved.Rrn, entry => entry with { Amount = 12_801 }) },
        "12801");

    [Fact]
    public void Statement_2_the_debit_is_of_another_terminal_which_breaks_9_as_well() => Breaks(
        [2, 9], Sound with { Bank = Sound.Bank.Change(entry => entry.Rrn == _books.Approved.Rrn, entry => entry with { Terminal = Second }) },
        "differs from the approved attempt", $"bank rrn {_books.Approved.Rrn} DEBITED 00 12800 {Second}");

    [Fact]
    public void Statement_2_the_debit_is_of_another_stan() => Breaks(
        2, Sound with { Bank = Sound.Bank.Change(entry => entry.Rrn == _books.Approved.Rrn, entry => entry with { Stan = 999 }) },
        "stan 999");

    [Fact]
    public void Statement_2_the_bank_debited_a_reversed_rrn_twice() => Breaks(
        2, Sound with { Bank = Sound.Bank.Change(entry => entry.Rrn == _books.Reversed.Rrn, entry => entry with { Debits = 2 }) },
        $"bank rrn {_books.Reversed.Rrn} REVERSED", "debits 2");

    [Fact]
    public void Statement_2_the_bank_shows_a_debit_that_its_file_does_not_have() => Breaks(
        2, Sound with { Bank = Sound.Bank.Change(entry => entry.Rrn == _books.Approved.Rrn, entry => entry with { Debits = 0 }) },
        $"bank rrn {_books.Approved.Rrn} DEBITED", "debits 0");

    // 3: nothing is open, and reversals took effect once.

    [Fact]
    public void Statement_3_an_attempt_is_still_sent()
    {
        var sent = new Key(WithoutBooks, 7, 999);
        Breaks(
            3,
            Sound.Database(book => book with
            {
                Bills = book.Bills.Change(bill => bill.Number == _books.Open, bill => bill with { State = "PAYING" }),
                Attempts = book.Attempts.With(new Attempt(sent, "SENT", _books.Open, 6_200, "CNY", Store, "000000088888", 60, 20, null, null)),
            }),
            $"attempt {sent} SENT", $"bill {_books.Open} PAYING");
    }

    [Fact]
    public void Statement_3_a_bill_is_paying_for_ever() => Breaks(
        3, Sound.Database(book => book with { Bills = book.Bills.Change(bill => bill.Number == _books.Open, bill => bill with { State = "PAYING" }) }),
        $"bill {_books.Open} PAYING");

    [Fact]
    public void Statement_3_a_reversal_is_not_acknowledged() => Breaks(
        3, Sound.Database(book => book with
        {
            Attempts = book.Attempts.Change(attempt => attempt.Key == _books.Reversed.Key, attempt => attempt with { State = "REVERSING" }),
            Reversals = book.Reversals.Change(reversal => reversal.Rrn == _books.Reversed.Rrn, reversal => reversal with { IsAcknowledged = false }),
        }),
        $"attempt {_books.Reversed.Key} REVERSING", "outstanding");

    [Fact]
    public void Statement_3_the_reversal_of_a_false_approval_is_outstanding() => Breaks(
        3, Sound.Database(book => book with
        {
            Reversals = book.Reversals.Change(reversal => reversal.Rrn == _books.FalseApproval.Rrn, reversal => reversal with { IsAcknowledged = false }),
        }),
        $"reversal rrn {_books.FalseApproval.Rrn}", "outstanding");

    [Fact]
    public void Statement_3_a_reversal_took_effect_twice() => Breaks(
        3, Sound with { Bank = Sound.Bank.Change(entry => entry.Rrn == _books.Reversed.Rrn, entry => entry with { Reversals = 2 }) },
        "took effect 2 times", $"attempt {_books.Reversed.Key} REVERSED", "reversals 2");

    [Fact]
    public void Statement_3_the_bank_acknowledged_a_reversal_and_forgot_it() => Breaks(
        3, Sound with { Bank = Sound.Bank.Without(entry => entry.Rrn == _books.Tombstone.Rrn) },
        $"attempt {_books.Tombstone.Key} REVERSED", $"reversal rrn {_books.Tombstone.Rrn}");

    [Fact]
    public void Statement_3_an_attempt_is_reversed_and_debited_which_breaks_2_and_9_as_well() => Breaks(
        [2, 3, 9], Sound with { Bank = Sound.Bank.Change(entry => entry.Rrn == _books.Reversed.Rrn, entry => entry with { State = "DEBITED", Reversals = 0 }) },
        $"attempt {_books.Reversed.Key} REVERSED", $"bank rrn {_books.Reversed.Rrn} DEBITED");

    [Fact]
    public void Statement_3_an_attempt_is_reversed_by_nobody() => Breaks(
        3, Sound.Database(book => book with { Reversals = book.Reversals.Without(reversal => reversal.Rrn == _books.Tombstone.Rrn) }),
        "without a reversal that the bank acknowledged", "reversed what nobody here wanted",
        $"attempt {_books.Tombstone.Key} REVERSED", $"bank rrn {_books.Tombstone.Rrn} TOMBSTONE");

    [Fact]
    public void Statement_3_the_bank_reversed_what_we_do_not_know() => Breaks(
        3, Sound with { Bank = Sound.Bank.With(new BankEntry("000000077777", "TOMBSTONE", "", null, 0, "", 0, 0, 1)) },
        "reversed what nobody here wanted", "bank rrn 000000077777 TOMBSTONE");

    [Fact]
    public void Statement_3_a_reversal_is_of_no_attempt() => Breaks(
        3, Sound.Database(book => book with { Reversals = book.Reversals.With(new Reversal("000000077777", new Key(First, 7, 999), 1_000, 1, true)) }) with
        {
            Bank = Sound.Bank.With(new BankEntry("000000077777", "TOMBSTONE", "", null, 0, "", 0, 0, 1)),
        },
        "A reversal is of no attempt", "reversal rrn 000000077777");

    // 9: totals agree.

    [Fact]
    public void Statement_9_a_terminal_does_not_know_of_its_approval() => Breaks(
        9, Sound.Terminal(First, book => book with { Results = book.Results.Without(result => result.Key == _books.Approved.Key) }),
        "terminal: ", "attempts: ", "bank: ", $"attempt {_books.Approved.Key} APPROVED", $"bank rrn {_books.Approved.Rrn} DEBITED");

    [Fact]
    public void Statement_9_a_terminal_lost_an_approval_from_a_journal_that_forgets_nothing() => Breaks(
        9, Sound.Terminal(First, book => book with
        {
            Pending = book.Pending.Without(swipe => swipe.Key == _books.Approved.Key),
            Results = book.Results.Without(result => result.Key == _books.Approved.Key),
        }),
        $"attempt {_books.Approved.Key} APPROVED");

    [Fact]
    public void Statement_9_holds_when_a_long_journal_has_forgotten_what_stands_on_paper()
    {
        var padding = Enumerable.Range(1, 200).Select(stan => new Key(First, 99, stan)).ToList();
        Auditor.Check(Sound
            .Terminal(First, book => book with
            {
                Pending = book.Pending.Without(swipe => swipe.Key == _books.Approved.Key).With(padding.Select(key => new JournalPending(key, _books.Open, 6_200))),
                Results = book.Results.Without(result => result.Key == _books.Approved.Key).With(padding.Select(key => new JournalResult(key, null, null, null))),
            }))
            .Should().BeEmpty();
    }

    [Fact]
    public void Statement_9_a_terminal_has_an_approval_in_another_batch_which_breaks_8_as_well()
    {
        var other = _books.Approved.Key with { Batch = 70 };
        Breaks(
            [8, 9],
            Sound.Terminal(First, book => book with
            {
                Pending = book.Pending.Change(swipe => swipe.Key == _books.Approved.Key, swipe => swipe with { Key = other }),
                Results = book.Results.Change(result => result.Key == _books.Approved.Key, result => result with { Key = other }),
            }),
            $"terminal {First}, batch 000007", $"terminal {First}, batch 000070", "attempts: 0 approved, 0 in all");
    }
}
