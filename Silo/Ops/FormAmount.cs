using System.Globalization;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops;

/// <summary>Amounts as people key them.</summary>
internal static class FormAmount
{
    private const int Decimals = 2, MinorUnits = 100;

    /// <param name="text">Yuan with two decimals at most, such as 12.50; empty: nothing.</param>
    /// <returns>Minor units, 0 to the largest amount of a bill; null: it is no such amount.</returns>
    public static long? Parse(string text)
    {
        var figure = text.Trim();
        return figure.Length == 0 ? 0
            : decimal.TryParse(figure, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var yuan)
                && yuan.Scale <= Decimals && yuan <= Money.MaxBillAmount / MinorUnits ? (long)(yuan * MinorUnits)
            : null;
    }
}
