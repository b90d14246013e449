namespace Lakala.Rules.Attempts;

/// <summary>
/// What the shopper swiped, in flight from the terminal to the bank and nowhere else: never in grain state, a row, an
/// event, a log or an exception text. Prints itself masked.
/// </summary>
public sealed class PresentedCard(string maskedPan, string track2, byte[] pinBlock, PinKey pinKey)
{
    /// <summary>First six and last four digits (PCI DSS 3.4.1): the only part that may be kept or shown.</summary>
    public string MaskedPan { get; } = maskedPan;

    /// <summary>Track 2 without sentinels (ISO 7813).</summary>
    public string Track2 { get; } = track2;

    /// <summary>ISO 9564-1 format 4, enciphered under <see cref="PinKey"/>.</summary>
    public byte[] PinBlock { get; } = pinBlock;

    public PinKey PinKey { get; } = pinKey;

    public override string ToString() => MaskedPan;
}

/// <summary>Names a terminal's PIN key and carries it wrapped under the key-encryption key, as an HSM wants it.</summary>
public sealed record PinKey(string Terminal, int KeySet, byte[] Wrapped)
{
    public override string ToString() => $"PIN key of {Terminal}, key set {KeySet}";
}
