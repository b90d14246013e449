using System.Runtime.InteropServices;

namespace Lakala.Wire.Files;

/// <summary>A new or renamed file survives a power cut once its folder is on disk too; .NET opens no folders.</summary>
public static class DurableFolder
{
    private const int ReadOnly = 0;

    /// <summary>Flushes the folder of the file to disk.</summary>
    /// <exception cref="IOException">The machine cannot.</exception>
    public static void Flush(string file)
    {
        // NTFS has its own journal for names, and a folder has no handle that can be flushed.
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var handle = open(folder, ReadOnly);
        var isDone = handle >= 0 && fsync(handle) == 0;
        var error = Marshal.GetLastPInvokeError();
        if (handle >= 0)
        {
            _ = close(handle);
        }

        if (!isDone)
        {
            throw new IOException($"{folder} cannot be flushed to disk: error {error}.");
        }
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int fsync(int handle);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int close(int handle);
}
