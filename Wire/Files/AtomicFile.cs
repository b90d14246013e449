using System.Text;

namespace Lakala.Wire.Files;

/// <summary>
/// Replaces a file in one step: after a fault or a power cut it has either the old or the new content. Two writers of one
/// path at the same time would mix: the caller must prevent this.
/// </summary>
public static class AtomicFile
{
    /// <summary>The mode of a file without secrets: everybody reads it, the owner writes it.</summary>
    public const UnixFileMode ReadByAll =
        PrivateFile.OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <param name="write">Writes the content. When it fails, the old content stays.</param>
    /// <param name="mode">The mode of the file, also of an existing one. By default only its owner may read it.</param>
    /// <exception cref="IOException">It cannot be written, or the path is a folder. The file has the old or the new content.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write here.</exception>
    public static void Write(string path, Action<Stream> write, UnixFileMode mode = PrivateFile.OwnerOnly) =>
        Write(path, write, mode, static file => file.Flush(flushToDisk: true), DurableFolder.Flush);

    /// <summary>The same for text, as UTF-8.</summary>
    public static void Write(string path, string text, UnixFileMode mode = PrivateFile.OwnerOnly) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)), mode);

    // The two flushes are given, so that a test sees what a power cut would leave at each of them.
    internal static void Write(string path, Action<Stream> write, UnixFileMode mode, Action<FileStream> flushFile, Action<string> flushFolder)
    {
        var unfinished = path + ".new";

        // A killed run may have left one with another mode.
        File.Delete(unfinished);
        try
        {
            using (var stream = PrivateFile.Open(unfinished, FileMode.CreateNew, mode))
            {
                write(stream);
                flushFile(stream);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }

        flushFolder(path);
    }
}
