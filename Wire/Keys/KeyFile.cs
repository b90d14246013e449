namespace Lakala.Wire.Keys;

/// <summary>Reads AES-256 keys from owner-only files. Outside an HSM, keys stand in clear only there.</summary>
public static class KeyFile
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <param name="setting">Which setting named the file, for the message.</param>
    /// <exception cref="InvalidOperationException">There is no such file, others can read it, or it does not hold 64 hex digits.</exception>
    public static byte[] Read(string path, string setting)
    {
        if (path.Length == 0)
        {
            throw new InvalidOperationException($"{setting} is not set: it names an owner-only file with an AES-256 key in hex.");
        }

        RefuseOthers(path, setting);
        var text = File.ReadAllText(path).Trim();

        // The text is not quoted, because it may be most of a key.
        return text.Length == 2 * MasterKey.KeyLength && text.All(char.IsAsciiHexDigit)
            ? Convert.FromHexString(text)
            : throw new InvalidOperationException($"{setting}: {path} does not hold {2 * MasterKey.KeyLength} hex digits.");
    }

    /// <summary>Checks that only the owner can read a file with a secret.</summary>
    /// <exception cref="InvalidOperationException">There is no such file, or others can read it.</exception>
    public static void RefuseOthers(string path, string setting)
    {
        if (!File.Exists(path))
        {
            throw new InvalidOperationException($"{setting}: there is no file {path}.");
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
        {
            throw new InvalidOperationException($"{setting}: {path} can be read by others. Run: chmod 600 {path}");
        }
    }
}
