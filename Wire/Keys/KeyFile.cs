using System.Buffers;
using Lakala.Wire.Files;

namespace Lakala.Wire.Keys;

/// <summary>AES-256 keys in owner-only files of 64 hexadecimal digits, the one place where they stand in clear outside an HSM.</summary>
public static class KeyFile
{
    /// <param name="setting">Which setting named the file, for the message.</param>
    /// <exception cref="InvalidOperationException">There is no such file, others can read it, or it does not hold 64 hex digits.</exception>
    public static byte[] Read(string path, string setting)
    {
        if (path.Length == 0)
        {
            throw new InvalidOperationException($"{setting} is not set: it names an owner-only file with an AES-256 key in hex.");
        }

        PrivateFile.RefuseOthers(path, setting);
        return Parse(File.ReadAllText(path))
            ?? throw new InvalidOperationException($"{setting}: {path} does not hold {2 * MasterKey.KeyLength} hex digits.");
    }

    public static void Write(string path, ReadOnlySpan<byte> key) => AtomicFile.Write(path, Convert.ToHexStringLower(key) + "\n");

    /// <summary>The key in the text of such a file.</summary>
    /// <returns>Null when the text is no key. There is no exception that could quote it: it may be most of one.</returns>
    public static byte[]? Parse(string text)
    {
        var digits = text.AsSpan().Trim();
        var key = new byte[MasterKey.KeyLength];
        return digits.Length == 2 * key.Length && Convert.FromHexString(digits, key, out _, out _) == OperationStatus.Done ? key : null;
    }
}
