namespace Lakala.Storage;

/// <summary>The work of an HSM for stored keys: it wraps them under its key-encryption key and unwraps them. Keys are stored only wrapped.</summary>
public interface IKeyVault
{
    byte[] Wrap(ReadOnlySpan<byte> key);

    /// <exception cref="System.Security.Cryptography.CryptographicException">Wrapped under another key-encryption key, or damaged.</exception>
    byte[] Unwrap(ReadOnlySpan<byte> wrapped);
}
