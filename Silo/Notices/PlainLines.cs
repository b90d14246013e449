using System.Text;
using Lakala.Wire.Texts;

namespace Lakala.Silo.Notices;

/// <summary>Breaks text into lines for programs with columns of one width, of which a Chinese character has two.</summary>
internal static class PlainLines
{
    private const int Columns = 72;

    // Characters that must not begin a line, because they belong to the text before them.
    private const string Closing = "，。、；：！？）》」』”’…";

    public static IEnumerable<string> Break(string text)
    {
        var line = new StringBuilder();
        var columns = 0;
        var isApart = false;
        foreach (var piece in Pieces(text))
        {
            if (piece == " ")
            {
                isApart = columns > 0;
                continue;
            }

            var width = ColumnWidth.Measure(piece);
            if (columns > 0 && columns + (isApart ? 1 : 0) + width > Columns)
            {
                yield return line.ToString();
                line.Clear();
                (columns, isApart) = (0, false);
            }

            line.Append(isApart ? " " : "").Append(piece);
            (columns, isApart) = (columns + (isApart ? 1 : 0) + width, false);
        }

        yield return line.ToString();
    }

    // Spaces, words, and single wide characters with the marks that close them.
    private static IEnumerable<string> Pieces(string text)
    {
        var piece = new StringBuilder();
        var width = 0;
        var isWide = false;
        foreach (var letter in text.EnumerateRunes())
        {
            var columns = ColumnWidth.Measure(letter);
            var goesOn = columns == 0 || IsClosing(letter) || (letter.Value != ' ' && columns == 1 && !isWide);
            if (piece.Length > 0 && (!goesOn || piece[0] == ' ' || width + columns > Columns))
            {
                yield return piece.ToString();
                piece.Clear();
                (width, isWide) = (0, false);
            }

            piece.Append(letter);
            (width, isWide) = (width + columns, isWide || columns == 2);
        }

        if (piece.Length > 0)
        {
            yield return piece.ToString();
        }
    }

    private static bool IsClosing(Rune letter) => letter.IsBmp && Closing.Contains((char)letter.Value);
}
