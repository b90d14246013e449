using System.Text;
using Lakala.Vocabulary;
using Lakala.Wire.Bank;
using Lakala.Wire.Cards;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Wire.Tests;

/// <summary>The messages of both lines: written and read again, and their masked prints.</summary>
public sealed class MessageTests
{
    public static TheoryData<int> Each => [.. Enumerable.Range(0, Samples.All.Length)];

    [Theory]
    [MemberData(nameof(Each))]
    public void A_message_that_is_written_is_read_the_same(int which)
    {
        var (typed, iso, read) = Samples.All[which];

        var again = read(Iso8583Codec.Decode(Iso8583Spec.Lakala, Samples.Bytes(iso)));

        again.Should().BeEquivalentTo(typed, options => options.RespectingRuntimeTypes().ComparingByMembers(typed.GetType()));
    }

    [Theory]
    [MemberData(nameof(Each))]
    public void No_print_of_a_message_shows_card_PIN_block_key_or_code(int which)
    {
        var (typed, iso, read) = Samples.All[which];

        foreach (var print in new[] { $"{typed}", $"{iso}", $"{read(iso)}", $"{new LinkOutcome.Answered(iso)}" })
        {
            print.Should().NotContainAny(
                Samples.CardNumber, Samples.Track, Samples.ReceiptCode, Convert.ToHexString(Samples.Block), Convert.ToHexString(Samples.Key), "202,", "254,");
        }
    }

    [Theory]
    [MemberData(nameof(Each))]
    public void A_message_without_one_of_its_fields_is_read_or_refused_by_that_field(int which)
    {
        var (_, iso, read) = Samples.All[which];
        foreach (var left in Enumerable.Range(2, 127).Where(iso.Has))
        {
            var without = new Iso8583Message(Iso8583Spec.Lakala, iso.Mti);
            foreach (var field in Enumerable.Range(2, 127).Where(field => field != left && iso.Has(field)))
            {
                _ = iso.Text(field) is { } text ? without.Set(field, text) : without.Set(field, iso.Bytes(field));
            }

            try
            {
                read(without);
            }
            catch (Iso8583Exception fault)
            {
                fault.Field.Should().Be(left);
                fault.Message.Should().NotContainAny(Samples.CardNumber, Convert.ToHexString(Samples.Key));
            }
        }
    }

    [Fact]
    public void Card_types_print_themselves_masked()
    {
        Track2.TryParse(Samples.Track, out var track).Should().BeTrue();

        $"{track}".Should().Be(Samples.Masked);
        $"{new Iso8583Message(Iso8583Spec.Lakala, "0200").Set(2, Samples.CardNumber)}".Should().Be("0200 2=" + Samples.Masked);
        $"{new WrappedKey(Samples.Key, [1, 2, 3])}".Should().Be("wrapped key, check value 010203");
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("1234567890", "**********")]
    [InlineData("12345678901", "123456*8901")]
    [InlineData("6222021234567894", "622202******7894")]
    [InlineData("6222021234567890123", "622202*********0123")]
    public void A_card_number_shows_at_most_its_first_six_and_last_four_digits(string pan, string masked) => Pan.Mask(pan).Should().Be(masked);

    [Theory]
    [InlineData("6222021234567894=30122010000000000", true)]
    [InlineData(";6222021234567894=30122010000000000?", true)]
    [InlineData(" ;6222021234567894D3012201? ", true)]
    [InlineData("6222021234567894=3012201", true)]
    [InlineData("6222021234567894=301220", false)]
    [InlineData("6222021234567894=3012=1", true)]
    [InlineData(";6222021234567894=3012201", true)]
    [InlineData("6222021234567894=3012201?", true)]
    [InlineData("6222021234567894=3012201=1", false)]
    [InlineData("6222021234567894=301", false)]
    [InlineData("6222021234567894=3012A01", false)]
    [InlineData("62220212345678a4=3012201", false)]
    [InlineData("6222021234567894", false)]
    [InlineData("6222021234567894=301220100000000000000", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Track_2_is_whole_or_nothing(string? text, bool isWhole)
    {
        Track2.TryParse(text, out var track).Should().Be(isWhole);

        track?.PrimaryAccountNumber.Should().Be(Samples.CardNumber);
        track?.Expiry.Should().Be("3012");
    }

    [Theory]
    [InlineData("622202123456=3012201", true)]
    [InlineData("6222021234567895=3012201", true)]
    [InlineData("6222021234567890123=3012201", true)]
    [InlineData("62220212345=3012201", false)]
    [InlineData("62220212345678901234=3012201", false)]
    public void A_card_number_has_12_to_19_digits_and_its_check_digit_is_the_banks_to_judge(string text, bool isWhole) =>
        Track2.TryParse(text, out _).Should().Be(isWhole);

    [Theory]
    [InlineData("6222021234567894==2010000")]
    [InlineData("6222021234567894==201")]
    [InlineData("6222021234567894===")]
    [InlineData("6222021234567894DDD")]
    public void A_separator_may_stand_in_place_of_expiry_and_service_code(string text)
    {
        Track2.TryParse(text, out var track).Should().BeTrue();

        track!.Expiry.Should().BeNull();
        track.Data.Should().Be(text);
    }

    [Theory]
    [InlineData("NO", "AB")]
    [InlineData("NO", "")]
    public void A_sign_on_needs_a_nonce_of_sixteen_bytes(string tag, string value)
    {
        var request = new Iso8583Message(Iso8583Spec.Lakala, "0800").Set(11, 1).Set(41, "T0000001").Set(42, "STORE0000000001").Set(70, 1)
            .Set(48, new PrivateData().Add(tag, value).ToBytes());

        FluentActions.Invoking(() => SignOnRequest.FromIso(request, TimeProvider.System)).Should().Throw<Iso8583Exception>().Which.Field.Should().Be(48);
    }

    [Fact]
    public void An_amount_without_its_currency_is_no_amount()
    {
        var answer = new Iso8583Message(Iso8583Spec.Lakala, "0110").Set(4, 500).Set(11, 1).Set(39, "00").Set(41, "T0000001").Set(42, "STORE0000000001")
            .Set(48, new PrivateData().Add(Tags.BillNumber, "12345678901234").ToBytes());

        FluentActions.Invoking(() => LookupAnswer.FromIso(answer)).Should().Throw<Iso8583Exception>().Which.Field.Should().Be(49);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("01")]
    [InlineData("1 ")]
    [InlineData("１")]
    [InlineData("kept")]
    public void A_fee_that_is_kept_is_said_in_one_way_only(string value)
    {
        var answer = Of(value);

        FluentActions.Invoking(() => LookupAnswer.FromIso(answer)).Should().Throw<Iso8583Exception>().WithMessage("*48*FK*").Which.Field.Should().Be(48);
        LookupAnswer.FromIso(Of("1")).IsFeeKept.Should().BeTrue();
        LookupAnswer.FromIso(Of(null)).IsFeeKept.Should().BeFalse("a server of the version before says nothing");

        static Iso8583Message Of(string? value) => new Iso8583Message(Iso8583Spec.Lakala, Mti.LookupAnswer).Set(11, 1).Set(39, "00").Set(41, "T0000001").Set(42, "STORE0000000001")
            .Set(48, new PrivateData().Add(Tags.BillNumber, "12345678901234").Add(Tags.FeeKept, value).ToBytes());
    }

    [Fact]
    public void A_bill_without_a_kept_fee_is_answered_as_before()
    {
        var answer = new LookupAnswer(
            new Origin("T0000001", "STORE0000000001", 1), new Verdict("00", 0, null, null), "12345678901234", 500, 156, "Payee", "Tea", "ORDER-1", TimeSpan.FromMinutes(3));

        Elements(answer).Should().Be("BN01412345678901234PY005PayeeDS003TeaOR007ORDER-1TL003180");
        Elements(answer with { IsFeeKept = true }).Should().Be("BN01412345678901234PY005PayeeDS003TeaOR007ORDER-1TL003180FK0011");

        static string Elements(LookupAnswer answer) => Encoding.UTF8.GetString(answer.ToIso().Bytes(48)!);
    }

    [Fact]
    public void A_bill_number_that_no_answer_could_repeat_is_refused_with_its_request()
    {
        var (from, bill) = (new Origin("T0000001", "STORE0000000001", 1), new string('1', 33));
        var lookup = new LookupRequest(from, 3, bill, 7).ToIso();
        var pay = new PayRequest(true, from, 3, bill, 500, 156, Samples.Time, "021", null, null, 7, null).ToIso();

        FluentActions.Invoking(() => LookupRequest.FromIso(lookup)).Should().Throw<Iso8583Exception>().Which.Field.Should().Be(48);
        FluentActions.Invoking(() => PayRequest.FromIso(pay)).Should().Throw<Iso8583Exception>().Which.Field.Should().Be(48);
        PayRequest.KeyOf(pay).Should().Be((from, 3), "so that the refusal stands under it, and is told");
    }

    [Theory]
    [InlineData("051")]
    [InlineData("071")]
    [InlineData("020")]
    [InlineData("000")]
    public void A_payment_has_the_entry_mode_that_is_promised_and_an_enquiry_may_have_any(string mode)
    {
        var from = new Origin("T0000001", "STORE0000000001", 1);
        var pay = new PayRequest(false, from, 3, "12345678901244", 500, 156, Samples.Time, mode, Samples.Track, new byte[16], 7, null);

        FluentActions.Invoking(() => PayRequest.FromIso(pay.ToIso())).Should().Throw<Iso8583Exception>().Which.Field.Should().Be(22);
        FluentActions.Invoking(() => PayRequest.FromIso((pay with { IsRepeat = true }).ToIso())).Should().Throw<Iso8583Exception>().Which.Field.Should().Be(22);
        PayRequest.FromIso((pay with { EntryMode = EntryMode.Swiped }).ToIso()).EntryMode.Should().Be("021");
        PayRequest.FromIso((pay with { IsRepeat = true, Track2 = null, PinBlock = null }).ToIso()).IsEnquiry.Should().BeTrue("it brings no card");
    }

    [Fact]
    public void A_refund_has_these_bytes()
    {
        var refund = new BankRefundRequest(
            false, "000000000043", 44, Samples.Time, 400, 156, "1000", "T0000001", "STORE0000000001", "000000000042", 1, Samples.Time.AddDays(-300));
        var answer = new BankRefundAnswer("000000000043", 44, 400, 156, "T0000001", "00");

        Text(refund).Should().Be(
            "0220" + "B220000108C18000" + "0000004000000000" +
            "200000" + "000000000400" + "1124174210" + "000044" + "041000" + "000000000043" + "T0000001" + "STORE0000000001" + "017RR012000000000042" + "156"
            + "0200" + "000001" + "0128174210" + "00000001000" + "00000000000");
        Text(refund with { IsRepeat = true }).Should().Be("0221" + Text(refund)[4..]);
        Samples.Bytes(answer.ToIso())[..12].Should().Equal([.. "0230"u8, 0x30, 0x20, 0, 0, 0x0A, 0x80, 0x80, 0]);
        Encoding.ASCII.GetString(Samples.Bytes(answer.ToIso())[12..]).Should().Be("200000" + "000000000400" + "000044" + "000000000043" + "00" + "T0000001" + "156");

        // The two bitmaps in hex.
        static string Text(BankRefundRequest request)
        {
            var bytes = Samples.Bytes(request.ToIso());
            return Encoding.ASCII.GetString(bytes.AsSpan(0, 4)) + Convert.ToHexString(bytes.AsSpan(4, 16)) + Encoding.ASCII.GetString(bytes.AsSpan(20));
        }
    }

    [Fact]
    public void A_refund_of_last_years_payment_is_read_with_last_year()
    {
        var asked = new DateTimeOffset(2029, 3, 1, 0, 0, 1, TimeSpan.Zero);
        var paid = new DateTimeOffset(2028, 2, 29, 23, 59, 59, TimeSpan.Zero);
        var refund = new BankRefundRequest(false, "000000000043", 44, asked, 400, 156, "1000", "T0000001", "STORE0000000001", "000000000042", 1, paid);

        var read = BankRefundRequest.FromIso(refund.ToIso(), new FakeTimeProvider(asked.AddHours(-1)));

        (read.Time, read.OriginalTime).Should().Be((asked, paid));
    }

    [Theory]
    [InlineData(3, "500000")]
    [InlineData(7, "0230120000")]
    [InlineData(90, "020000000102301200000000000100000000000000")]
    public void An_advice_that_is_no_refund_or_has_no_time_is_refused(int field, string value)
    {
        var refund = new BankRefundRequest(
            true, "000000000043", 44, Samples.Time, 400, 156, "1000", "T0000001", "STORE0000000001", "000000000042", 1, Samples.Time).ToIso();
        var wrong = new Iso8583Message(Iso8583Spec.Lakala, refund.Mti);
        foreach (var present in Enumerable.Range(2, 127).Where(refund.Has))
        {
            _ = present == field ? wrong.Set(present, value)
                : refund.Text(present) is { } text ? wrong.Set(present, text)
                : wrong.Set(present, refund.Bytes(present));
        }

        FluentActions.Invoking(() => BankRefundRequest.FromIso(wrong, new FakeTimeProvider(Samples.Time))).Should().Throw<Iso8583Exception>().Which.Field.Should().Be(field);
    }

    [Theory]
    [InlineData("6222021234567894", 1_000, "1001", 48)]
    [InlineData("622202*****67894", 1_000, "1001", 48)]
    [InlineData("622202******7894", 0, "1001", 4)]
    [InlineData("622202******7894", 1_000, "", 48)]
    public void A_refund_with_a_whole_card_number_or_without_an_amount_or_a_clerk_is_refused(string card, long amount, string clerk, int field)
    {
        var refund = new RefundRequest(
            false, new Origin("T0000001", "STORE0000000001", 1), 3, "12345678901244", amount, 156, Samples.Time, EntryMode.Swiped, card, clerk, "1002", Samples.Key, 7);

        FluentActions.Invoking(() => RefundRequest.FromIso(refund.ToIso())).Should().Throw<Iso8583Exception>().Which.Field.Should().Be(field);
    }

    [Fact]
    public void Only_a_repeat_of_a_refund_may_be_without_a_password()
    {
        var refund = new RefundRequest(
            true, new Origin("T0000001", "STORE0000000001", 1), 3, "12345678901244", 1, 156, Samples.Time, EntryMode.Swiped, Samples.Masked, "1001", "1002", null, 7);

        RefundRequest.FromIso(refund.ToIso()).IsEnquiry.Should().BeTrue();
        FluentActions.Invoking(() => RefundRequest.FromIso((refund with { IsRepeat = false }).ToIso())).Should().Throw<Iso8583Exception>().Which.Field.Should().Be(48);
    }

    [Fact]
    public void The_answer_of_a_server_that_gives_no_refunds_is_not_taken_for_one()
    {
        var answer = new LookupAnswer(new Origin("T0000001", "STORE0000000001", 1), new Verdict("40", 310, null, null), "12345678901244", null, null, null, null, null, null);

        FluentActions.Invoking(() => RefundLookupAnswer.FromIso(answer.ToIso())).Should().Throw<Iso8583Exception>().Which.Field.Should().Be(3);
    }

    [Theory]
    [InlineData(100, 30, "D0000000000000070")]
    [InlineData(30, 100, "C0000000000000070")]
    public void The_net_of_a_batch_is_a_debit_or_a_credit(long paid, long refunded, string net) =>
        new BatchCloseRequest(new Origin("T0000001", "STORE0000000001", 1), 3, new BatchTotals(1, paid, 1, refunded), 7).ToIso().Text(97).Should().Be(net);

    [Fact]
    public void A_batch_has_six_digits()
    {
        var request = new AbandonRequest(false, new Origin("T0000001", "STORE0000000001", 1), 1_000_000, 7).ToIso();

        FluentActions.Invoking(() => AbandonRequest.FromIso(request)).Should().Throw<Iso8583Exception>().Which.Field.Should().Be(48);
    }

    [Fact]
    public void Only_these_codes_leave_the_outcome_open()
    {
        string[] open = ["09", "58", "77", "91", "94", "96", "A0"];

        foreach (var code in open.Concat(["00", "05", "12", "13", "14", "21", "25", "30", "40", "41", "43", "51", "54", "55", "57", "61", "64", "68", "75", "92"]))
        {
            ResponseCodes.IsFinal(code).Should().Be(!open.Contains(code), code);
        }
    }

    [Fact]
    public void A_batch_close_that_counts_more_than_a_batch_can_have_is_not_read()
    {
        var message = new BatchCloseRequest(new Origin("T0000001", "STORE0000000001", 1), 3, new BatchTotals(2, 25_600), 7).ToIso().Set(76, 9_999_999_999L);

        FluentActions.Invoking(() => BatchCloseRequest.FromIso(message)).Should().Throw<Iso8583Exception>().WithMessage("*76*");
    }
}
