using System.Text;
using Wcwidth;

namespace Lakala.Wire.Texts;

/// <summary>
/// The columns of a text on a screen or in a mail as plain text, where all columns have one width. By Unicode's East
/// Asian Width (UAX 11), with the same table as the library of the screen. On paper the printer's code page decides.
/// </summary>
public static class ColumnWidth
{
    /// <returns>2 for wide characters, 0 for combining and control characters, otherwise 1.</returns>
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
