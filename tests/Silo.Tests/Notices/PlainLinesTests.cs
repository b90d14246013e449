using Lakala.Silo.Notices;
using Lakala.Wire.Texts;

namespace Lakala.Silo.Tests.Notices;

public sealed class PlainLinesTests
{
    private const string WideWithMark = "か\u3099", NarrowWithMark = "e\u0301";

    /// <summary>A line has 72 columns; each of these texts fills exactly two lines.</summary>
    [Theory]
    [InlineData("茶", 36)]
    [InlineData("n", 72)]
    [InlineData("ｱ", 72)]
    [InlineData(WideWithMark, 36)]
    [InlineData(NarrowWithMark, 72)]
    public void A_line_is_filled_by_what_its_letters_take(string letter, int atOnce)
    {
        var lines = PlainLines.Break(string.Concat(Enumerable.Repeat(letter, 2 * atOnce))).ToList();

        lines.Should().Equal(string.Concat(Enumerable.Repeat(letter, atOnce)), string.Concat(Enumerable.Repeat(letter, atOnce)));
        lines.Should().OnlyContain(line => ColumnWidth.Measure(line) == 72);
    }

    [Fact]
    public void No_line_begins_with_a_mark_or_with_what_closes_a_sentence() =>
        PlainLines.Break(string.Concat(Enumerable.Repeat(WideWithMark + "。", 60))).Should().OnlyContain(line => line[0] == WideWithMark[0]);
}
