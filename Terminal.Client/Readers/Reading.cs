using System.Text.RegularExpressions;
using Lakala.Vocabulary;
using Lakala.Wire.Cards;

namespace Lakala.Terminal.Client.Readers;

/// <summary>
/// The input of a card reader or a scanner, or a paste. The same rule for the clerk's screen, the command line and the cash register:
/// additions of a device around its data are ignored, full-width characters count as ASCII, and of several tracks only the second is
/// used. Its <c>ToString</c> has no digits.
/// </summary>
internal abstract partial record Reading
{
    // A card number or a barcode has at least this many digits.
    private const int FewestDigits = 8;

    private Reading()
    {
    }

    /// <summary>A whole track 2.</summary>
    public sealed record Card(Track2 Track) : Reading;

    /// <summary>Characters of a card's track without a whole track 2.</summary>
    public sealed record UnreadableCard : Reading;

    /// <summary>The digits of a barcode or of a paste.</summary>
    public sealed record Number(string Digits) : Reading
    {
        public override string ToString() => $"{Digits.Length} digits";
    }

    /// <summary>The device uses another keyboard layout than the machine, and its input cannot be read with certainty.</summary>
    public sealed record OtherLayout : Reading;

    /// <summary>Input that the terminal cannot use.</summary>
    public sealed record Other : Reading;

    public static Reading Read(string signs)
    {
        var text = SymbologyMark().Replace(string.Concat(signs.Select(Fold).Where(sign => !char.IsControl(sign))).Trim(), "");
        if (Plainly(text) is { } plain)
        {
            return plain;
        }

        foreach (var layout in KeyboardLayout.All)
        {
            // Characters of another layout are ambiguous: they count only with a card's first sentinel or a bill's check digits.
            var typed = layout.ToUs(text);
            switch (Plainly(typed))
            {
                case Card card when typed.Contains(';' + card.Track.PrimaryAccountNumber):
                    return card;

                case Number number when BillNumber.IsWhole(number.Digits):
                    return number;
            }
        }

        return KeyboardLayout.IsOther(text, FewestDigits) ? new OtherLayout() : CardSigns().IsMatch(text) ? new UnreadableCard() : new Other();
    }

    /// <summary>Converts a full-width form (U+FF01 to U+FF5E, U+3000) to ASCII.</summary>
    public static char Fold(char sign) => sign switch
    {
        >= '！' and <= '～' => (char)(sign - '！' + '!'),
        '\u3000' => ' ',
        _ => sign,
    };

    /// <returns>Null when it is neither a card nor a number.</returns>
    private static Reading? Plainly(string text)
    {
        if (text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            return new Number(text);
        }

        // A bill's number in groups, as its page shows it.
        var grouped = text.Replace(" ", "").Replace("-", "");
        return BillNumber.IsWhole(grouped) ? new Number(grouped)
            : Track2.TryParse(TrackOf(text), out var track) ? new Card(track!)
            : null;
    }

    // The first track that begins with a ; is track 2, a further one track 3. Without a ; it is the part after track 1, or everything.
    private static string TrackOf(string text)
    {
        var behind = Track1().Replace(text, "", 1);
        var begun = BareTrack().IsMatch(behind) ? 0 : TrackBegun().Match(behind) is { Success: true } match ? match.Index + 1 : 0;
        var track = behind[begun..];
        var end = track.AsSpan().IndexOfAny("?;%+");
        return (end < 0 ? track : track[..end]).Replace('d', '=').Replace('D', '=');
    }

    // AIM symbology identifiers: ]C0, ]Q1, ]E0.
    [GeneratedRegex("^][A-Za-z][0-9A-Za-z]", RegexOptions.CultureInvariant)]
    private static partial Regex SymbologyMark();

    [GeneratedRegex(@"^[^;]*?%[A-Za-z][^?]*\?", RegexOptions.CultureInvariant)]
    private static partial Regex Track1();

    [GeneratedRegex("^[0-9]+[=Dd]", RegexOptions.CultureInvariant)]
    private static partial Regex BareTrack();

    // The check character (LRC) of track 1 may itself be a ; before that of track 2.
    [GeneratedRegex(";(?![;%+])", RegexOptions.CultureInvariant)]
    private static partial Regex TrackBegun();

    [GeneratedRegex("^[%;]|;[0-9]|[0-9]{4}=", RegexOptions.CultureInvariant)]
    private static partial Regex CardSigns();
}
