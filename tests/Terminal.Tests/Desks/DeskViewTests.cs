using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Desks;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;
using Lakala.Wire.Texts;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Terminal.Tests.Desks;

/// <summary>The texts of each page.</summary>
public sealed class DeskViewTests
{
    private const string Bill = "73516235791239";
    private const string Track = ";6228480000000000000=49122010000000000?";

    private static readonly Report Settled = new(Outcome.Settled);
    private static readonly Report Found = new(Outcome.Found) { Bill = Bill, Amount = 12_800, Payee = "Demo Shop", SecondsLeft = 60 };
    private static readonly Report Paid = new(Outcome.Approved) { Bill = Bill, Amount = 12_800, Payee = "Demo Shop", Text = "Approved. Hand over the receipt.", CustomerText = "Paid. Thank you." };
    private static readonly (string, bool) Ready = ("printer ready", true);

    private readonly FakeTimeProvider _time = new();
    private readonly Desk _desk;

    public DeskViewTests()
    {
        _desk = new Desk(TerminalTexts.English, needsClerk: false, _time);
        _desk.Begin();
    }

    [Fact]
    public void Only_keys_that_do_something_are_named()
    {
        Keys().Should().BeEmpty("it signs on");
        _desk.Done(SwipeReport.Refused("no cable"));
        Keys().Should().Be("F9 中文   F10 end", "receipts and the batch cannot be looked at now");
        _time.Advance(Desk.RetryAfter);
        _desk.Tick();
        _desk.Done(Settled);
        Keys().Should().Be("F2 receipts   F4 close batch   F9 中文   F10 end", "nobody has signed in, so nobody signs off");
        Pay();
        Keys().Should().Be("Esc give up");
        _desk.Done(Paid);
        Keys().Should().Be("F10 end", "the outcome stays a moment");
        _time.Advance(Desk.Dwell);
        Keys().Should().Be("F2 receipts   F4 close batch   F10 end");
    }

    [Fact]
    public void With_clerks_the_keys_of_the_one_who_is_there_are_named()
    {
        var desk = new Desk(TerminalTexts.English, needsClerk: true, _time);
        desk.Begin();
        desk.Done(Settled);
        Keys(desk).Should().Be("F9 中文   F10 end");
        desk.SignedIn(new ClerkIdentity("1001", "Anna", IsSupervisor: false), null);

        Keys(desk).Should().Be("F2 receipts   F3 refund   F4 close batch   F8 sign off   F9 中文   F10 end");
    }

    [Theory]
    [InlineData(Outcome.Ordered)]
    [InlineData(Outcome.Refused)]
    [InlineData(Outcome.Unknown)]
    public void A_refund_shows_what_is_left_and_never_says_that_the_money_is_back(Outcome outcome)
    {
        var desk = new Desk(TerminalTexts.English, needsClerk: true, _time);
        desk.Begin();
        desk.Done(Settled);
        desk.SignedIn(new ClerkIdentity("1001", "Anna", IsSupervisor: false), null);
        desk.Press(new Press(DeskKey.Refund));
        Shown(desk).Should().Contain("RRN of the receipt");
        desk.Read(new DeskInput.Burst("000000010042", IsEnded: true));
        desk.Done(new Report(Outcome.Found)
        {
            Bill = Bill,
            Rrn = "000000010042",
            Amount = 12_800,
            Refundable = 4_500,
            MaskedCard = "622848*********0000",
            Payee = "Demo Shop",
            PaidAt = new DateTimeOffset(2030, 1, 31, 16, 30, 14, TimeSpan.FromHours(8)),
        });
        Shown(desk).Should().ContainAll("Demo Shop", "CNY 128.00", "2030-01-31 16:30", "622848*********0000", "CNY 45.00");
        desk.Press(new Press(DeskKey.Sign, '5'));
        Shown(desk).Should().Contain("CNY 0.05");
        desk.Press(new Press(DeskKey.Enter));
        Shown(desk).Should().Contain("Swipe the card that paid: 622848*********0000");
        desk.Read(new DeskInput.Burst(Track, IsEnded: true));
        Shown(desk).Should().Contain("A supervisor signs the refund").And.Contain("Esc back");
        foreach (var sign in "9001")
        {
            desk.Press(new Press(DeskKey.Sign, sign));
        }

        desk.Press(new Press(DeskKey.Enter));
        desk.Press(new Press(DeskKey.Sign, 'x'));
        desk.Press(new Press(DeskKey.Enter)).Should().BeOfType<DeskRequest.Refund>();
        Shown(desk).Should().Contain("Do not switch off");

        desk.Done(new Report(outcome) { Bill = Bill, Amount = 5, RefundOf = "000000010042", CustomerText = "for the customer", Text = "for the clerk" });

        Shown(desk).Should().Contain("for the customer").And.NotContain(BigText.Lines("PAID")[0]).And.NotContain("NOT PAID");
        Shown(desk).ToUpperInvariant().Should().NotContain("REFUNDED");
        Shown(desk).Should().ContainAll(BigText.Lines(outcome switch { Outcome.Ordered => "ORDERED", Outcome.Refused => "NO REFUND", _ => "UNKNOWN" }));
    }

    [Fact]
    public void A_bill_that_another_counter_was_quicker_to_pay_is_called_paid_and_not_offered_again()
    {
        Open();
        Pay();
        _desk.Done(Refused(310, "Already paid. Nothing to do."));
        _time.Advance(Desk.Dwell);

        Shown().Should().ContainAll(BigText.Lines("ALREADY")).And.ContainAll(BigText.Lines("PAID"))
            .And.NotContain(BigText.Lines("NOT PAID")[0])
            .And.Contain("Nothing was taken from this card").And.Contain("Enter: next customer").And.NotContain("once more");
        _desk.Press(new Press(DeskKey.Enter)).Should().BeNull();
        _desk.Page.Should().Be(new Page.BillEntry(""));
    }

    [Theory]
    [InlineData(302, false)]
    [InlineData(311, false)]
    [InlineData(312, false)]
    [InlineData(320, true)]
    [InlineData(402, true)]
    [InlineData(403, true)]
    public void The_same_bill_is_offered_again_only_where_it_can_be_paid_still(int reason, bool isOffered)
    {
        Open();
        Pay();
        _desk.Done(Refused(reason, "Not paid."));
        _time.Advance(Desk.Dwell);

        Shown().Contains("once more", StringComparison.Ordinal).Should().Be(isOffered);
    }

    [Theory]
    [InlineData(true, null, "Approved. Hand over the receipt.")]
    [InlineData(true, "OUT OF PAPER", "Approved.")]
    [InlineData(false, null, "Approved. There is no printer: the receipt is under F2.")]
    public void A_receipt_is_handed_over_only_when_there_is_one(bool hasPrinter, string? fault, string said)
    {
        Open();
        Pay();
        _desk.Done(Paid, isPrinting: true);
        Shown(hasPrinter: hasPrinter).Should().NotContain("Hand over", "it is still printing");

        _desk.Printed(Paid, fault);

        Lines(hasPrinter: hasPrinter).Should().Contain(line => line.Trim() == said);
    }

    [Theory]
    [InlineData(true, null, "Give the customer the slip.")]
    [InlineData(true, "CHECK THE PRINTER", "Let the customer wait.")]
    [InlineData(false, null, "Let the customer wait.")]
    public void The_page_mentions_the_slip_of_an_unknown_outcome_only_when_there_is_one(bool hasPrinter, string? fault, string said)
    {
        Open();
        Pay();
        var unknown = new Report(Outcome.Unknown) { Bill = Bill, Amount = 12_800 };
        _desk.Done(unknown, isPrinting: true);
        _desk.Printed(unknown, fault);
        Shown(hasPrinter: hasPrinter).Should().Contain(said);
        _time.Advance(Desk.RetryAfter);
        _desk.Tick().Should().BeOfType<DeskRequest.Settle>();

        Shown(hasPrinter: hasPrinter).Should().Contain(said);
    }

    [Fact]
    public void A_number_with_other_content_at_the_server_shows_call_the_operator()
    {
        Open();
        Pay();
        var reused = new Report(Outcome.Unknown) { Bill = Bill, Amount = 12_800, ResponseCode = "94", Text = TerminalTexts.English.KeyReused };
        _desk.Done(reused);
        Flat().Should().Contain("Call the operator").And.NotContain("finds out by itself").And.NotContain("You are told here");

        var desk = new Desk(TerminalTexts.English, needsClerk: false, _time);
        desk.Begin();
        desk.Done(reused);
        Flat(desk).Should().Contain("Call the operator").And.NotContain("tries again every few seconds");
    }

    [Fact]
    public void Receipts_that_come_late_are_not_called_payments_that_have_become_certain()
    {
        _desk.Done(Settled with { Resolved = Paid with { Duplicates = 3 } });

        Flat().Should().Contain("marked as duplicates: 3. The last of them: 7351 6235 7912 39").And.NotContain("has become certain");
    }

    [Theory]
    [InlineData(60, 20)]
    [InlineData(79, 24)]
    [InlineData(80, 23)]
    [InlineData(20, 5)]
    [InlineData(1, 1)]
    public void On_a_screen_that_is_too_small_the_outcome_stands_first_and_then_what_to_do(int columns, int rows)
    {
        Open();
        Pay();
        _desk.Done(Refused(401, "Wrong PIN."));

        var lines = Lines(columns: columns, rows: rows);

        string.Concat(lines).Should().StartWith("NOT PAID"[..Math.Min(8, columns)]);
        lines.Should().OnlyContain(line => ColumnWidth.Measure(line) <= columns);
        if (columns >= 20)
        {
            string.Join(' ', lines.Select(line => line.Trim())).Should().Contain("CNY 128.00").And.Contain(Bill).And.Contain("Make this window larger");
        }
    }

    [Theory]
    [InlineData("en", "Not paid.")]
    [InlineData("zh", "未支付。")]
    public void The_customer_reads_that_nothing_was_paid_when_the_payment_did_not_leave_the_terminal(string language, string said)
    {
        var desk = new Desk(TerminalTexts.ForLanguage(language), needsClerk: false, _time);
        desk.Begin();
        desk.Done(Settled);
        desk.Read(new DeskInput.Burst(Bill, IsEnded: true));
        desk.Done(Found);
        desk.Read(new DeskInput.Burst(Track, IsEnded: true));
        foreach (var key in "123456\r")
        {
            desk.Press(key == '\r' ? new Press(DeskKey.Enter) : new Press(DeskKey.Sign, key));
        }

        desk.Done(SwipeReport.Refused("no cable", Bill));

        Grid(desk, Status(hasPrinter: true), 80, 24)[19].Trim().Should().Be(said);
    }

    [Fact]
    public void Blanks_between_two_things_stay()
    {
        Open();
        Pay();
        _desk.Done(Refused(402, "Not paid."));
        _time.Advance(Desk.Dwell);

        Shown().Should().Contain("Enter: the same bill once more   Esc: next customer").And.Contain("Demo Shop   CNY 128.00");
    }

    [Fact]
    public void The_largest_amount_stands_whole_in_the_list_of_payments()
    {
        ShowPast(Swipe(44, 999_999_999_999));

        Shown().Should().Contain($"000044 {Bill} 9,999,999,999.99");
    }

    [Fact]
    public void What_is_cut_off_says_so()
    {
        Open();
        _desk.Press(new Press(DeskKey.Sign, '7'));
        var status = Status(hasPrinter: true) with { Store = new string('店', 60) };

        Grid(_desk, status, 80, 24)[0].Should().Contain("店…");
    }

    [Fact]
    public void A_receipt_that_is_longer_than_the_screen_is_shown_in_parts_and_nothing_stands_over_it()
    {
        var name = string.Join(' ', Enumerable.Repeat("Tea and Porcelain", 12));
        ShowPast(Swipe(44, 100, payee: name));
        Shown().Should().NotContain("CUSTOMER COPY").And.Contain("… PgUp PgDn");

        for (var i = 0; i < 3; i++)
        {
            _desk.Press(new Press(DeskKey.PageDown));
        }

        Shown().Should().Contain("CUSTOMER COPY").And.Contain("CNY 1.00");
        _desk.Press(new Press(DeskKey.PageUp));
        _desk.Press(new Press(DeskKey.PageUp));
        _desk.Press(new Press(DeskKey.PageUp));
        Shown().Should().NotContain("CUSTOMER COPY");
        _desk.Done(Paid);
        _desk.Printed(Paid, new string('x', 70));
        Lines()[22].Should().Contain("x   ").And.Contain("PgUp PgDn", "the notice keeps to its own half");
    }

    [Fact]
    public void The_customers_code_is_on_paper_and_not_on_the_screen()
    {
        var swipe = Swipe(44, 100);
        ShowPast(swipe with
        {
            Pending = swipe.Pending with { ShipWithinSeconds = 3_600, CheckWithinSeconds = 86_400 },
            Result = swipe.Result! with { ReceiptCode = "0123456789" },
        });

        var first = Shown();
        _desk.Press(new Press(DeskKey.PageDown));

        (first + Shown()).Should().Contain("GUARANTEED TRADE").And.NotContain("01234").And.NotContain("56789");
    }

    [Theory]
    [InlineData("en", "If refunded: in full. The shop does not get the fee for this payment back.")]
    [InlineData("zh", "如有退款：全额退还，本次付款的手续费不退还商家。")]
    public void A_fee_that_is_kept_is_on_the_screen_before_the_payment(string language, string said)
    {
        var whole = Found with { Description = "A teapot", OrderId = "order-1", ShipWithinSeconds = 3_600, CheckWithinSeconds = 86_400, IsFeeKept = true };
        var desk = ShowBill(whole);
        Shown(desk).Should().Contain(said);
        desk.Read(new DeskInput.Burst(Track, IsEnded: true));
        Shown(desk).Should().Contain(said, "the PIN is not keyed in yet");
        foreach (var sign in "962006")
        {
            desk.Press(new Press(DeskKey.Sign, sign));
        }

        desk.Press(new Press(DeskKey.Enter)).Should().BeOfType<DeskRequest.Pay>();
        Shown(desk).Should().Contain(said);

        Shown(ShowBill(whole with { IsFeeKept = false })).Should().NotContain(said);

        Desk ShowBill(Report found)
        {
            var desk = new Desk(TerminalTexts.ForLanguage(language), needsClerk: false, _time);
            desk.Begin();
            desk.Done(Settled);
            desk.Read(new DeskInput.Burst(Bill, IsEnded: true)).Should().Be(new DeskRequest.LookUp(Bill));
            desk.Done(found);
            return desk;
        }
    }

    [Fact]
    public void A_past_payment_that_was_not_paid_says_why()
    {
        ShowPast(Swipe(44, 100, "51", 401, "Not enough money. Take another card."), Swipe(43, 100));
        Shown().Should().Contain("51: Not enough money. Take another card.");

        _desk.Press(new Press(DeskKey.Down));

        Shown().Should().NotContain("Not enough money");
    }

    [Theory]
    [InlineData("en")]
    [InlineData("zh")]
    public void What_was_not_right_is_said_whole_beside_past_payments_too(string language)
    {
        var desk = new Desk(TerminalTexts.ForLanguage(language), needsClerk: false, _time);
        desk.Begin();
        desk.Done(Settled);
        desk.ShowPast([Swipe(44, 100, "51", 401, "Not enough money. Take another card.")]);

        desk.Read(new DeskInput.Burst(Track, IsEnded: true));

        desk.Notice.Should().Be(desk.Words.SwipeLater);
        var said = DeskView.Draw(desk, Status(hasPrinter: true), 80, 24, _time).Where(piece => piece.Ink == Ink.Warn).Select(piece => piece.Text);
        string.Concat(said).Replace(" ", "").Should().Be(desk.Words.SwipeLater.Replace(" ", ""));
    }

    [Theory]
    [InlineData("en", "One moment: number and password are verified.")]
    [InlineData("zh", "请稍候：正在验证工号和密码。")]
    public void While_a_clerk_is_verified_the_screen_says_so(string language, string said)
    {
        var desk = new Desk(TerminalTexts.ForLanguage(language), needsClerk: true, _time);
        desk.Begin();
        desk.Done(Settled);
        foreach (var key in "1001\r1234")
        {
            desk.Press(key == '\r' ? new Press(DeskKey.Enter) : new Press(DeskKey.Sign, key));
        }

        Shown(desk).Should().NotContain(said);
        desk.Press(new Press(DeskKey.Enter)).Should().BeOfType<DeskRequest.SignIn>();

        Shown(desk).Should().Contain(said);
        Keys(desk).Should().BeEmpty("no key does anything now");
    }

    [Fact]
    public void A_batch_without_payments_is_not_closed()
    {
        Open();
        _desk.ShowBatch(new BatchTotals(0, 0));
        Shown().Should().Contain("Nothing to close").And.NotContain("Close the batch?");

        _desk.Press(new Press(DeskKey.Enter)).Should().BeNull();

        _desk.Page.Should().Be(new Page.BillEntry(""));
    }

    [Theory]
    [InlineData("en")]
    [InlineData("zh")]
    public void Every_large_word_is_drawn_whole(string language)
    {
        var words = DeskTexts.ForLanguage(language);

        foreach (var word in words.AlreadyPaid.Concat([words.Paid, words.NotPaid, words.Unknown, .. words.RefundOrdered, words.NoRefund]))
        {
            var lines = BigText.Lines(word);
            var width = lines[0].Length / word.Length;
            word.Select((sign, i) => sign == ' ' || lines.Any(line => line.Substring(i * width, width).Trim().Length > 0)).Should().NotContain(false, $"{word} has all its signs");
            lines[0].Length.Should().BeLessThanOrEqualTo(74);
        }
    }

    private void Open() => _desk.Done(Settled);

    private void Pay()
    {
        foreach (var sign in Bill)
        {
            _desk.Press(new Press(DeskKey.Sign, sign));
        }

        _desk.Press(new Press(DeskKey.Enter)).Should().Be(new DeskRequest.LookUp(Bill));
        _desk.Done(Found);
        _desk.Read(new DeskInput.Burst(Track, IsEnded: true));
        foreach (var sign in "962006")
        {
            _desk.Press(new Press(DeskKey.Sign, sign));
        }

        _desk.Press(new Press(DeskKey.Enter)).Should().BeOfType<DeskRequest.Pay>();
    }

    private void ShowPast(params JournaledSwipe[] past)
    {
        Open();
        _desk.ShowPast(past);
    }

    private static Report Refused(int reason, string text) =>
        new(reason == 401 ? Outcome.Declined : Outcome.Refused) { Bill = Bill, Amount = 12_800, Payee = "Demo Shop", Reason = reason, Text = text };

    private static JournaledSwipe Swipe(int stan, long amount, string code = "00", int reason = 0, string? text = null, string? payee = null)
    {
        var key = new JournalKey(7, stan);
        return new JournaledSwipe(
            new SwipePending(key, "T0000001", "STORE0000000001", Bill, amount, CurrencyCode.Cny, "622848*********0008", "021", default, Payee: payee),
            new SwipeResult(key, code, reason, ClerkText: text));
    }

    private DeskStatus Status(bool hasPrinter) =>
        new("T0000001", "Corner Store", null, IsUp: true, OpenItems: 0, hasPrinter ? Ready : null, _time.GetUtcNow());

    private string Keys(Desk? desk = null) => Grid(desk ?? _desk, Status(true), 80, 24)[22].Trim();

    private string Shown(Desk? desk = null, bool hasPrinter = true) => string.Join('\n', Grid(desk ?? _desk, Status(hasPrinter), 80, 24));

    // Without line breaks.
    private string Flat(Desk? desk = null) => string.Join(' ', Shown(desk).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private string[] Lines(bool hasPrinter = true, int columns = 80, int rows = 24) => Grid(_desk, Status(hasPrinter), columns, rows);

    // As a text terminal fills its cells: wide characters take two.
    private string[] Grid(Desk desk, DeskStatus status, int columns, int rows)
    {
        var cells = Enumerable.Range(0, rows).Select(_ => Enumerable.Repeat(" ", columns).ToArray()).ToArray();
        foreach (var piece in DeskView.Draw(desk, status, columns, rows, _time))
        {
            var column = piece.Column;
            foreach (var rune in piece.Text.EnumerateRunes())
            {
                var width = ColumnWidth.Measure(rune);
                (column + width).Should().BeLessThanOrEqualTo(columns, $"'{piece.Text}' fits");
                cells[piece.Row][column] = rune.ToString();
                if (width == 2)
                {
                    cells[piece.Row][column + 1] = "";
                }

                column += width;
            }
        }

        return [.. cells.Select(row => string.Concat(row))];
    }
}
