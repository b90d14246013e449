namespace Lakala.Wire;

/// <summary>Card numbers as they may be shown: PCI DSS 3.4.1 allows at most the first six and the last four digits.</summary>
public static class Pan
{
    private const int First = 6;
    private const int Last = 4;
    private const int MinLength = 12;
    private const int MaxLength = 19;

    public static string Mask(string pan) => pan.Length <= First + Last
        ? new string('*', pan.Length)
        : string.Concat(pan.AsSpan(0, First), new string('*', pan.Length - First - Last), pan.AsSpan(pan.Length - Last));

    /// <summary>Length and Luhn check digit (ISO/IEC 7812-1).</summary>
    public static bool IsValid(ReadOnlySpan<char> pan)
    {
        if (pan.Length is < MinLength or > MaxLength)
        {
            return false;
        }

        var sum = 0;
        for (var i = 0; i < pan.Length; i++)
        {
            var digit = pan[^(i + 1)] - '0';
            if (digit is < 0 or > 9)
            {
                return false;
            }

            var weighted = i % 2 == 0 ? digit : digit * 2;
            sum += weighted > 9 ? weighted - 9 : weighted;
        }

        return sum % 10 == 0;
    }
}

/// <summary>Track 2 of a magnetic stripe (ISO/IEC 7813). Prints itself masked.</summary>
public sealed class Track2
{
    private const int MaxLength = 37;
    private const int ExpiryLength = 4;
    private const int ServiceCodeLength = 3;

    private Track2(string data, string pan, string expiry) => (Data, PrimaryAccountNumber, Expiry) = (data, pan, expiry);

    /// <summary>Without sentinels, as field 35 carries it.</summary>
    public string Data { get; }

    public string PrimaryAccountNumber { get; }

    /// <summary>YYMM.</summary>
    public string Expiry { get; }

    public string Masked => Pan.Mask(PrimaryAccountNumber);

    /// <summary>
    /// Accepts what a keyboard-wedge reader types (<c>;PAN=YYMMSSS...?</c>) and the bare content of field 35. False when it
    /// is cut off, holds other characters, or the card number's check digit is wrong.
    /// </summary>
    public static bool TryParse(string? text, out Track2? track)
    {
        track = null;
        if (text is null)
        {
            return false;
        }

        var data = text.AsSpan().Trim();
        if (data is [';', .., '?'])
        {
            data = data[1..^1];
        }

        var separator = data.IndexOfAny('=', 'D');
        if (data.Length > MaxLength || separator < 0 || data.Length < separator + 1 + ExpiryLength + ServiceCodeLength
            || data[(separator + 1)..].ContainsAnyExceptInRange('0', '9') || !Pan.IsValid(data[..separator]))
        {
            return false;
        }

        track = new Track2(data.ToString(), data[..separator].ToString(), data.Slice(separator + 1, ExpiryLength).ToString());
        return true;
    }

    public override string ToString() => Masked;
}

/// <summary>The check digits of a bill number (ISO 7064 MOD 97-10), so that a terminal catches a typing error by itself.</summary>
public static class BillNumberCheck
{
    /// <summary>Digits, the two check digits among them.</summary>
    public const int Length = 14;

    public static bool IsWhole(string? number) =>
        number is { Length: Length } && !number.AsSpan().ContainsAnyExceptInRange('0', '9')
        && long.Parse(number, null) % 97 == 1 && long.Parse(number, null) % 100 is >= 2 and <= 98;
}
