namespace Lakala.Terminal.Client.Readers;

/// <summary>
/// What the keys of a device that types for the US layout become on a machine with another one. Only the keys that a card's track and a
/// bill's number need.
/// </summary>
internal sealed class KeyboardLayout
{
    public static readonly IReadOnlyList<KeyboardLayout> All =
    [
        // German, Swiss, Nordic, Spanish, Italian: digits stay digits.
        new("öäøæñòç´¡ì^_", ";;;;;;;====?"),
        // French, where digits are typed with Shift.
        new("à&é\"'(-è_çm§", "0123456789;?"),
        // Belgian: as French, but for two digits, and for what stands beside the zero.
        new("à&é\"'(§è!çm-+", "0123456789;=?"),
    ];

    private readonly Dictionary<char, char> _us;

    private KeyboardLayout(string typed, string meant) => _us = typed.Zip(meant).ToDictionary();

    public string ToUs(string text) => string.Concat(text.Select(sign => _us.GetValueOrDefault(sign, sign)));

    /// <summary>Whether a text is a card's or a barcode's on some other layout: digits beside a letter or sign that no US keyboard has, or signs for digits.</summary>
    public static bool IsOther(string text, int fewestDigits)
    {
        var (digits, signs) = (text.Count(char.IsAsciiDigit), text.Count("&é\"'(-è_çà§!".Contains));
        return digits >= fewestDigits ? text.Any(sign => sign is >= '\u00a1' and <= '\u052f') : signs >= fewestDigits && digits < signs;
    }
}
