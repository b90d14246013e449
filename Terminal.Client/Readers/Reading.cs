using System.Text.RegularExpressions;
using Lakala.Vocabulary;
using Lakala.Wire.Cards;

namespace Lakala.Terminal.Client.Readers;

/// <summary>
/// What a card reader or a scanner typed, or somebody pasted. One rule for the clerk's screen, the command line and the cash register:
/// whatever a device puts around its data is passed over, full-width signs count as plain ones, and of several tracks only the second is
/// taken. Prints itself without digits.
/// </summary>
internal abstract partial record Reading
{
    // Fewer digits are no card's number and no barcode.
    private const int FewestDigits = 8;

    private Reading()
    {
    }

    /// <summary>A whole track 2.</summary>
    public sealed record Card(Track2 Track) : Reading;

    /// <summary>Signs of a card's track, and no whole track 2 among them.</summary>
    public sealed record UnreadableCard : Reading;

    /// <summary>A barcode's digits, or digits that were pasted.</summary>
    public sealed record Number(string Digits) : Reading
    {
        public override string ToString() => $"{Digits.Length} digits";
    }

    /// <summary>A device types for another keyboard layout than the machine's, and what it typed cannot be told for certain.</summary>
    public sealed record OtherLayout : Reading;

    /// <summary>Nothing that the till takes.</summary>
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
            // Signs that stand for others may be anything: what is read of them has a card's first sentinel or a bill's check digits.
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

    /// <summary>A full-width form (U+FF01 to U+FF5E, U+3000) as the plain sign that it stands for.</summary>
    public static char Fold(char sign) => sign switch
    {
        >= '！' and <= '～' => (char)(sign - '！' + '!'),
        '\u3000' => ' ',
        _ => sign,
    };

    /// <returns>Null when this is neither a card nor a number.</returns>
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

    // The first track that begins with a ; is track 2, and a further one is track 3. Without a ; it is what stands behind track 1, or all.
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

    // The check sign (LRC) of track 1 may itself be a ; and stand before that of track 2.
    [GeneratedRegex(";(?![;%+])", RegexOptions.CultureInvariant)]
    private static partial Regex TrackBegun();

    [GeneratedRegex("^[%;]|;[0-9]|[0-9]{4}=", RegexOptions.CultureInvariant)]
    private static partial Regex CardSigns();
}
