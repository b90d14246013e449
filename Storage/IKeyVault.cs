namespace Lakala.Storage;

/// <summary>What is asked of an HSM for keys at rest: under its key-encryption key and back. Nothing else stores a key.</summary>
public interface IKeyVault
{
    byte[] Wrap(ReadOnlySpan<byte> key);

    /// <exception cref="System.Security.Cryptography.CryptographicException">Wrapped under another key-encryption key, or damaged.</exception>
    byte[] Unwrap(ReadOnlySpan<byte> wrapped);
}
