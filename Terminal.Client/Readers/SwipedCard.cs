using Lakala.Wire.Cards;
using Lakala.Wire.Keys;

namespace Lakala.Terminal.Client.Readers;

/// <summary>Track and PIN, in memory during the swipe only.</summary>
public sealed record SwipedCard(Track2 Track, string Pin)
{
    /// <param name="card">The input of a reader: track 2 with or without sentinels and with the reader's additions.</param>
    /// <param name="fault">The error of the input, which is not quoted. Null when the input is valid.</param>
    /// <returns>Null when the input is not valid.</returns>
    public static SwipedCard? Read(string? card, string? pin, out string? fault)
    {
        var track = ReadTrack(card, out fault);
        fault ??= pin is not { Length: >= PinBlock.MinPin and <= PinBlock.MaxPin } || pin.AsSpan().ContainsAnyExceptInRange('0', '9')
                ? $"pin has not {PinBlock.MinPin} to {PinBlock.MaxPin} digits"
            : null;
        return fault is null ? new SwipedCard(track!, pin!) : null;
    }

    /// <summary>A card without a PIN, as a refund needs it.</summary>
    /// <param name="fault">As above.</param>
    public static Track2? ReadTrack(string? card, out string? fault)
    {
        var track = (Reading.Read(card ?? "") as Reading.Card)?.Track;
        fault = track is null ? "card is not a track 2: ;PAN=YYMMSSS...? is expected" : null;
        return track;
    }

    public override string ToString() => Track.Masked;
}
