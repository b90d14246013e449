using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Lakala.Terminal.Client.Setup;

/// <summary>Files that only the terminal's user can read, whatever the umask: receipts, clerks, parameters.</summary>
internal static class PrivateFile
{
    public static FileStream Open(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.Read };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    /// <summary>Replaces the content in one step: after a power cut it is either the old or the new one.</summary>
    /// <exception cref="IOException">It cannot be written: the old content stays.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written: the old content stays.</exception>
    public static void Replace<T>(string path, T content, JsonTypeInfo<T> type)
    {
        var fresh = path + ".new";
        using (var stream = Open(fresh, FileMode.Create))
        {
            JsonSerializer.Serialize(stream, content, type);
            stream.Flush(flushToDisk: true);
        }

        File.Move(fresh, path, overwrite: true);
        DurableFolder.Flush(path);
    }
}
