namespace Lakala.Rules.Attempts;

/// <summary>
/// The card that the shopper swiped, only on its way from the terminal to the bank: never in grain state, a row, an
/// event, a log or an exception text. Its <c>ToString</c> is masked.
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

/// <summary>A terminal's PIN key by its name, and wrapped under the key-encryption key, as an HSM needs it.</summary>
public sealed record PinKey(string Terminal, int KeySet, byte[] Wrapped)
{
    public override string ToString() => $"PIN key of {Terminal}, key set {KeySet}";
}
