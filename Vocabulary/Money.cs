using System.Globalization;

namespace Lakala.Vocabulary;

/// <summary>An amount in minor units (fen for CNY) with its ISO 4217 currency.</summary>
public readonly record struct Money(long Minor, string Currency)
{
    /// <summary>The only currency in use. A second one needs a column in the books, not only a change here.</summary>
    public const string Cny = "CNY";

    public const long MinBillAmount = 1;

    /// <summary>Field 4 of ISO 8583 holds twelve digits.</summary>
    public const long MaxBillAmount = 999_999_999_999;

    private const decimal MinorUnits = 100;

    public static bool IsKnownCurrency(string? currency) => currency == Cny;

    public bool IsBillable => Minor is >= MinBillAmount and <= MaxBillAmount && IsKnownCurrency(Currency);

    /// <summary>An amount for people to read, without its currency: 1,234.50.</summary>
    /// <param name="minor">Minor units; a sum may be larger than the largest amount.</param>
    public static string Figure(decimal minor) => (minor / MinorUnits).ToString("N2", CultureInfo.InvariantCulture);

    /// <summary>For logs and messages: CNY 1234.50.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Currency} {Minor / MinorUnits:0.00}");
}
