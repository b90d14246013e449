using System.Security.Cryptography;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Keys;

/// <summary>
/// Keys of both lines: AES-256 throughout. A master key derives the key that authenticates a sign-on and wraps the working
/// keys (RFC 5649) that the sign-on brings.
/// </summary>
public sealed class MasterKey : IDisposable
{
    public const int KeyLength = 32;
    public const int CheckLength = 3;
    private const int WrappedLength = KeyLength + 8;

    private readonly Aes _aes = Aes.Create();
    private readonly Lock _lock = new();

    /// <param name="key">Not kept, and not wiped.</param>
    public MasterKey(byte[] key)
    {
        if (key.Length != KeyLength)
        {
            throw new ArgumentException($"A master key has {KeyLength} bytes.", nameof(key));
        }

        _aes.Key = key;
        SignOnMac = ClearKey.Spend(
            HKDF.DeriveKey(HashAlgorithmName.SHA256, key, KeyLength, [], "lakala sign-on mac"u8.ToArray()), static derived => new MessageMac(derived));
    }

    /// <summary>Authenticates 0800 and 0810 of the sign-on: HKDF-SHA256 (RFC 5869) of the master key, no salt, info <c>lakala sign-on mac</c>.</summary>
    public MessageMac SignOnMac { get; }

    public static byte[] NewKey() => RandomNumberGenerator.GetBytes(KeyLength);

    /// <summary>The first three bytes of AES-CMAC over sixteen zero bytes.</summary>
    public static byte[] CheckValue(ReadOnlySpan<byte> key)
    {
        var check = new byte[CheckLength];
        new MessageMac(key).Compute(new byte[16], check);
        return check;
    }

    public WrappedKey Wrap(ReadOnlySpan<byte> key)
    {
        lock (_lock)
        {
            return new WrappedKey(_aes.EncryptKeyWrapPadded(key), CheckValue(key));
        }
    }

    /// <exception cref="CryptographicException">Wrapped under another key, or damaged.</exception>
    public byte[] Unwrap(WrappedKey wrapped)
    {
        if (wrapped.Data.Length != WrappedLength)
        {
            throw new CryptographicException($"A wrapped key has {WrappedLength} bytes.");
        }

        byte[] key;
        lock (_lock)
        {
            key = _aes.DecryptKeyWrapPadded(wrapped.Data);
        }

        if (key.Length != KeyLength || !CryptographicOperations.FixedTimeEquals(CheckValue(key), wrapped.Check))
        {
            CryptographicOperations.ZeroMemory(key);
            throw new CryptographicException("The key's length or check value is wrong.");
        }

        return key;
    }

    public void Dispose() => _aes.Dispose();
}

/// <summary>A working key under a master key, with its check value.</summary>
public sealed record WrappedKey(byte[] Data, byte[] Check)
{
    public override string ToString() => $"wrapped key, check value {Convert.ToHexString(Check)}";
}
