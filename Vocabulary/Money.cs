using System.Globalization;

namespace Lakala.Vocabulary;

/// <summary>An amount in minor units (fen for CNY) with its ISO 4217 currency.</summary>
public readonly record struct Money(long Minor, string Currency)
{
    /// <summary>The one currency in use. A second one needs a column of its own in the books, not a code change here alone.</summary>
    public const string Cny = "CNY";

    public const long MinBillAmount = 1;

    /// <summary>Field 4 of ISO 8583 holds twelve digits.</summary>
    public const long MaxBillAmount = 999_999_999_999;

    public static bool IsKnownCurrency(string? currency) => currency == Cny;

    public bool IsBillable => Minor is >= MinBillAmount and <= MaxBillAmount && IsKnownCurrency(Currency);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Currency} {Minor / 100m:0.00}");
}
