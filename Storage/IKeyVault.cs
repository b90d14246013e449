namespace Lakala.Storage;

/// <summary>
/// The work of an HSM: it wraps keys under its key-encryption key and unwraps them (keys are stored only wrapped), and authenticates data under a
/// key that it gives to nobody.
/// </summary>
public interface IKeyVault
{
    byte[] Wrap(ReadOnlySpan<byte> key);

    /// <exception cref="System.Security.Cryptography.CryptographicException">Wrapped under another key-encryption key, or damaged.</exception>
    byte[] Unwrap(ReadOnlySpan<byte> wrapped);

    /// <summary>HMAC-SHA256: the same for the same data at all silos and for ever, and to be guessed by nobody.</summary>
    byte[] Authenticate(ReadOnlySpan<byte> data);
}
