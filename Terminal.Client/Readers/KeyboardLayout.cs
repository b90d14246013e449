namespace Lakala.Terminal.Client.Readers;

/// <summary>
/// Maps the keys of a device with the US layout on a machine with another layout. Only the keys of a card's track and a
/// bill's number.
/// </summary>
internal sealed class KeyboardLayout
{
    public static readonly IReadOnlyList<KeyboardLayout> All =
    [
        // German, Swiss, Nordic, Spanish, Italian: digits stay digits.
        new("öäøæñòç´¡ì^_", ";;;;;;;====?"),
        // French, where digits are typed with Shift.
        new("à&é\"'(-è_çm§", "0123456789;?"),
        // Belgian: as French, except two digits and the key beside the zero.
        new("à&é\"'(§è!çm-+", "0123456789;=?"),
    ];

    private readonly Dictionary<char, char> _us;

    private KeyboardLayout(string typed, string meant) => _us = typed.Zip(meant).ToDictionary();

    public string ToUs(string text) => string.Concat(text.Select(sign => _us.GetValueOrDefault(sign, sign)));

    /// <summary>True when a text looks like a card or barcode on another layout: digits beside a character that no US keyboard has, or such characters for digits.</summary>
    public static bool IsOther(string text, int fewestDigits)
    {
        var (digits, signs) = (text.Count(char.IsAsciiDigit), text.Count("&é\"'(-è_çà§!".Contains));
        return digits >= fewestDigits ? text.Any(sign => sign is >= '\u00a1' and <= '\u052f') : signs >= fewestDigits && digits < signs;
    }
}
