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

    public SoftwareKeyVault(IOptions<KeysOptions> options) =>
        ClearKey.Spend(KeyFile.Read(options.Value.KeyEncryptionKeyFile, "Keys:KeyEncryptionKeyFile"), key => _aes.Key = key);

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

    public void Dispose() => _aes.Dispose();
}
