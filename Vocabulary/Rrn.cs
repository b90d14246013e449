using System.Globalization;

namespace Lakala.Vocabulary;

/// <summary>A retrieval reference number (field 37): the name of a swipe or a refund at the bank and in the books.</summary>
public static class Rrn
{
    private const int Digits = 12;

    /// <summary>Twelve digits.</summary>
    public static string ToText(long rrn) => rrn.ToString("D12", null);

    public static bool TryParse(string text, out long rrn)
    {
        rrn = 0;
        return text.Length == Digits && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out rrn);
    }
}
