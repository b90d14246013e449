using System.Security.Cryptography;
using Lakala.Storage;
using Lakala.Wire.Keys;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Security;

public sealed class KeysOptions
{
    /// <summary>An owner-only file with the AES-256 key-encryption key in hex.</summary>
    public string KeyEncryptionKeyFile { get; set; } = "";
}

/// <summary>
/// AES key wrap with padding (RFC 5649) in this process. For development and small installations: where the rules of card
/// schemes apply, an HSM implements <see cref="IKeyVault"/>.
/// </summary>
public sealed class SoftwareKeyVault : IKeyVault, IDisposable
{
    private readonly Aes _aes = Aes.Create();
    private readonly Lock _lock = new();
    private readonly byte[] _macKey;

    public SoftwareKeyVault(IOptions<KeysOptions> options) =>
        _macKey = ClearKey.Spend(KeyFile.Read(options.Value.KeyEncryptionKeyFile, "Keys:KeyEncryptionKeyFile"), key =>
        {
            _aes.Key = key;
            return HKDF.DeriveKey(HashAlgorithmName.SHA256, key, HMACSHA256.HashSizeInBytes, [], "lakala vault mac"u8.ToArray());
        });

    public byte[] Wrap(ReadOnlySpan<byte> key)
    {
        lock (_lock)
        {
            return _aes.EncryptKeyWrapPadded(key);
        }
    }

    public byte[] Unwrap(ReadOnlySpan<byte> wrapped)
    {
        lock (_lock)
        {
            return _aes.DecryptKeyWrapPadded(wrapped);
        }
    }

    public byte[] Authenticate(ReadOnlySpan<byte> data) => HMACSHA256.HashData(_macKey, data);

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_macKey);
        _aes.Dispose();
    }
}
