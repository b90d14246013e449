using System.Security.Cryptography;
using Lakala.Grains.Storage;
using Microsoft.Extensions.Options;

namespace Lakala.Silo;

public sealed class KeysOptions
{
    /// <summary>An owner-only file with the AES-256 key-encryption key in hex.</summary>
    public string KeyEncryptionKeyFile { get; set; } = "";
}

/// <summary>Reads keys from owner-only files, the one place where they stand in clear outside an HSM.</summary>
public static class SecretFile
{
    private const int KeyBytes = 32;

    public static byte[] ReadKey(string path, string setting)
    {
        if (path.Length == 0)
        {
            throw new InvalidOperationException($"{setting} is not set: it names an owner-only file with an AES-256 key in hex.");
        }

        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
        {
            throw new InvalidOperationException($"{setting}: {path} can be read by others. Run: chmod 600 {path}");
        }

        try
        {
            var key = Convert.FromHexString(File.ReadAllText(path).Trim());
            return key.Length == KeyBytes ? key : throw new FormatException();
        }
        catch (FormatException)
        {
            // The fault's own text could quote the key.
            throw new InvalidOperationException($"{setting}: {path} does not hold 64 hex digits.");
        }
    }
}

/// <summary>
/// AES key wrap with padding (RFC 5649) in this process. For development and small installations: where card schemes
/// rule, an HSM stands behind <see cref="IKeyVault"/> instead.
/// </summary>
public sealed class SoftwareKeyVault : IKeyVault, IDisposable
{
    private readonly Aes _aes = Aes.Create();
    private readonly Lock _lock = new();

    public SoftwareKeyVault(IOptions<KeysOptions> options) =>
        _aes.Key = SecretFile.ReadKey(options.Value.KeyEncryptionKeyFile, "Keys:KeyEncryptionKeyFile");

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
