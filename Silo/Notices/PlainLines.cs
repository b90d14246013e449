using System.Text;

namespace Lakala.Silo.Notices;

/// <summary>Breaks text into lines for programs with columns of one width, of which a Chinese character has two.</summary>
internal static class PlainLines
{
    private const int Columns = 72;

    // Characters that must not begin a line, because they belong to the text before them.
    private const string Closing = "，。、；：！？）》」』”’…";

    public static IEnumerable<string> Of(string text)
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

            var width = Width(piece);
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
            var goesOn = IsClosing(letter) || (letter.Value != ' ' && !IsWide(letter) && !isWide);
            if (piece.Length > 0 && (!goesOn || piece[0] == ' ' || width + Width(letter) > Columns))
            {
                yield return piece.ToString();
                piece.Clear();
                (width, isWide) = (0, false);
            }

            piece.Append(letter);
            (width, isWide) = (width + Width(letter), isWide || IsWide(letter));
        }

        if (piece.Length > 0)
        {
            yield return piece.ToString();
        }
    }

    private static bool IsClosing(Rune letter) => letter.IsBmp && Closing.Contains((char)letter.Value);

    private static int Width(string piece) => piece.EnumerateRunes().Sum(Width);

    private static int Width(Rune letter) => IsWide(letter) ? 2 : 1;

    // The blocks that are completely wide in Unicode's East Asian Width (UAX 11).
    private static bool IsWide(Rune letter) => letter.Value
        is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0xFE30 and <= 0xFE4F) or (>= 0xFF00 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x1F300 and <= 0x1FAFF)
        or (>= 0x20000 and <= 0x3FFFD);
}
