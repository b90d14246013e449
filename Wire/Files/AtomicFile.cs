using System.Text;

namespace Lakala.Wire.Files;

/// <summary>
/// Writes a file whole or not at all: after a fault or a power cut it holds what it held before, or the new content. Two writers of one
/// path at the same time would mix: the caller sees to it that there is one.
/// </summary>
public static class AtomicFile
{
    /// <summary>For what is no secret: everybody reads it, the owner writes it.</summary>
    public const UnixFileMode ReadByAll =
        PrivateFile.OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <param name="write">Writes the content. When it fails, the old content stays.</param>
    /// <param name="mode">Who may read the file, also when it was there before. Unless told otherwise, its owner alone.</param>
    /// <exception cref="IOException">The disk does not take it, or the path is a folder. The file holds the old content or the new.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write here.</exception>
    public static void Write(string path, Action<Stream> write, UnixFileMode mode = PrivateFile.OwnerOnly)
    {
        var unfinished = path + ".new";

        // A run that was killed may have left one, with another mode.
        File.Delete(unfinished);
        try
        {
            using (var stream = PrivateFile.Open(unfinished, FileMode.CreateNew, mode))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }

        DurableFolder.Flush(path);
    }

    /// <summary>The same for text, as UTF-8.</summary>
    public static void Write(string path, string text, UnixFileMode mode = PrivateFile.OwnerOnly) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)), mode);
}
