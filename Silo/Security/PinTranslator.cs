using System.Collections.Concurrent;
using Lakala.Rules.Attempts;
using Lakala.Storage;
using Lakala.Wire.Keys;

namespace Lakala.Silo.Security;

/// <summary>The work of an HSM in a swipe: it translates the PIN from the terminal's key to the bank's without showing it.</summary>
public interface IPinTranslator
{
    /// <returns>Null when the block has no PIN of this card under its key.</returns>
    byte[]? Translate(PresentedCard card, PinCipher zoneKey);
}

/// <summary>The translation in this process. For development: where the rules of card schemes apply, an HSM does it.</summary>
public sealed class SoftwarePinTranslator : IPinTranslator, IDisposable
{
    /// <summary>A key that is not used for this time, at the most for twice this time, is dropped; the key of the next session replaces it at once.</summary>
    public static readonly TimeSpan Generation = TimeSpan.FromMinutes(5);

    // To unwrap a key costs about 25 microseconds, to use it two. At the bound a generation ends early.
    private const int MaxCached = 25_000;

    private readonly IKeyVault _vault;
    private readonly ITimer _timer;
    private volatile ConcurrentDictionary<string, SessionKey> _recent = new(), _older = new();
    private int _taken;

    public SoftwarePinTranslator(IKeyVault vault, TimeProvider time)
    {
        _vault = vault;
        _timer = time.CreateTimer(_ => EndGeneration(), null, Generation, Generation);
    }

    public byte[]? Translate(PresentedCard card, PinCipher zoneKey)
    {
        var pan = card.Track2.AsSpan(0, card.Track2.AsSpan().IndexOfAny('=', 'D')).ToString();
        return PinBlock.Translate(card.PinBlock, pan, Find(card.PinKey), zoneKey);
    }

    public void Dispose() => _timer.Dispose();

    private PinCipher Find(PinKey key)
    {
        if (_recent.TryGetValue(key.Terminal, out var known) && known.KeySet == key.KeySet)
        {
            return known.Cipher;
        }

        // Counted beside the dictionary, whose own count takes all of its locks.
        if (Interlocked.Increment(ref _taken) > MaxCached)
        {
            EndGeneration();
        }

        var found = _older.TryRemove(key.Terminal, out var older) && older.KeySet == key.KeySet
            ? older
            : new SessionKey(key.KeySet, ClearKey.Spend(_vault.Unwrap(key.Wrapped), static clear => new PinCipher(clear)));
        _recent[key.Terminal] = found;
        return found.Cipher;
    }

    private void EndGeneration()
    {
        (_older, _recent) = (_recent, new());
        Volatile.Write(ref _taken, 0);
    }

    private sealed record SessionKey(int KeySet, PinCipher Cipher);
}
