using System.Globalization;
using System.Text;

namespace Lakala.Terminal.Client.Printing;

/// <summary>The columns of a text on a screen, where wide (East Asian) characters have two; for paper see <see cref="EscPos.Columns"/>.</summary>
internal static class TextColumns
{
    public static int Of(string text) => Of(text, Of);

    public static int Of(string text, Func<Rune, int> columnsOf)
    {
        var width = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            width += columnsOf(rune);
        }

        return width;
    }

    // East Asian Width W and F (Unicode Standard Annex 11), as whole blocks.
    public static int Of(Rune rune) => rune.Value switch
    {
        < 0x300 => 1,
        >= 0x1100 and <= 0x115F or >= 0x2E80 and <= 0x303E or >= 0x3041 and <= 0xA4CF or >= 0xAC00 and <= 0xD7A3
            or >= 0xF900 and <= 0xFAFF or >= 0xFE30 and <= 0xFE6F or >= 0xFF00 and <= 0xFF60 or >= 0xFFE0 and <= 0xFFE6
            or >= 0x1F300 and <= 0x1FAFF or >= 0x20000 and <= 0x3FFFD => 2,
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format ? 0 : 1,
    };

    /// <summary>Splits a text into lines of at most this many columns, at spaces where there are any; spaces within a line stay.</summary>
    /// <param name="columnsOf">The columns of a character on the output; left out: on a screen.</param>
    public static IEnumerable<string> Wrap(string? text, int columns, Func<Rune, int>? columnsOf = null)
    {
        columnsOf ??= Of;
        var line = new StringBuilder();
        var (width, spaces) = (0, 0);
        foreach (var word in Clean(text ?? "").Split(' '))
        {
            if (word.Length == 0)
            {
                spaces++;
                continue;
            }

            if (width > 0 && width + spaces + Of(word, columnsOf) > columns)
            {
                yield return line.ToString();
                (line, width) = (line.Clear(), 0);
            }
            else if (width > 0)
            {
                line.Append(' ', spaces);
                width += spaces;
            }

            spaces = 1;

            foreach (var rune in word.EnumerateRunes())
            {
                if (width + columnsOf(rune) > columns)
                {
                    yield return line.ToString();
                    (line, width) = (line.Clear(), 0);
                }

                line.Append(rune);
                width += columnsOf(rune);
            }
        }

        if (width > 0)
        {
            yield return line.ToString();
        }
    }

    /// <summary>Removes control characters, so that a text from others commands neither printer nor screen.</summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            clean.Append(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                ? " "
                : rune.ToString());
        }

        return clean.ToString();
    }
}
