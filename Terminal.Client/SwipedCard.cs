using System.Text.RegularExpressions;
using Lakala.Wire;

namespace Lakala.Terminal.Client;

/// <summary>Track and PIN, in this process's memory for as long as the swipe lasts.</summary>
public sealed partial record SwipedCard(Track2 Track, string Pin)
{
    /// <param name="card">Track 2 as a reader types it, with its sentinels or without, perhaps behind track 1.</param>
    /// <param name="fault">What is wrong with the form of what was given; quotes nothing of it.</param>
    /// <returns>Null when the form is wrong, and also when it is right and the number is no card's.</returns>
    public static SwipedCard? Read(string? card, string? pin, out string? fault)
    {
        var form = TrackForm().Match(card ?? "");
        fault = !form.Success ? "card is no track 2: ;PAN=YYMMSSS...? is expected"
            : pin is not { Length: >= PinBlock.MinPin and <= PinBlock.MaxPin } || pin.AsSpan().ContainsAnyExceptInRange('0', '9')
                ? $"pin has not {PinBlock.MinPin} to {PinBlock.MaxPin} digits"
            : null;
        return fault is null && Track2.TryParse(form.Value, out var track) ? new SwipedCard(track!, pin!) : null;
    }

    /// <summary>What a reader typed, with its sentinels or without, perhaps behind track 1.</summary>
    /// <returns>Null when it holds no track 2 of a card.</returns>
    public static Track2? ReadTrack(string burst) =>
        TrackForm().Match(burst) is { Success: true } form && Track2.TryParse(form.Value, out var track) ? track : null;

    public override string ToString() => Track.Masked;

    // Readers type track 1 before track 2; only the second is wanted.
    [GeneratedRegex(@"(?<=^|\?);?[0-9]+[=D][0-9]{7,}\??$", RegexOptions.CultureInvariant)]
    private static partial Regex TrackForm();
}
