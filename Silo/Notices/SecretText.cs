using Lakala.Wire.Files;

namespace Lakala.Silo.Notices;

/// <summary>A password or token in a file that only its owner can read.</summary>
internal static class SecretText
{
    /// <exception cref="InvalidOperationException">There is no such file, others can read it, or it is empty.</exception>
    public static string Read(string path, string setting)
    {
        PrivateFile.RefuseOthers(path, setting);
        return File.ReadAllText(path).Trim() is { Length: > 0 } text
            ? text
            : throw new InvalidOperationException($"{setting}: {path} is empty.");
    }
}
