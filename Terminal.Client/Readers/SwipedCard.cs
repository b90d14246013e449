using Lakala.Wire.Cards;
using Lakala.Wire.Keys;

namespace Lakala.Terminal.Client.Readers;

/// <summary>Track and PIN, in this process's memory for as long as the swipe lasts.</summary>
public sealed record SwipedCard(Track2 Track, string Pin)
{
    /// <param name="card">As a reader types it: track 2 with its sentinels or without, and whatever stands around it.</param>
    /// <param name="fault">What is wrong with what was given; quotes nothing of it. Null when nothing is.</param>
    /// <returns>Null when something is wrong.</returns>
    public static SwipedCard? Read(string? card, string? pin, out string? fault)
    {
        var track = (Reading.Read(card ?? "") as Reading.Card)?.Track;
        fault = track is null ? "card is no track 2: ;PAN=YYMMSSS...? is expected"
            : pin is not { Length: >= PinBlock.MinPin and <= PinBlock.MaxPin } || pin.AsSpan().ContainsAnyExceptInRange('0', '9')
                ? $"pin has not {PinBlock.MinPin} to {PinBlock.MaxPin} digits"
            : null;
        return fault is null ? new SwipedCard(track!, pin!) : null;
    }

    public override string ToString() => Track.Masked;
}
