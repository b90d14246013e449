using System.Globalization;
using System.Text;

namespace Lakala.Vocabulary;

/// <summary>Checks of names and texts that people read.</summary>
public static class PlainText
{
    private const int JoinsNot = 0x200C, Joins = 0x200D;

    /// <summary>
    /// True when the text has no invisible character that changes the visible text: format characters can reverse the digits of an
    /// amount. The two that join letters are allowed, because some languages and emoji need them.
    /// </summary>
    public static bool Is(string text) => !text.EnumerateRunes().Any(static rune =>
        Rune.IsControl(rune) || (Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format && rune.Value is not (Joins or JoinsNot)));
}
