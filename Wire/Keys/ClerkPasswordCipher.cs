using System.Security.Cryptography;
using System.Text;

namespace Lakala.Wire.Keys;

/// <summary>
/// A clerk's password on the wire: sixteen random bytes and the password in UTF-8, wrapped (RFC 5649) under HKDF-SHA256 of the
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
