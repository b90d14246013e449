using System.Text;
using CsCheck;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Tests;

public sealed class PrivateDataTests
{
    [Fact]
    public void Elements_have_these_bytes_with_lengths_in_bytes_of_UTF_8() =>
        Encoding.UTF8.GetString(new PrivateData().Add("BN", "12").Add("TX", "茶").Add("CL", (string?)null).Add("SN", "").ToBytes())
            .Should().Be("BN00212TX003茶SN000");

    [Fact]
    public void Whatever_is_written_is_read() =>
        Gen.Select(Gen.Char['A', 'Z'].Array[2], Gen.String[0, 40]).Array[0, 6].Where(IsUnicode).Sample(elements =>
        {
            var data = new PrivateData();
            foreach (var (tag, value) in elements)
            {
                data.Add(new string(tag), value);
            }

            var read = PrivateData.Parse(data.ToBytes());
            return elements.All(element => read[new string(element.Item1)] == elements.First(same => same.Item1.SequenceEqual(element.Item1)).Item2);
        });

    [Theory]
    [InlineData("abc", 3, "abc")]
    [InlineData("abcd", 3, "abc")]
    [InlineData("茶壶", 5, "茶")]
    [InlineData("茶壶", 6, "茶壶")]
    [InlineData("a😀", 4, "a")]
    [InlineData("a😀", 5, "a😀")]
    [InlineData("茶", 2, "")]
    public void A_text_is_cut_at_a_character(string text, int maxBytes, string cut) =>
        PrivateData.Parse(new PrivateData().AddText("TX", text, maxBytes).ToBytes())["TX"].Should().Be(cut);

    [Fact]
    public void Half_a_character_goes_out_as_the_replacement_character() =>
        PrivateData.Parse(new PrivateData().AddText("TX", "a\ud800b", 120).ToBytes())["TX"].Should().Be("a\ufffdb");

    [Fact]
    public void More_than_the_field_holds_is_not_written()
    {
        var full = new PrivateData().Add("TX", new string('a', PrivateData.MaxLength - 5));
        full.ToBytes().Should().HaveCount(PrivateData.MaxLength);

        full.Add("CL", "").Invoking(data => data.ToBytes()).Should().Throw<Iso8583Exception>().Which.Field.Should().Be(48);
    }

    [Theory]
    [InlineData("B")]
    [InlineData("BN01")]
    [InlineData("BN0021")]
    [InlineData("BN-01")]
    [InlineData("BN01\0" + "1")]
    [InlineData("BN001 X")]
    public void What_is_not_made_of_whole_elements_is_refused(string data)
    {
        var parse = () => PrivateData.Parse(Encoding.UTF8.GetBytes(data));

        parse.Should().Throw<Iso8583Exception>().Which.Field.Should().Be(48);
    }

    [Theory]
    [InlineData("424E303031FF")]
    [InlineData("424E303032C3A9424E303031C3")]
    [InlineData("FF4E30303041")]
    public void What_is_not_UTF_8_is_refused(string hex)
    {
        var parse = () => PrivateData.Parse(Convert.FromHexString(hex));

        parse.Should().Throw<Iso8583Exception>().Which.Field.Should().Be(48);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1 ")]
    [InlineData("99999999999")]
    [InlineData("1\0")]
    public void A_number_that_is_none_is_refused(string value)
    {
        var number = () => new PrivateData().Add("BA", value).RequireNumber("BA");

        number.Should().Throw<Iso8583Exception>();
    }

    [Fact]
    public void Elements_that_are_missing_or_malformed_are_named_without_their_content()
    {
        var data = new PrivateData().Add("PK", "XY").Add("TM", "yesterday").Add("NO", "ABC");

        data.Invoking(d => d.Require("BN")).Should().Throw<Iso8583Exception>().WithMessage("*BN");
        data.Invoking(d => d.RequireHex("PK")).Should().Throw<Iso8583Exception>().WithMessage("*PK").Which.Message.Should().NotContain("XY");
        data.Invoking(d => d.RequireHex("NO")).Should().Throw<Iso8583Exception>();
        data.Invoking(d => d.Time("TM")).Should().Throw<Iso8583Exception>().WithMessage("*TM");
        data.Time("PA").Should().BeNull();
    }

    [Fact]
    public void Garbage_is_refused_and_never_a_fault() => Gen.Byte.Array[0, 60].Sample(
        garbage =>
        {
            try
            {
                PrivateData.Parse(garbage);
            }
            catch (Iso8583Exception)
            {
                // The only allowed exception.
            }
        },
        iter: 100_000);

    private static bool IsUnicode((char[] Tag, string Value)[] elements) =>
        elements.All(element => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(element.Value)) == element.Value);
}
