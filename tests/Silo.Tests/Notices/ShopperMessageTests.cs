using System.Text;
using System.Text.RegularExpressions;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Rules.Trades;
using Lakala.Silo.Notices;
using Lakala.Storage.Bills;
using Lakala.Vocabulary;

namespace Lakala.Silo.Tests.Notices;

/// <summary>The texts of mails and SMS, for every event, state and language.</summary>
public sealed class ShopperMessageTests
{
    private const string Url = "https://pay.example.com/b/AbCdEfGhIjKlMnOpQrStUvWxYz0123";

    // The part of GSM 03.38's basic alphabet in our texts; with any other character an SMS has 70 characters instead of 160.
    private const string Gsm = "@£$¥!\"#%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ";

    private static readonly DateTimeOffset Now = new(2026, 11, 30, 10, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, BillState, string?> All
    {
        get
        {
            var all = new TheoryData<string, BillState, string?>();
            foreach (var language in (string?[])["en", "zh", null])
            {
                all.Add(EventTypes.Created, BillState.Open, language);
                all.Add(EventTypes.Created, BillState.Paying, language);
                all.Add(EventTypes.Expiring, BillState.Open, language);
                all.Add(EventTypes.Paid, BillState.Paid, language);
                all.Add(EventTypes.Expired, BillState.Expired, language);
                all.Add(EventTypes.Cancelled, BillState.Cancelled, language);
                foreach (var type in (string[])[.. EventTypes.OfTrades, .. EventTypes.OfClaims, .. EventTypes.OfRefunds])
                {
                    all.Add(type, BillState.Paid, language);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Everything_has_words_in_the_shoppers_language_and_only_what_can_be_paid_has_the_address(string type, BillState state, string? language)
    {
        var message = Of(type, Bill(state, language))!;

        var isChinese = language == "zh";
        message.Headline.Any(IsWide).Should().Be(isChinese);
        message.Hint.Any(IsWide).Should().Be(isChinese);
        var asks = state is BillState.Open or BillState.Paying;
        message.Asks.Should().Be(asks);
        message.PlainText().Contains(Url, StringComparison.Ordinal).Should().Be(asks);
        message.ShortText().Contains(Url, StringComparison.Ordinal).Should().Be(asks);
        message.PlainText().Should().Contain("¥128.00").And.Contain("Tea House").And.Contain(message.Headline);
    }

    [Theory]
    [InlineData(EventTypes.Created)]
    [InlineData(EventTypes.Expiring)]
    public void Nobody_is_asked_to_pay_what_is_not_open(string type)
    {
        foreach (var state in new[] { BillState.Paid, BillState.Expired, BillState.Cancelled })
        {
            Of(type, Bill(state)).Should().BeNull();
        }
    }

    [Fact]
    public void A_receipt_has_the_numbers_by_which_bank_and_store_know_the_payment()
    {
        var text = Of(EventTypes.Paid, Bill(BillState.Paid), "Corner Store 1")!.PlainText();

        text.Should().Contain("622848*********4912").And.Contain("000000010000").And.Contain("C8FFFY").And.Contain("Corner Store 1 (STORE0000000001)")
            .And.Contain("30 Nov 2026, 18:00 Beijing time");
    }

    [Theory]
    [InlineData("en", "It waits until the shop has the money for it.")]
    [InlineData("zh", "正在等待商家资金到位。")]
    public void A_refund_that_waits_is_not_said_to_be_under_way(string language, string words)
    {
        var bill = Bill(BillState.Paid, language);

        Of(EventTypes.RefundCreated, bill, status: "QUEUED")!.Hint.Should().StartWith(words);
        Of(EventTypes.RefundCreated, bill, status: "REQUESTED")!.Hint.Should().NotStartWith(words);
        Of(EventTypes.RefundCreated, bill, status: "QUEUED")!.ShortText().Should().Contain(Of(EventTypes.RefundCreated, bill, status: "QUEUED")!.Headline)
            .And.NotContain(Of(EventTypes.RefundCreated, bill, status: "REQUESTED")!.Headline);
    }

    [Theory]
    [InlineData("en", "Your bank did not take it to this card. Your money is safe", "Ask the shop", "It was paid to you in another way")]
    [InlineData("zh", "款项仍安全保管", "请联系商家", "以外的方式付给您")]
    public void What_she_was_promised_is_safe_and_what_is_paid_in_another_way_is_not_on_the_card(string language, string safe, string ask, string otherwise)
    {
        var bill = Bill(BillState.Paid, language);

        Of(EventTypes.RefundDeclined, bill, more: ",\"decision\":\"pending\"")!.Hint.Should().Contain(safe).And.NotContain(ask);
        Of(EventTypes.RefundDeclined, bill)!.Hint.Should().Contain(ask).And.NotContain(safe);
        Of(EventTypes.RefundDone, bill, more: ",\"paid_otherwise\":true")!.Hint.Should().Contain(otherwise);
        Of(EventTypes.RefundDone, bill)!.Hint.Should().NotContain(otherwise);
    }

    [Theory]
    [InlineData("en", "A new date to ship", "More time")]
    [InlineData("zh", "发货期限已变更", "确认期限已延长")]
    public void A_new_deadline_is_the_shops_while_nothing_is_shipped(string language, string toShip, string toCheck)
    {
        var terms = new EscrowTerms(DeliveryMethod.Express, TimeSpan.FromDays(3), TimeSpan.FromDays(10));
        var held = Trade.Begin(terms, 100, Now);
        var bill = Bill(BillState.Paid, language) with { Escrow = terms };

        Of(EventTypes.TradeDeadlineChanged, bill with { Trade = held })!.Headline.Should().Be(toShip);
        Of(EventTypes.TradeDeadlineChanged, bill with { Trade = held with { State = TradeState.Shipped } })!.Headline.Should().Be(toCheck);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Plain_text_fits_72_columns_and_loses_nothing(string type, BillState state, string? language)
    {
        foreach (var description in new[]
        {
            new string('n', 255), string.Join(' ', Enumerable.Repeat("pot", 64)), string.Concat(Enumerable.Repeat("紫砂茶壶，", 51)),
        })
        {
            var bill = Bill(state, language) with { Description = description, OrderId = new string('o', 64) };

            var text = Of(type, bill)!.PlainText();

            text.Split('\n').Where(line => line != Url).Should().AllSatisfy(line => Columns(line).Should().BeLessThanOrEqualTo(72, line));
            text.Split('\n').Should().NotContain(line => line.Length > 0 && "，。；：！".Contains(line[0]), "no line begins with a closing mark");
            Bare(text).Should().Contain(Bare(description)).And.Contain(Bare(bill.OrderId));
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_text_fits_one_SMS_in_English_and_two_in_Chinese(string type, BillState state, string? language)
    {
        var bill = Bill(state, language) with { MerchantName = language == "zh" ? "上海市黄浦区南京东路茶叶有限公司" : "The Honourable Tea and Coffee Company" };

        var text = Of(type, bill)!.ShortText();

        if (language == "zh")
        {
            text.Length.Should().BeLessThanOrEqualTo(2 * 67, "the parts of a long text hold 67 letters");
        }
        else
        {
            text.Length.Should().BeLessThanOrEqualTo(160);
            text.Should().MatchRegex($"^[{Regex.Escape(Gsm).Replace("]", "\\]", StringComparison.Ordinal)}]+$");
        }
    }

    [Fact]
    public void A_payees_name_is_never_cut_inside_a_letter()
    {
        for (var before = 0; before < 14; before++)
        {
            var bill = Bill(BillState.Open) with { MerchantName = new string('a', before) + "🍵𠮷👩‍🍳 tea" };

            var text = Of(EventTypes.Created, bill)!.ShortText();

            FluentActions.Invoking(() => new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(text)).Should().NotThrow();
        }
    }

    [Fact]
    public void What_a_merchant_wrote_starts_no_line_of_its_own()
    {
        var bill = Bill(BillState.Open) with
        {
            MerchantName = "Tea\r\nBcc: all@evil.test",
            Description = "A pot\nhttps://evil.test/\u2028pay here\u0085now",
            ShopperName = "Li\r\n\r\nNa",
        };
        var message = Of(EventTypes.Created, bill)!;

        message.Subject.Should().NotContainAny("\r", "\n").And.Contain("Tea  Bcc: all@evil.test");
        message.ShortText().Should().NotContainAny("\r", "\n", "\u0085", "\u2028");
        message.PlainText().Should().NotContainAny("\r", "\u0085", "\u2028");
        message.PlainText().Split('\n').Should().NotContain(line => line.StartsWith("Bcc", StringComparison.Ordinal)
            || line.StartsWith("https://evil", StringComparison.Ordinal) || line.StartsWith("Na", StringComparison.Ordinal));
    }

    internal static BillRow Bill(BillState state, string? language = "en")
    {
        var number = BillNumber.FromRandom(753_364_237_821);
        var isOver = state is BillState.Paid or BillState.Expired or BillState.Cancelled;
        return new BillRow(
            number.Value,
            "shop",
            "Tea House",
            "order-1",
            "A teapot",
            new Bill(state, new Money(12_800, Money.Cny), Now.AddHours(8), null, 0),
            Url[^30..],
            "Li Na",
            "li.na@home.test",
            "+8613800000000",
            language,
            null,
            Now.AddHours(-1),
            state == BillState.Paid ? new Payment(Now, "000000010000", "C8FFFY", "622848*********4912", "STORE0000000001", "T0000001", new Rates(60, 20)) : null,
            isOver ? Now : null);
    }

    private static ShopperMessage? Of(string type, BillRow bill, string? paidIn = null, string status = "DONE", string more = "") => ShopperMessage.Compose(
        type,
        $$"""{"id":"000000010042","amount":12800,"status":"{{status}}","answer":"The pot was whole when it left our shop","due_at":"2026-12-02T09:00:00.000Z"{{more}}}""",
        bill,
        Url,
        paidIn);

    private static bool IsWide(char letter) => letter is >= '\u2E80' and <= '\uFFEE';

    private static int Columns(string line) => line.Sum(letter => IsWide(letter) ? 2 : 1);

    private static string Bare(string text) => string.Concat(text.Where(letter => !char.IsWhiteSpace(letter)));
}
