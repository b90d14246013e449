using System.Security.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;

namespace Lakala.Wire.Keys;

/// <summary>A PIN key ready for use. May be used from any thread.</summary>
public sealed class PinCipher
{
    private readonly IBlockCipher _encrypt = AesUtilities.CreateEngine();
    private readonly IBlockCipher _decrypt = AesUtilities.CreateEngine();
    private readonly Lock _lock = new();

    public PinCipher(ReadOnlySpan<byte> key)
    {
        _encrypt.Init(true, new KeyParameter(key));
        _decrypt.Init(false, new KeyParameter(key));
    }

    internal void Encrypt(Span<byte> block)
    {
        lock (_lock)
        {
            _encrypt.ProcessBlock(block, block);
        }
    }

    internal void Decrypt(Span<byte> block)
    {
        lock (_lock)
        {
            _decrypt.ProcessBlock(block, block);
        }
    }
}

/// <summary>
/// ISO 9564-1 format 4: the PIN field is enciphered, the card number added, and the sum enciphered again, so that a block
/// is valid for one card only and never the same twice.
/// </summary>
public static class PinBlock
{
    public const int Length = 16;
    public const int MinPin = 4;
    public const int MaxPin = 12;

    private const int ControlField = 4;
    private const int FillDigit = 0xA;
    private const int MinPanDigits = 12;

    public static byte[] Encipher(string pin, string pan, PinCipher key) => Encipher(pin, pan, key, RandomNumberGenerator.GetBytes(Length / 2));

    /// <param name="random">Eight bytes, new for each call; only worked examples use the same ones again.</param>
    public static byte[] Encipher(string pin, string pan, PinCipher key, ReadOnlySpan<byte> random)
    {
        if (pin.Length is < MinPin or > MaxPin || pin.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            throw new ArgumentException($"A PIN has {MinPin} to {MaxPin} digits.", nameof(pin));
        }

        var block = new byte[Length];
        block.AsSpan(0, Length / 2).Fill(FillDigit << 4 | FillDigit);
        PutNibble(block, 0, ControlField);
        PutNibble(block, 1, pin.Length);
        for (var i = 0; i < pin.Length; i++)
        {
            PutNibble(block, 2 + i, pin[i] - '0');
        }

        random.CopyTo(block.AsSpan(Length / 2));
        Encipher(block, pan, key);
        return block;
    }

    /// <summary>False when the block has no PIN of this card under this key.</summary>
    public static bool TryDecipher(ReadOnlySpan<byte> block, string pan, PinCipher key, out string pin)
    {
        Span<byte> clear = stackalloc byte[Length];
        var length = Decipher(block, pan, key, clear);
        pin = length == 0 ? "" : string.Create(length, clear, static (digits, clear) =>
        {
            for (var i = 0; i < digits.Length; i++)
            {
                digits[i] = (char)('0' + Nibble(clear, 2 + i));
            }
        });
        CryptographicOperations.ZeroMemory(clear);
        return length != 0;
    }

    /// <summary>Translates the block to another key, for the same card; an HSM does it in one step. Null when the block has no PIN.</summary>
    public static byte[]? Translate(ReadOnlySpan<byte> block, string pan, PinCipher from, PinCipher to)
    {
        var translated = new byte[Length];
        if (Decipher(block, pan, from, translated) == 0)
        {
            return null;
        }

        RandomNumberGenerator.Fill(translated.AsSpan(Length / 2));
        Encipher(translated, pan, to);
        return translated;
    }

    private static void Encipher(Span<byte> block, string pan, PinCipher key)
    {
        key.Encrypt(block);
        AddPan(block, pan);
        key.Encrypt(block);
    }

    // The length of the PIN, or 0.
    private static int Decipher(ReadOnlySpan<byte> block, string pan, PinCipher key, Span<byte> clear)
    {
        if (block.Length != Length)
        {
            return 0;
        }

        block.CopyTo(clear);
        key.Decrypt(clear);
        AddPan(clear, pan);
        key.Decrypt(clear);
        var length = Nibble(clear, 1);
        var isPin = Nibble(clear, 0) == ControlField && length is >= MinPin and <= MaxPin;
        for (var i = 0; isPin && i < Length - 2; i++)
        {
            isPin = i < length ? Nibble(clear, 2 + i) <= 9 : Nibble(clear, 2 + i) == FillDigit;
        }

        return isPin ? length : 0;
    }

    // The card number's field: how many digits beyond twelve, then the digits, filled with zeros at the end, at least twelve.
    private static void AddPan(Span<byte> block, string pan)
    {
        Span<byte> field = stackalloc byte[Length];
        field.Clear();
        var beyond = Math.Max(0, pan.Length - MinPanDigits);
        PutNibble(field, 0, beyond);
        var padding = Math.Max(0, MinPanDigits - pan.Length);
        for (var i = 0; i < pan.Length; i++)
        {
            PutNibble(field, 1 + padding + i, pan[i] - '0');
        }

        for (var i = 0; i < Length; i++)
        {
            block[i] ^= field[i];
        }
    }

    private static int Nibble(ReadOnlySpan<byte> block, int at) => at % 2 == 0 ? block[at / 2] >> 4 : block[at / 2] & 0xF;

    private static void PutNibble(Span<byte> block, int at, int value) =>
        block[at / 2] = at % 2 == 0 ? (byte)((block[at / 2] & 0x0F) | (value << 4)) : (byte)((block[at / 2] & 0xF0) | value);
}
