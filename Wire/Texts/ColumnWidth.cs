using System.Text;
using Wcwidth;

namespace Lakala.Wire.Texts;

/// <summary>
/// How many columns a text takes where letters stand in columns of one width: a clerk's screen, a mail as plain text. By Unicode's East
/// Asian Width (UAX 11), in the same table by which the screen's library draws. On paper the printer's code page decides.
/// </summary>
public static class ColumnWidth
{
    /// <returns>2 for wide letters, 0 for what stands with the letter before it and for control characters, else 1.</returns>
    public static int Measure(Rune letter) => Math.Max(0, UnicodeCalculator.GetWidth(letter));

    public static int Measure(string text)
    {
        var columns = 0;
        foreach (var letter in text.EnumerateRunes())
        {
            columns += Measure(letter);
        }

        return columns;
    }
}
