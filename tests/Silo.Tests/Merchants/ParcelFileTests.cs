using Lakala.Silo.MerchantPages;

namespace Lakala.Silo.Tests.Merchants;

public sealed class ParcelFileTests
{
    private static readonly MerchantTexts Texts = MerchantTexts.English;

    [Theory]
    [InlineData("")]
    [InlineData("bill,carrier\n1,SF\n")]
    [InlineData("bill,order,carrier,tracking_number\n1,2,SF,3\n")]
    [InlineData("carrier,tracking_number\nSF,3\n")]
    [InlineData("bill,carrier,tracking_number,colour\n1,SF,3,red\n")]
    [InlineData("bill,bill,carrier,tracking_number\n1,1,SF,3\n")]
    public void A_first_line_that_does_not_name_the_columns_is_refused(string csv) => ParcelFile.Read(csv, Texts).Fault.Should().Be(Texts.BadColumns);

    [Fact]
    public void Every_line_is_right_or_says_what_is_wrong()
    {
        var (lines, fault) = ParcelFile.Read(
            $"bill,carrier,tracking_number\n1, SF ,\"A,1\"\n1,SF,2\n2,SF\n3,{new string('x', 65)},4\n4,SF\u202e,5\n5,,\n6,S\"F,7\n", Texts);

        fault.Should().BeNull();
        lines.Select(line => line.Fault).Should().Equal(
            null, "It is in line 2 already.", "The line has 2 columns, not 3.", Texts.BadParcel, Texts.BadParcel, null, Texts.LineQuote);
        (lines[0].Number, lines[0].Carrier, lines[0].TrackingNumber).Should().Be((2, "SF", "A,1"));
    }

    [Theory]
    [InlineData("12.50", 1_250L)]
    [InlineData(" ¥1,234 ", 123_400L)]
    [InlineData("0.01", 1L)]
    [InlineData("9999999999.99", 999_999_999_999L)]
    [InlineData("0", null)]
    [InlineData("-1", null)]
    [InlineData("1.005", null)]
    [InlineData("1e3", null)]
    [InlineData("79228162514264337593543950335", null)]
    [InlineData("one", null)]
    public void An_amount_is_read_as_people_write_it(string text, long? minor) => OrderShown.ReadYuan(text).Should().Be(minor);

    [Fact]
    public void Both_languages_have_a_text_for_every_refusal_that_a_merchant_can_get()
    {
        foreach (var refusal in Enum.GetValues<Vocabulary.Refusal>())
        {
            MerchantTexts.English.Refusals(refusal).Should().NotBeEmpty();
            MerchantTexts.Chinese.Refusals(refusal).Contains("{0}", StringComparison.Ordinal).Should().Be(MerchantTexts.English.Refusals(refusal).Contains("{0}", StringComparison.Ordinal));
        }
    }
}
