using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Printing;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;
using Lakala.Wire.Terminal;

namespace Lakala.Terminal.Tests;

public sealed class ReceiptTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 24, 9, 56, 10, TimeSpan.Zero);

    private static readonly TerminalSetup Setup = new("127.0.0.1", 1, "ca.pem", "T0000001", "STORE0000000001", "en");

    private static readonly JournaledSwipe Approved = new(
        new SwipePending(
            new JournalKey(7, 42), "T0000001", "STORE0000000001", "73516235791239", 123_456_789, 156, "622848*********5458", "021", At,
            "Corner Store 1", "北京市朝阳区茶具专卖店有限公司旗舰店", "A teapot", "order-1"),
        new SwipeResult(new JournalKey(7, 42), "00", 0, "000000010000", "0K9WPM", "622848*********5458", At));

    [Fact]
    public void A_paid_bill_prints_one_copy_for_the_customer_and_one_for_the_merchant()
    {
        var receipts = Papers(Approved, Print.Original, TerminalTexts.English);

        receipts.Should().Equal(Golden("CUSTOMER COPY"), Golden("MERCHANT COPY"));

        static string Golden(string copy) => $"""
            北京市朝阳区茶具专卖店有限公司旗
                          舰店
                     Corner Store 1
            --------------------------------
                      CARD PAYMENT
            Store            STORE0000000001
            Terminal                T0000001
            Bill              73516235791239
            Order                    order-1
            Card         622848*********5458
            Entry                     SWIPED
            Beijing time 2026-11-24 17:56:10
            Batch                     000007
            STAN                      000042
            RRN                 000000010000
            Authorisation             0K9WPM
            Response                      00
            --------------------------------
            AMOUNT          CNY 1,234,567.89
                      PIN VERIFIED
            --------------------------------
                     {copy}

            """.ReplaceLineEndings("\n");
    }

    [Fact]
    public void The_receipt_of_a_guaranteed_trade_says_until_when_the_money_is_held()
    {
        var held = Approved with { Pending = Approved.Pending with { ShipWithinSeconds = 259_200, CheckWithinSeconds = 86_400 } };

        Papers(held, Print.Original, TerminalTexts.English).Should().OnlyContain(receipt => receipt.Contains(
            """
                    GUARANTEED TRADE
            The money is held until the
            goods have come.
            Ships within              3 days
            Time to check              1 day
            """.ReplaceLineEndings("\n"), StringComparison.Ordinal));
        Papers(held, Print.Original, TerminalTexts.Chinese).Should().OnlyContain(receipt => receipt.Contains("担保交易") && receipt.Contains("3 天"));
    }

    [Fact]
    public void Both_copies_of_a_paid_bill_say_that_its_fee_is_kept_at_a_refund()
    {
        var kept = Approved with { Pending = Approved.Pending with { IsFeeKept = true } };

        Papers(kept, Print.Original, TerminalTexts.English).Should().HaveCount(2).And.OnlyContain(receipt => receipt.Contains(
            """
                      PIN VERIFIED
            --------------------------------
            If refunded: in full. The shop
            does not get the fee for this
            payment back.
            --------------------------------
            """.ReplaceLineEndings("\n"), StringComparison.Ordinal));
        Papers(kept, Print.Reprint, TerminalTexts.Chinese).Should().HaveCount(2).And.OnlyContain(receipt => receipt.Contains(
            """
            如有退款：全额退还，本次付款的手
            续费不退还商家。
            """.ReplaceLineEndings("\n"), StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_is_said_about_the_fee_when_it_is_given_back_or_when_nothing_was_paid()
    {
        var kept = Approved with { Pending = Approved.Pending with { IsFeeKept = true } };
        var declined = kept with { Result = new SwipeResult(kept.Pending.Key, "55", 401, CustomerText: "Not paid. The PIN was wrong.") };

        Papers(kept, Print.Original, TerminalTexts.English).Should().OnlyContain(receipt => receipt.Contains("refunded"));
        foreach (var silent in new[] { Approved, declined, kept with { Result = null } })
        {
            Papers(silent, Print.Original, TerminalTexts.English).Should().NotBeEmpty().And.NotContain(receipt => receipt.Contains("refunded"));
        }
    }

    [Theory]
    [InlineData(Print.Original)]
    [InlineData(Print.Duplicate)]
    [InlineData(Print.Reprint)]
    public void The_customers_copy_of_a_guaranteed_trade_alone_has_the_code_for_the_page(Print print)
    {
        var answer = new PayAnswer(
            new Origin("T0000001", "STORE0000000001", 42), new Verdict("00", 0, null, null, ProcessingRequirement.None), 7, "73516235791239", 123_456_789, 156,
            new PaymentFacts("000000010000", "0K9WPM", "622848*********5458", At, null, null, "0123456789"));
        var held = Approved.Pending with { ShipWithinSeconds = 259_200, CheckWithinSeconds = 86_400 };

        var receipts = Papers(new(held, SwipeResult.FromAnswer(held, answer)), print, TerminalTexts.English);

        receipts[0].Should().Contain(
            """
            Your code            01234 56789
            Enter it at the page of the bill
            to confirm the goods, or to
            claim. Show it to nobody, also
            not to who brings the goods.
            """.ReplaceLineEndings("\n"));
        receipts[1].Should().NotContain("01234").And.NotContain("Your code");
        Papers(new(held, SwipeResult.FromAnswer(held, answer)), print, TerminalTexts.Chinese)[0].Should().Contain("您的验证码           01234 56789");
        SwipeResult.FromAnswer(Approved.Pending, answer).ReceiptCode.Should().BeNull("there is nothing to confirm");
        new JournaledSwipe(held, SwipeResult.FromAnswer(held, answer)).ToString().Should().NotContain("0123456789");
    }

    [Theory]
    [InlineData(Print.Duplicate, "*** DUPLICATE ***")]
    [InlineData(Print.Reprint, "*** DUPLICATE - REPRINT ***")]
    public void A_second_print_says_so_on_every_copy(Print print, string mark) =>
        Papers(Approved, print, TerminalTexts.English).Should().HaveCount(2).And.OnlyContain(receipt => receipt.Contains(mark));

    [Fact]
    public void A_decline_prints_a_slip_that_says_not_paid_and_verifies_nothing()
    {
        var declined = Approved with { Result = new SwipeResult(Approved.Pending.Key, "55", 401, CustomerText: "Not paid. The PIN was wrong.") };

        Papers(declined, Print.Original, TerminalTexts.English).Should().ContainSingle()
            .Which.Should().Contain("NOT PAID").And.Contain("The PIN was wrong.").And.NotContain("PIN VERIFIED").And.NotContain("CARD PAYMENT");
    }

    [Fact]
    public void An_unknown_outcome_prints_a_slip_that_says_do_not_pay_again()
    {
        var unknown = Approved with { Result = null };

        Papers(unknown, Print.Original, TerminalTexts.English).Should().ContainSingle()
            .Which.Should().Contain("OUTCOME UNKNOWN").And.Contain("Do not pay again.").And.NotContain("PIN VERIFIED").And.NotContain("NOT PAID");
    }

    /// <summary>Names with any characters: with two columns on paper, missing in the printer, or commands.</summary>
    public static TheoryData<string> NastyTexts => new()
    {
        "“老王”茶铺·浦东①店",
        "“Ünïcode” Café №5 — 2×50℃",
        "Nº ½-é",
        "艾克拜尔·买买提",
        "‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘‘",
        new string('…', 120),
        new string('é', 33) + " " + new string('—', 31),
        "¥¥¥ \u00A5" + new string('\u00A5', 40) + "€",
        string.Concat(Enumerable.Repeat("🫖茶e\u0301", 30)),
        "\u001b@Shop\r\n\tAB\u0000 \u2028" + new string('W', 70),
        "\u202Egnp.exe\u202C \uFEFF\uE000\uD7FF" + new string('\uFFFD', 20),
    };

    [Theory]
    [MemberData(nameof(NastyTexts))]
    public void No_line_is_wider_on_paper_than_the_paper_whatever_others_wrote(string text)
    {
        var nasty = Approved with
        {
            Pending = Approved.Pending with { Payee = text, OrderId = text, StoreName = text, Clerk = text },
            Result = Approved.Result! with { AuthorisationCode = text, Rrn = text },
        };
        var declined = nasty with { Result = new SwipeResult(Approved.Pending.Key, "55", 401, CustomerText: text) };
        var report = new BatchReport(7, 1, 10, 2, 1_234_567_890_123, [new BatchDifference(42, 10_000_000_000, null)]);
        foreach (var texts in new[] { TerminalTexts.English, TerminalTexts.Chinese })
        {
            IReadOnlyList<ReceiptSlip> slips =
            [
                .. Receipt.ComposeSlips(nasty, Print.Duplicate, texts, new NetworkParameters(FooterEn: text, FooterZh: text)),
                .. Receipt.ComposeSlips(declined, Print.Original, texts),
                .. Receipt.ComposeSlips(nasty with { Result = null }, Print.Reprint, texts),
                Receipt.ComposeBatchReport(report, Setup, text, At, texts),
            ];
            foreach (var slip in slips)
            {
                PaperRoll.Read(EscPos.Encode(slip)).Lines.Should().OnlyContain(line => line.Columns <= Receipt.Columns, texts.Language);
            }
        }
    }

    [Fact]
    public void The_paper_holds_what_the_slip_says()
    {
        var slip = Receipt.ComposeSlips(Approved, Print.Original, TerminalTexts.Chinese)[0];

        var roll = PaperRoll.Read(EscPos.Encode(slip));

        string.Concat(roll.Lines.TakeWhile(line => line.Barcode is null).Select(line => line.Text + '\n')).Should().Be(slip.ToString());
        roll.Barcodes.Should().Equal(Approved.Pending.Bill);
        roll.Slips.Should().ContainSingle();
        slip.ToString().Should().Contain("北京时间     2026-11-24 17:56:10");
    }

    [Fact]
    public void The_yuan_sign_is_printed_at_full_width()
    {
        var slip = Receipt.ComposeSlips(Approved with { Pending = Approved.Pending with { OrderId = "\u00A51.00" } }, Print.Original, TerminalTexts.English)[0];

        PaperRoll.Read(EscPos.Encode(slip)).Lines.Should().Contain(new PaperLine("Order                     \uFFE51.00", 32, false));
    }

    private static IReadOnlyList<string> Papers(JournaledSwipe swipe, Print print, TerminalTexts texts) =>
        [.. Receipt.ComposeSlips(swipe, print, texts).Select(slip => slip.ToString())];

}
