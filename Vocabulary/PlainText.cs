using System.Globalization;
using System.Text;

namespace Lakala.Vocabulary;

/// <summary>Names and words that people read.</summary>
public static class PlainText
{
    private const int JoinsNot = 0x200C, Joins = 0x200D;

    /// <summary>
    /// It has nothing that is not seen but changes what is: format characters can turn an amount round. The two that join letters are
    /// part of how some languages, and emoji, are written.
    /// </summary>
    public static bool Is(string text) => !text.EnumerateRunes().Any(static rune =>
        Rune.IsControl(rune) || (Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format && rune.Value is not (Joins or JoinsNot)));
}
