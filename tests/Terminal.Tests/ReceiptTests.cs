using Lakala.Terminal.Client;

namespace Lakala.Terminal.Tests;

public sealed class ReceiptTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 24, 9, 56, 10, TimeSpan.Zero);
    private static readonly TimeZoneInfo Shanghai = TimeZoneInfo.CreateCustomTimeZone("shop", TimeSpan.FromHours(8), null, null);

    private static readonly JournaledSwipe Approved = new(
        new SwipePending(
            new SwipeKey(7, 42), "T0000001", "STORE0000000001", "73516235791239", 123_456_789, 156, "622848*********5458", "021", At,
            "Corner Store 1", "北京市朝阳区茶具专卖店有限公司旗舰店", "A teapot", "order-1"),
        new SwipeResult(new SwipeKey(7, 42), "00", 0, "000000010000", "0K9WPM", "622848*********5458", At));

    [Fact]
    public void A_paid_bill_prints_one_copy_for_the_customer_and_one_for_the_merchant()
    {
        var receipts = Papers(Approved, Print.Original, Shanghai, Texts.English);

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
            Date         2026-11-24 17:56:10
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

    [Theory]
    [InlineData(Print.Duplicate, "*** DUPLICATE ***")]
    [InlineData(Print.Reprint, "*** DUPLICATE - REPRINT ***")]
    public void A_second_print_says_so_on_every_copy(Print print, string mark) =>
        Papers(Approved, print, Shanghai, Texts.English).Should().HaveCount(2).And.OnlyContain(receipt => receipt.Contains(mark));

    [Fact]
    public void A_decline_prints_a_slip_that_says_not_paid_and_verifies_nothing()
    {
        var declined = Approved with { Result = new SwipeResult(Approved.Pending.Key, "55", 401, CustomerText: "Not paid. The PIN was wrong.") };

        Papers(declined, Print.Original, Shanghai, Texts.English).Should().ContainSingle()
            .Which.Should().Contain("NOT PAID").And.Contain("The PIN was wrong.").And.NotContain("PIN VERIFIED").And.NotContain("CARD PAYMENT");
    }

    [Fact]
    public void An_unknown_outcome_prints_a_slip_that_says_do_not_pay_again()
    {
        var unknown = Approved with { Result = null };

        Papers(unknown, Print.Original, Shanghai, Texts.English).Should().ContainSingle()
            .Which.Should().Contain("OUTCOME UNKNOWN").And.Contain("Do not pay again.").And.NotContain("PIN VERIFIED").And.NotContain("NOT PAID");
    }

    [Fact]
    public void What_others_wrote_neither_leaves_the_paper_nor_commands_the_printer()
    {
        var nasty = Approved with
        {
            Pending = Approved.Pending with { Payee = "\u001b@Shop\r\n\tAB\u0000 " + new string('W', 70), OrderId = new string('9', 120), StoreName = string.Concat(Enumerable.Repeat("🫖茶e\u0301", 30)) },
        };

        foreach (var receipt in Papers(nasty, Print.Duplicate, Shanghai, Texts.English))
        {
            receipt.Where(sign => char.IsControl(sign)).Should().OnlyContain(sign => sign == '\n');
            receipt.Split('\n').Should().OnlyContain(line => Columns(line) <= Receipt.Columns);
            receipt.Count(sign => sign == '9').Should().BeGreaterThanOrEqualTo(120);
        }
    }

    private static IReadOnlyList<string> Papers(JournaledSwipe swipe, Print print, TimeZoneInfo zone, Texts texts) =>
        [.. Receipt.Of(swipe, print, zone, texts).Select(slip => slip.ToString())];

    // A printer's view: what is outside the Latin letters used here is wide, a combining accent has no width.
    private static int Columns(string line) => line.EnumerateRunes().Sum(rune => rune.Value == 0x301 ? 0 : rune.Value > 0x7F ? 2 : 1);
}
