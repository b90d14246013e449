using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Desks;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;
using Lakala.Wire.Terminal;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Terminal.Tests.Desks;

public sealed class DeskTests
{
    private const string Bill = "73516235791239";
    private const string OtherBill = "24681357902446";
    private const string Track = ";6228480000000000000=49122010000000000?";
    private const string OtherTrack = ";6217000000000000004=49122010000000000?";

    private static readonly Report Settled = new(Outcome.Settled);
    private static readonly Report Found = new(Outcome.Found) { Bill = Bill, Amount = 12_800, Payee = "Demo Shop", SecondsLeft = 60 };
    private static readonly Report Paid = new(Outcome.Approved) { Bill = Bill, Amount = 12_800 };
    private static readonly Report Payment = new(Outcome.Found)
    {
        Bill = Bill,
        Rrn = "000000010042",
        Amount = 12_800,
        Refundable = 4_500,
        MaskedCard = "622848*********0000",
        Payee = "Demo Shop",
    };

    private static readonly Report NotKnown = new(Outcome.Unknown) { Bill = Bill, Amount = 12_800 };

    private readonly FakeTimeProvider _time = new();
    private readonly Desk _desk;

    public DeskTests()
    {
        _desk = new Desk(TerminalTexts.English, needsClerk: false, _time);
        _desk.Begin().Should().BeOfType<DeskRequest.Settle>();
    }

    [Fact]
    public void A_bill_is_looked_up_swiped_keyed_in_and_paid()
    {
        Open();

        Type(Bill).Should().BeNull();
        Press(DeskKey.Enter).Should().Be(new DeskRequest.LookUp(Bill));
        _desk.Done(Found);
        Swipe(Track);
        Type("962006").Should().BeNull();
        var pay = Press(DeskKey.Enter).Should().BeOfType<DeskRequest.Pay>().Which;

        pay.Found.Should().Be(Found);
        pay.Card.Pin.Should().Be("962006");
        pay.Card.Track.Data.Should().Be("6228480000000000000=49122010000000000");
        pay.ToString().Should().NotContain("962006").And.NotContain("6228480000000000000");
        _desk.Page.ToString().Should().NotContain("962006");
        _desk.Done(Paid);
        _desk.Page.Should().BeOfType<Page.Ended>().Which.IsUnknown.Should().BeFalse();
        _time.Advance(Desk.Dwell);
        Scan(OtherBill).Should().Be(new DeskRequest.LookUp(OtherBill), "the next bill may be scanned at once");
    }

    [Fact]
    public void A_typing_error_is_told_with_the_last_digit_and_nothing_is_asked()
    {
        Open();

        Type(Bill[..^1] + "8");

        _desk.Notice.Should().Be(TerminalTexts.English.BillMistyped);
        Press(DeskKey.Enter).Should().BeNull();
        Press(DeskKey.Back);
        Type("9");
        _desk.Notice.Should().BeNull();
        Press(DeskKey.Enter).Should().NotBeNull();
    }

    [Fact]
    public void A_number_that_is_too_short_is_not_looked_up()
    {
        Open();
        Type("7351");

        Press(DeskKey.Enter).Should().BeNull();

        _desk.Notice.Should().NotBeNull();
    }

    [Fact]
    public void A_swipe_at_the_wrong_moment_changes_nothing_and_is_told()
    {
        Open();
        Type("7351");

        Swipe(Track);

        _desk.Page.Should().Be(new Page.BillEntry("7351"));
        _desk.Notice.Should().Be(_desk.Words.SwipeLater);
    }

    [Theory]
    [InlineData("%B6228480000000000000^SHOPPER/A^4912?")]
    [InlineData(";622848")]
    public void A_card_that_cannot_be_read_is_asked_for_again(string burst)
    {
        ShowBill();

        Swipe(burst);

        _desk.Page.Should().BeOfType<Page.BillShown>();
        _desk.Notice.Should().Be(_desk.Words.SwipeAgain);
    }

    [Fact]
    public void Another_card_takes_the_place_of_the_first_and_the_PIN_begins_anew()
    {
        ShowBill();
        Swipe(Track);
        Type("96");

        Swipe(OtherTrack);

        var page = _desk.Page.Should().BeOfType<Page.PinEntry>().Which;
        page.Pin.Should().BeEmpty();
        page.Track.PrimaryAccountNumber.Should().Be("6217000000000000004");
    }

    [Fact]
    public void A_PIN_has_at_least_four_digits_and_at_most_twelve()
    {
        ShowBill();
        Swipe(Track);
        Type("123");

        Press(DeskKey.Enter).Should().BeNull();
        Type("4567890123456");

        _desk.Page.Should().BeOfType<Page.PinEntry>().Which.Pin.Should().Be("123456789012");
    }

    [Fact]
    public void What_is_pressed_while_the_bank_is_asked_is_not_kept_for_later()
    {
        Pay();

        Type(Bill);
        Press(DeskKey.Enter);
        Press(DeskKey.Leave);
        _desk.Done(Paid);

        _desk.Page.Should().BeOfType<Page.Ended>();
        Press(DeskKey.Escape);
        _desk.Page.Should().BeOfType<Page.Ended>("that key was for the page before");
        _time.Advance(Desk.Dwell);
        Press(DeskKey.Enter);
        _desk.Page.Should().Be(new Page.BillEntry(""));
    }

    [Fact]
    public void An_outcome_is_shown_while_its_receipts_are_still_printed_and_keys_wait_for_neither()
    {
        Pay();

        _desk.Done(Paid, isPrinting: true);
        _desk.Page.Should().BeOfType<Page.Ended>().Which.Report.Should().Be(Paid);
        _desk.Notice.Should().Be(_desk.Words.Printing);
        _desk.Printed(Paid, "OUT OF PAPER");
        _desk.Page.Should().BeOfType<Page.Ended>().Which.PrintFault.Should().Be("OUT OF PAPER");
        _desk.Notice.Should().BeNull();
    }

    [Fact]
    public void Who_puts_paper_in_while_the_outcome_stands_sees_that_the_receipts_are_printed()
    {
        var paid = Paid with { Batch = 7, Stan = 41 };
        Pay();
        _desk.Done(paid, isPrinting: true);
        _desk.Tick().Should().BeNull("it is being printed");
        _desk.Printed(paid, "OUT OF PAPER");
        _time.Advance(Desk.LookAfter);

        _desk.Tick().Should().BeOfType<DeskRequest.Tend>();
        _desk.IsBusy.Should().BeFalse("nobody waits for it");
        _desk.PrintedEarlier(new JournalKey(7, 40), null);
        _desk.Page.Should().BeOfType<Page.Ended>().Which.PrintFault.Should().Be("OUT OF PAPER");
        _desk.PrintedEarlier(new JournalKey(7, 41), null);

        _desk.Page.Should().BeOfType<Page.Ended>().Which.PrintFault.Should().BeNull();
    }

    [Fact]
    public void The_next_bill_is_taken_while_the_printer_is_still_at_the_last()
    {
        Pay();
        _desk.Done(Paid, isPrinting: true);
        _time.Advance(Desk.Dwell);
        Press(DeskKey.Enter);
        Type(Bill);

        _desk.Printed(Paid, "CHECK THE PRINTER");

        _desk.Page.Should().Be(new Page.BillEntry(Bill));
    }

    [Fact]
    public void A_payment_that_came_to_nothing_can_be_tried_again_without_keying_the_bill_in()
    {
        Pay();
        _desk.Done(Paid with { Outcome = Outcome.Declined });
        _time.Advance(Desk.Dwell);

        Press(DeskKey.Enter).Should().Be(new DeskRequest.LookUp(Bill));
        _desk.Done(Found);
        Press(DeskKey.Escape);
        _desk.Page.Should().Be(new Page.BillEntry(""));
    }

    [Fact]
    public void Nobody_looks_at_receipts_before_signing_in()
    {
        var desk = new Desk(TerminalTexts.English, needsClerk: true, _time);
        desk.Begin();
        desk.Done(Settled with { Resolved = Paid });

        desk.Page.Should().BeOfType<Page.Ended>();
        desk.IsFree.Should().BeFalse();
    }

    [Fact]
    public void A_bill_that_cannot_be_paid_is_told_without_an_outcome()
    {
        Open();
        Type(Bill);
        Press(DeskKey.Enter);
        _desk.Done(SwipeReport.Refused("Already paid. Nothing to do.", Bill));

        _desk.Page.Should().BeOfType<Page.NotPayable>();
        Type("7");
        _desk.Page.Should().Be(new Page.BillEntry("7"));
    }

    [Fact]
    public void A_payment_is_given_up_with_two_presses_in_a_row()
    {
        Pay();

        Press(DeskKey.Escape).Should().BeNull();
        Type("1");
        _time.Advance(Desk.Confirmation);
        Press(DeskKey.Escape).Should().BeNull("something else was pressed in between");
        _time.Advance(Desk.Confirmation);
        Press(DeskKey.Escape).Should().BeOfType<DeskRequest.GiveUp>();
        Press(DeskKey.Escape).Should().BeNull("it is given up already");
    }

    [Fact]
    public void An_unknown_outcome_stays_on_the_screen_and_is_asked_after_until_it_is_certain()
    {
        Pay();
        _desk.Done(NotKnown);

        Type(Bill);
        Press(DeskKey.Enter);
        _desk.Page.Should().BeOfType<Page.Ended>().Which.IsUnknown.Should().BeTrue();
        _desk.Tick().Should().BeNull();
        _time.Advance(Desk.RetryAfter);
        _desk.Tick().Should().BeOfType<DeskRequest.Settle>();
        _desk.Tick().Should().BeNull("one at a time");
        _desk.Done(NotKnown);
        _time.Advance(Desk.RetryAfter);
        _desk.Tick().Should().BeOfType<DeskRequest.Settle>();
        _desk.Done(Settled with { Resolved = Paid });

        _desk.Page.Should().BeOfType<Page.Ended>().Which.Should().Match<Page.Ended>(page => page.IsEarlier && page.Report.Outcome == Outcome.Approved);
    }

    [Fact]
    public void Without_the_network_no_bill_is_taken_and_it_is_tried_again()
    {
        _desk.Done(SwipeReport.Refused("no cable"));

        Type(Bill);
        _desk.Page.Should().BeOfType<Page.Waiting>();
        _time.Advance(Desk.RetryAfter);
        _desk.Tick().Should().BeOfType<DeskRequest.Settle>();
        _desk.Done(Settled);

        _desk.Page.Should().Be(new Page.BillEntry(""));
    }

    [Fact]
    public void What_an_earlier_run_left_open_is_shown_before_the_first_bill()
    {
        var earlier = Paid with { Batch = 7, Stan = 42 };
        _desk.Done(Settled with { Resolved = earlier }, isPrinting: true);
        _desk.PrintedEarlier(new JournalKey(7, 41), null);
        _desk.Page.Should().BeOfType<Page.Ended>().Which.IsPrinting.Should().BeTrue("that was another's");
        _desk.PrintedEarlier(earlier.Key, "OUT OF PAPER");

        _desk.Page.Should().BeOfType<Page.Ended>().Which.Should().Match<Page.Ended>(page => page.IsEarlier && page.PrintFault == "OUT OF PAPER");
    }

    [Fact]
    public void Receipts_that_had_waited_for_the_printer_are_told_where_nothing_else_is()
    {
        Open();
        _desk.PrintedEarlier(new JournalKey(7, 41), null);
        _desk.Notice.Should().Be(_desk.Words.EarlierPrinted);
        Pay();
        _desk.PrintedEarlier(new JournalKey(7, 41), null);
        _desk.Notice.Should().BeNull();
    }

    [Fact]
    public void The_program_ends_with_two_presses_and_the_language_changes_with_one()
    {
        Open();

        Press(DeskKey.Leave).Should().BeNull();
        Type("7");
        Press(DeskKey.Leave).Should().BeNull();
        _time.Advance(Desk.Confirmation);
        Press(DeskKey.Leave).Should().BeOfType<DeskRequest.Leave>();
        _desk.Done();
        Press(DeskKey.Language).Should().Be(new DeskRequest.Speak(TerminalTexts.Chinese));
        _desk.Words.Clerk.Should().Be("收银员");
    }

    [Fact]
    public void What_the_server_asks_for_is_done_while_the_clerk_does_nothing()
    {
        Open();
        _desk.Tick().Should().BeNull();
        _desk.Tick(isAsked: true).Should().BeOfType<DeskRequest.Tend>();
        _desk.Tick().Should().BeNull();
        _time.Advance(Desk.TendAfter);
        Type("7");
        _desk.Tick(isAsked: true).Should().BeNull("the clerk has begun");
        Press(DeskKey.Escape);
        _desk.Tick().Should().BeOfType<DeskRequest.Tend>();
    }

    [Fact]
    public void Several_cards_in_a_row_that_cannot_be_read_are_the_readers_fault_until_one_can()
    {
        ShowBill();
        for (var i = 0; i < 4; i++)
        {
            _desk.IsReaderGood.Should().BeTrue();
            Swipe(";622848");
        }

        _desk.IsReaderGood.Should().BeFalse();
        Swipe(Track);
        _desk.IsReaderGood.Should().BeTrue();
    }

    [Fact]
    public void Where_there_are_clerks_one_signs_in_before_the_first_bill_and_off_after_the_last()
    {
        var desk = WithClerks();

        desk.Page.Should().BeOfType<Page.SignIn>();
        SignIn(desk, "1001", "12345678").Should().Be(new DeskRequest.SignIn("1001", "12345678"));
        desk.Page.ToString().Should().NotContain("12345678");
        desk.SignedIn(null, "wrong").Should().BeNull();
        desk.Notice.Should().Be("wrong");
        desk.Page.Should().Be(new Page.SignIn("", "", IsAtPassword: false));
        SignIn(desk, "1001", "87654321").Should().BeOfType<DeskRequest.SignIn>();
        desk.SignedIn(Anna, null).Should().BeNull();

        desk.Page.Should().Be(new Page.BillEntry(""));
        desk.Clerk.Should().Be(Anna);
        desk.Press(new Press(DeskKey.SignOff)).Should().BeNull();
        desk.Clerk.Should().BeNull();
        desk.Page.Should().BeOfType<Page.SignIn>();
    }

    [Fact]
    public void What_needs_a_supervisor_waits_for_one()
    {
        var desk = WithClerks();
        SignIn(desk, "1001", "1");
        desk.SignedIn(Anna, null);
        desk.ShowBatch(new BatchTotals(1, 100));

        desk.Press(new Press(DeskKey.Enter)).Should().BeNull();
        SignIn(desk, "1001", "1").Should().BeOfType<DeskRequest.SignIn>();
        desk.SignedIn(Anna, null).Should().BeNull();
        desk.Notice.Should().Be(desk.Words.NoSupervisor);
        desk.Press(new Press(DeskKey.Escape));
        desk.Page.Should().BeOfType<Page.BatchShown>();
        desk.Press(new Press(DeskKey.Enter));
        SignIn(desk, "9001", "1");
        desk.SignedIn(Boss, null).Should().BeOfType<DeskRequest.CloseBatches>();

        desk.Page.Should().BeOfType<Page.Closing>();
        desk.Clerk.Should().Be(Anna, "the clerk stays");
    }

    [Fact]
    public void A_supervisor_at_the_desk_is_asked_nothing_twice_and_an_older_receipt_needs_one()
    {
        var desk = WithClerks();
        SignIn(desk, "1001", "1");
        desk.SignedIn(Anna, null);
        JournaledSwipe[] past = [Swipe(44, Bill), Swipe(42, "24700000000073")];
        desk.ShowPast(past);
        desk.Press(new Press(DeskKey.Enter)).Should().BeOfType<DeskRequest.Reprint>("the last one is the customer's");
        desk.Done(Paid);
        desk.Press(new Press(DeskKey.Down));
        desk.Press(new Press(DeskKey.Enter)).Should().BeNull();
        SignIn(desk, "9001", "1");
        desk.SignedIn(Boss, null).Should().Be(new DeskRequest.Reprint(past[1]));
        desk.Done(Paid);
        desk.Press(new Press(DeskKey.Escape));
        desk.Press(new Press(DeskKey.SignOff));
        SignIn(desk, "9001", "1");
        desk.SignedIn(Boss, null);
        desk.ShowBatch(new BatchTotals(1, 100));

        desk.Press(new Press(DeskKey.Enter)).Should().BeOfType<DeskRequest.CloseBatches>();
    }

    [Fact]
    public void A_refund_takes_the_payment_an_amount_the_card_that_paid_and_another_person()
    {
        var desk = Refunding();
        TypeTo(desk, "000000010042");
        desk.Press(new Press(DeskKey.Enter)).Should().Be(new DeskRequest.LookUpPayment("000000010042"));
        desk.Done(Payment);

        TypeTo(desk, "4501");
        desk.Press(new Press(DeskKey.Enter)).Should().BeNull();
        desk.Notice.Should().Be(desk.Words.RefundTooMuch);
        desk.Press(new Press(DeskKey.Back));
        desk.Press(new Press(DeskKey.Enter));
        desk.Page.Should().Be(new Page.RefundSwipe(Payment, 450));
        desk.Read(new DeskInput.Burst(OtherTrack, IsEnded: true)).Should().BeNull();
        desk.Notice.Should().StartWith("This is not the card that paid.");
        desk.Read(new DeskInput.Burst(Track, IsEnded: true)).Should().BeNull();
        desk.Page.Should().BeOfType<Page.SignIn>().Which.Signs.Should().Be(new DeskRequest.Refund(Payment, 450, Payment.MaskedCard!));

        SignIn(desk, "1001", "12345678").Should().BeNull("who is signed in does not sign");
        desk.Notice.Should().Be(TerminalTexts.English.AnotherPerson);
        var refund = SignIn(desk, "9001", "87654321").Should().BeOfType<DeskRequest.Refund>().Which;

        refund.Signature.Should().Be(new Signature("9001", "87654321"));
        refund.ToString().Should().NotContain("87654321");
        desk.Page.Should().BeOfType<Page.Refunding>();
        desk.Press(new Press(DeskKey.Escape)).Should().BeNull("a refund that is sent is not given up");
        desk.Done(new Report(Outcome.Ordered) { Bill = Bill, Amount = 450, RefundOf = Payment.Rrn });
        desk.Page.Should().BeOfType<Page.Ended>();
        _time.Advance(Desk.Dwell);
        desk.Press(new Press(DeskKey.Enter));
        desk.Page.Should().Be(new Page.BillEntry(""));
        desk.Clerk.Should().Be(Anna, "the clerk stays");
    }

    [Fact]
    public void A_supervisor_who_is_signed_in_needs_another_one_for_a_refund()
    {
        var desk = Refunding("9001", Boss);
        ToSignature(desk);

        SignIn(desk, "9001", "1").Should().BeNull();

        desk.Notice.Should().Be(TerminalTexts.English.AnotherPerson);
    }

    [Fact]
    public void Without_a_number_of_its_own_all_that_is_left_goes_back_and_a_scan_of_the_receipt_finds_the_payment()
    {
        var desk = Refunding();

        desk.Read(new DeskInput.Burst(Bill, IsEnded: true)).Should().Be(new DeskRequest.LookUpPayment(Bill));
        desk.Done(Payment);
        desk.Press(new Press(DeskKey.Enter));

        desk.Page.Should().Be(new Page.RefundSwipe(Payment, 4_500));
    }

    [Fact]
    public void A_payment_of_which_nothing_is_left_is_told_and_a_mistyped_number_is_not_asked_for()
    {
        var desk = Refunding();
        TypeTo(desk, "00000001004");
        desk.Press(new Press(DeskKey.Enter)).Should().BeNull();
        desk.Notice.Should().Be(TerminalTexts.English.NumberMistyped);
        TypeTo(desk, "2");
        desk.Press(new Press(DeskKey.Enter));

        desk.Done(SwipeReport.Refused("All of this payment was given back already."));

        desk.Page.Should().BeOfType<Page.NotPayable>();
        desk.Press(new Press(DeskKey.Escape));
        desk.Page.Should().Be(new Page.BillEntry(""));
    }

    [Fact]
    public void A_refund_that_is_refused_offers_no_payment_of_its_bill()
    {
        var desk = Refunding();
        ToSignature(desk);
        SignIn(desk, "9001", "1").Should().BeOfType<DeskRequest.Refund>();

        desk.Done(SwipeReport.Refused("no", Bill) with { RefundOf = Payment.Rrn, Amount = 450 });

        desk.BillToRetry.Should().BeNull();
    }

    [Fact]
    public void Where_nobody_signs_in_nothing_is_given_back()
    {
        Open();

        Press(DeskKey.Refund).Should().BeNull();

        _desk.Page.Should().Be(new Page.BillEntry(""));
        _desk.Takes(DeskKey.Refund).Should().BeFalse();
    }

    [Fact]
    public void A_batch_is_shown_closed_with_Enter_and_left_with_Escape()
    {
        Open();
        _desk.ShowBatch(new BatchTotals(3, 38_400));
        Press(DeskKey.Escape).Should().BeNull();
        _desk.Page.Should().Be(new Page.BillEntry(""));

        _desk.ShowBatch(new BatchTotals(3, 38_400));
        Press(DeskKey.Enter).Should().BeOfType<DeskRequest.CloseBatches>();
        Press(DeskKey.Enter).Should().BeNull("it is under way");
        var closed = new Report(Outcome.Closed) { Batches = [new BatchReport(7, 3, 38_400, 3, 38_400, [])] };
        _desk.Done(closed);

        _desk.Page.Should().Be(new Page.Closed(closed, null));
        Press(DeskKey.Enter);
        _desk.Page.Should().Be(new Page.BillEntry(""));
    }

    [Fact]
    public void The_last_report_of_a_batch_is_printed_again_from_its_page_and_from_the_next_close()
    {
        Open();
        _desk.ShowBatch(new BatchTotals(0, 0));
        Press(DeskKey.Receipts).Should().BeOfType<DeskRequest.ReprintBatch>();
        _desk.Done(SwipeReport.Refused(TerminalTexts.English.NoBatchReport));
        _desk.Notice.Should().Be(TerminalTexts.English.NoBatchReport);

        var closed = new Report(Outcome.Closed) { Batches = [new BatchReport(7, 3, 38_400, 3, 38_400, [])] };
        Press(DeskKey.Receipts).Should().BeOfType<DeskRequest.ReprintBatch>();
        _desk.Done(closed, isPrinting: true);
        _desk.Notice.Should().Be(_desk.Words.Printing);
        _desk.Printed(closed, "OUT OF PAPER");
        _desk.Page.Should().Be(new Page.Closed(closed, "OUT OF PAPER"));
        Press(DeskKey.Receipts).Should().BeOfType<DeskRequest.ReprintBatch>();
        _desk.Done(closed);

        _desk.Page.Should().Be(new Page.Closed(closed, null));
    }

    [Fact]
    public void Differences_are_what_one_side_has_alone_or_each_with_another_amount() =>
        BatchReport.Compare([new(1, 100), new(2, 200), new(3, 300)], [new(1, 100), new(2, 250), new(4, 400)]).Should().Equal(
            new BatchDifference(2, 200, 250), new BatchDifference(3, 300, null), new BatchDifference(4, null, 400));

    [Fact]
    public void Past_payments_are_chosen_found_by_STAN_or_bill_and_printed_again()
    {
        Open();
        JournaledSwipe[] past = [Swipe(44, Bill), Swipe(42, "24700000000073"), Swipe(12, "88888888888812")];
        _desk.ShowPast(past);

        Press(DeskKey.Down);
        Press(DeskKey.Enter).Should().Be(new DeskRequest.Reprint(past[1]));
        _desk.Done(Paid, isPrinting: true);
        _desk.Notice.Should().Be(_desk.Words.Printing);
        _desk.Printed(Paid, null);
        _desk.Notice.Should().Be(_desk.Words.Printed);
        Type("888");
        Press(DeskKey.Enter).Should().Be(new DeskRequest.Reprint(past[2]));
        _desk.Done(Paid, isPrinting: true);
        _desk.Printed(Paid, "NO PAPER");
        _desk.Notice.Should().Be("NO PAPER");
        Type("9");
        Press(DeskKey.Enter).Should().BeNull("there is none");
        Press(DeskKey.Escape);
        _desk.Page.Should().Be(new Page.BillEntry(""));
    }

    private static readonly ClerkIdentity Anna = new("1001", "Anna", IsSupervisor: false);
    private static readonly ClerkIdentity Boss = new("9001", "Boss", IsSupervisor: true);

    private Desk WithClerks()
    {
        var desk = new Desk(TerminalTexts.English, needsClerk: true, _time);
        desk.Begin();
        desk.Done(Settled);
        return desk;
    }

    private static DeskRequest? SignIn(Desk desk, string number, string password)
    {
        TypeTo(desk, number);
        desk.Press(new Press(DeskKey.Enter));
        TypeTo(desk, password);
        return desk.Press(new Press(DeskKey.Enter));
    }

    private static void TypeTo(Desk desk, string signs)
    {
        foreach (var sign in signs)
        {
            desk.Press(new Press(DeskKey.Sign, sign));
        }
    }

    private static JournaledSwipe Swipe(int stan, string bill)
    {
        var key = new JournalKey(7, stan);
        return new JournaledSwipe(
            new SwipePending(key, "T0000001", "STORE0000000001", bill, 100, 156, "622848*********0008", "021", default), new SwipeResult(key, "00"));
    }

    private void Open() => _desk.Done(Settled);

    // Signed in, and asked for the payment.
    private Desk Refunding(string number = "1001", ClerkIdentity? clerk = null)
    {
        var desk = WithClerks();
        SignIn(desk, number, "1");
        desk.SignedIn(clerk ?? Anna, null);
        desk.Press(new Press(DeskKey.Refund));
        desk.Page.Should().Be(new Page.PaymentEntry(""));
        return desk;
    }

    private static void ToSignature(Desk desk)
    {
        TypeTo(desk, "000000010042");
        desk.Press(new Press(DeskKey.Enter));
        desk.Done(Payment);
        desk.Press(new Press(DeskKey.Enter));
        desk.Read(new DeskInput.Burst(Track, IsEnded: true));
    }

    private void ShowBill()
    {
        Open();
        Type(Bill);
        Press(DeskKey.Enter);
        _desk.Done(Found);
    }

    private void Pay()
    {
        ShowBill();
        Swipe(Track);
        Type("962006");
        Press(DeskKey.Enter).Should().BeOfType<DeskRequest.Pay>();
    }

    private DeskRequest? Type(string signs)
    {
        DeskRequest? last = null;
        foreach (var sign in signs)
        {
            last = _desk.Press(new Press(DeskKey.Sign, sign));
        }

        return last;
    }

    private void Swipe(string burst) => _desk.Read(new DeskInput.Burst(burst, IsEnded: true)).Should().BeNull();

    private DeskRequest? Scan(string digits, bool isEnded = true) => _desk.Read(new DeskInput.Burst(digits, isEnded));

    private DeskRequest? Press(DeskKey key) => _desk.Press(new Press(key));
}
