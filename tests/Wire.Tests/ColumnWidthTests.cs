using System.Globalization;
using System.Text;
using Lakala.Wire.Texts;

namespace Lakala.Wire.Tests;

public sealed class ColumnWidthTests
{
    [Theory]
    [InlineData("Corner Store", 12)]
    [InlineData("紫砂茶壶", 8)]
    [InlineData("茶 tea", 6)]
    [InlineData("，。！？：；（）《》「」", 24)]
    [InlineData("ＡＢＣ１２３", 12)]
    [InlineData("￥12.00", 7)]
    [InlineData("¥12.00", 6)]
    [InlineData("ｱｲｳ", 3)]
    [InlineData("カタカナ", 8)]
    [InlineData("ﾊﾟﾝ", 3)]
    [InlineData("한국", 4)]
    [InlineData("\u1112\u1161\u11AB", 2)]
    [InlineData("cafe\u0301", 4)]
    [InlineData("か\u3099", 2)]
    [InlineData("\u303F", 1)]
    [InlineData("︰﹏", 4)]
    [InlineData("﹐﹠", 4)]
    [InlineData("☕", 2)]
    [InlineData("🍵", 2)]
    [InlineData("👩\u200D🍳", 4)]
    [InlineData("a\u200Bb\uFE0F", 2)]
    [InlineData("\t\0\u007F", 0)]
    [InlineData("", 0)]
    public void A_text_takes_so_many_columns(string text, int columns) => ColumnWidth.Measure(text).Should().Be(columns);

    [Fact]
    public void Every_Chinese_letter_is_wide_and_all_of_ASCII_is_narrow()
    {
        (int First, int Last)[] chinese = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAD9), (0x20000, 0x2A6DF), (0x2A700, 0x2EBE0), (0x30000, 0x3134A)];

        foreach (var letter in chinese.SelectMany(block => Enumerable.Range(block.First, block.Last - block.First + 1)).Select(value => new Rune(value)))
        {
            if (Rune.GetUnicodeCategory(letter) != UnicodeCategory.OtherNotAssigned)
            {
                ColumnWidth.Measure(letter).Should().Be(2, $"U+{letter.Value:X}");
            }
        }

        Enumerable.Range(' ', '~' - ' ' + 1).Should().OnlyContain(value => ColumnWidth.Measure(new Rune(value)) == 1);
    }
}
