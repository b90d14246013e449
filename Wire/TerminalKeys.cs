using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Macs;
using Org.BouncyCastle.Crypto.Parameters;

namespace Lakala.Wire;

/// <summary>AES-CMAC (NIST SP 800-38B), its leftmost 8 bytes, under one key. Built once per key; may be used from any thread.</summary>
public sealed class MessageMac
{
    public const int Length = 8;
    private const int BlockSize = 16;

    private readonly CMac _mac = new(AesUtilities.CreateEngine());
    private readonly Lock _lock = new();

    public MessageMac(ReadOnlySpan<byte> key) => _mac.Init(new KeyParameter(key));

    public void Compute(ReadOnlySpan<byte> data, Span<byte> mac)
    {
        Span<byte> whole = stackalloc byte[BlockSize];
        lock (_lock)
        {
            _mac.BlockUpdate(data);
            _mac.DoFinal(whole);
        }

        whole[..mac.Length].CopyTo(mac);
    }

    /// <summary>True when the message ends with its MAC field and the MAC is right. Compares in constant time.</summary>
    /// <param name="frame">The message as it was received, without length prefix.</param>
    public bool Verify(Iso8583Message message, ReadOnlySpan<byte> frame)
    {
        if (message.Fields is not [.., { Number: 64 or Iso8583Spec.MaxField }])
        {
            return false;
        }

        Span<byte> right = stackalloc byte[Length];
        Compute(frame[..^Length], right);
        return CryptographicOperations.FixedTimeEquals(right, frame[^Length..]);
    }
}

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

/// <summary>
/// A clerk's password on its way: sixteen random bytes and the password in UTF-8, wrapped (RFC 5649) under HKDF-SHA256 of the
/// session's PIN key, no salt, info <c>lakala clerk password</c>.
/// </summary>
public sealed class ClerkPasswordCipher : IDisposable
{
    public const int MaxPassword = 64;
    private const int NonceLength = 16;

    private readonly Aes _aes = Aes.Create();

    public ClerkPasswordCipher(byte[] pinKey)
    {
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, pinKey, MasterKey.KeyLength, [], "lakala clerk password"u8.ToArray());
        _aes.Key = key;
        CryptographicOperations.ZeroMemory(key);
    }

    public byte[] Encipher(string password)
    {
        var clear = new byte[NonceLength + Encoding.UTF8.GetByteCount(password)];
        RandomNumberGenerator.Fill(clear.AsSpan(0, NonceLength));
        Encoding.UTF8.GetBytes(password, clear.AsSpan(NonceLength));
        return ClearKey.Spend(clear, _aes.EncryptKeyWrapPadded);
    }

    /// <returns>Null when it was enciphered under another key, or is damaged.</returns>
    public string? Decipher(byte[] password)
    {
        const int Block = 8;
        if (password.Length < 2 * Block || password.Length % Block != 0)
        {
            return null;
        }

        try
        {
            return ClearKey.Spend(
                _aes.DecryptKeyWrapPadded(password),
                static clear => clear.Length is > NonceLength and <= NonceLength + MaxPassword ? Encoding.UTF8.GetString(clear, NonceLength, clear.Length - NonceLength) : null);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    public void Dispose() => _aes.Dispose();
}

/// <summary>A working key under a master key, with its check value.</summary>
public sealed record WrappedKey(byte[] Data, byte[] Check)
{
    public override string ToString() => $"wrapped key, check value {Convert.ToHexString(Check)}";
}
