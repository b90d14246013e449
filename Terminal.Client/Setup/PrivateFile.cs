using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Lakala.Terminal.Client.Setup;

/// <summary>Files for the terminal's own user alone, whatever the machine's habit is: receipts, clerks, parameters.</summary>
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

    /// <summary>A power cut leaves the old content or the new one.</summary>
    /// <exception cref="IOException">The disk does not take it: the old one stays.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
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
