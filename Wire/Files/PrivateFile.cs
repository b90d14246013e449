namespace Lakala.Wire.Files;

/// <summary>Files that hold secrets or people's data: their owner alone reads and writes them, whatever the machine's habit is.</summary>
public static class PrivateFile
{
    /// <summary>0600.</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <param name="mode">Of a file that is made; one that is there keeps its own.</param>
    public static FileStream Open(string path, FileMode open, UnixFileMode mode = OwnerOnly)
    {
        var options = new FileStreamOptions { Mode = open, Access = FileAccess.Write, Share = FileShare.Read };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }

        return new FileStream(path, options);
    }

    /// <summary>Whether others than the owner may read or write the file. Windows keeps no such mode: false there.</summary>
    public static bool IsOpenToOthers(string path) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0;

    /// <summary>Refuses a file of a secret that others than its owner can read.</summary>
    /// <param name="setting">Which setting named the file, for the message.</param>
    /// <exception cref="InvalidOperationException">There is no such file, or others can read it.</exception>
    public static void RefuseOthers(string path, string setting)
    {
        if (!File.Exists(path))
        {
            throw new InvalidOperationException($"{setting}: there is no file {path}.");
        }

        if (IsOpenToOthers(path))
        {
            throw new InvalidOperationException($"{setting}: {path} can be read by others. Run: chmod 600 {path}");
        }
    }
}
