using System.Globalization;
using System.Text;
using Lakala.Wire.Texts;

namespace Lakala.Terminal.Client.Printing;

/// <summary>Makes text that others wrote fit the columns of a screen or of paper.</summary>
internal static class TextColumns
{
    /// <param name="columnsOf">The columns of a character on the output.</param>
    public static int Measure(string text, Func<Rune, int> columnsOf)
    {
        var width = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            width += columnsOf(rune);
        }

        return width;
    }

    /// <summary>Splits a text into lines of at most this many columns, at spaces where there are any; spaces within a line stay.</summary>
    /// <param name="columnsOf">The columns of a character on the output; left out: on a screen.</param>
    public static IEnumerable<string> Wrap(string? text, int columns, Func<Rune, int>? columnsOf = null)
    {
        columnsOf ??= ColumnWidth.Measure;
        var line = new StringBuilder();
        var (width, spaces) = (0, 0);
        foreach (var word in Clean(text ?? "").Split(' '))
        {
            if (word.Length == 0)
            {
                spaces++;
                continue;
            }

            if (width > 0 && width + spaces + Measure(word, columnsOf) > columns)
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
