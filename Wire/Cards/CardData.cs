namespace Lakala.Wire.Cards;

/// <summary>Card numbers as they may be shown: PCI DSS 3.4.1 allows at most the first six and the last four digits.</summary>
public static class Pan
{
    private const int First = 6;
    private const int Last = 4;

    public static string Mask(string pan) => pan.Length <= First + Last
        ? new string('*', pan.Length)
        : string.Concat(pan.AsSpan(0, First), new string('*', pan.Length - First - Last), pan.AsSpan(pan.Length - Last));

    /// <summary>True when it is a card number of 12 to 19 digits of which <see cref="Mask"/> has hidden the middle.</summary>
    public static bool IsMasked(string text) => text.Length is >= Track2.MinPanLength and <= Track2.MaxPanLength
        && !text.AsSpan(0, First).ContainsAnyExceptInRange('0', '9')
        && !text.AsSpan(First, text.Length - First - Last).ContainsAnyExcept('*')
        && !text.AsSpan(text.Length - Last).ContainsAnyExceptInRange('0', '9');
}

/// <summary>Track 2 of a magnetic stripe (ISO/IEC 7813). Its <c>ToString</c> is masked.</summary>
public sealed class Track2
{
    internal const int MinPanLength = 12;
    internal const int MaxPanLength = 19;
    private const int MaxLength = 37;
    private const int ExpiryLength = 4;
    private const int ServiceCodeLength = 3;

    private Track2(string data, string pan, string? expiry) => (Data, PrimaryAccountNumber, Expiry) = (data, pan, expiry);

    /// <summary>Without sentinels, as in field 35.</summary>
    public string Data { get; }

    public string PrimaryAccountNumber { get; }

    /// <summary>YYMM; null when the card has a separator in its place.</summary>
    public string? Expiry { get; }

    public string Masked => Pan.Mask(PrimaryAccountNumber);

    /// <summary>
    /// Accepts the content of field 35, with the sentinels around it or without: 12 to 19 digits, a separator (<c>=</c> or <c>D</c>), then
    /// expiry, service code and the rest, all digits. A separator may replace expiry or service code (ISO/IEC 7813). The bank checks the
    /// check digit of the number: not every issuer's numbers have one.
    /// </summary>
    public static bool TryParse(string? text, out Track2? track)
    {
        track = null;
        var data = text.AsSpan().Trim();
        data = data is [';', ..] ? data[1..] : data;
        data = data is [.., '?'] ? data[..^1] : data;
        var separator = data.IndexOfAny('=', 'D');
        if (data.Length > MaxLength || separator is < MinPanLength or > MaxPanLength || data[..separator].ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        var rest = data[(separator + 1)..];
        if (!TryTake(ref rest, ExpiryLength, out var expiry) || !TryTake(ref rest, ServiceCodeLength, out _) || rest.ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        track = new Track2(data.ToString(), data[..separator].ToString(), expiry.IsEmpty ? null : expiry.ToString());
        return true;
    }

    public override string ToString() => Masked;

    // Either all digits of the part, or a separator in its place.
    private static bool TryTake(ref ReadOnlySpan<char> rest, int length, out ReadOnlySpan<char> digits)
    {
        digits = default;
        if (rest is ['=' or 'D', ..])
        {
            rest = rest[1..];
            return true;
        }

        if (rest.Length < length || rest[..length].ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        digits = rest[..length];
        rest = rest[length..];
        return true;
    }
}
