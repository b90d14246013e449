using System.Collections.Concurrent;
using Lakala.Bills;
using Lakala.Grains.Storage;
using Lakala.Wire;

namespace Lakala.Silo;

/// <summary>What is asked of an HSM on the swipe's way: the PIN goes from the terminal's key to the bank's and is never seen.</summary>
public interface IPinTranslator
{
    /// <returns>Null when the block holds no PIN of this card under its key.</returns>
    byte[]? Translate(PresentedCard card, PinCipher zoneKey);
}

/// <summary>The translation in this process. For development: where card schemes rule, an HSM does it.</summary>
public sealed class SoftwarePinTranslator(IKeyVault vault) : IPinTranslator
{
    // Unwrapping a key costs more than using it. At the bound all are dropped and unwrapped anew as they come.
    private const int MaxCached = 50_000;

    private readonly ConcurrentDictionary<(string Terminal, int KeySet), PinCipher> _ciphers = new();

    public byte[]? Translate(PresentedCard card, PinCipher zoneKey)
    {
        if (_ciphers.Count >= MaxCached)
        {
            _ciphers.Clear();
        }

        var cipher = _ciphers.GetOrAdd(
            (card.PinKey.Terminal, card.PinKey.KeySet),
            static (_, state) => new PinCipher(state.vault.Unwrap(state.Wrapped)),
            (vault, card.PinKey.Wrapped));
        var pan = card.Track2.AsSpan(0, card.Track2.AsSpan().IndexOfAny('=', 'D')).ToString();
        return PinBlock.Translate(card.PinBlock, pan, cipher, zoneKey);
    }
}
