using Lakala.Terminal.Client.Setup;
using Microsoft.Win32.SafeHandles;

namespace Lakala.Terminal.Client.Journals;

/// <summary>What the journal asks of a disk. What is not flushed, a power cut may take away, keep, or keep in part.</summary>
internal interface IJournalDisk
{
    /// <summary>Opens the file, or makes an empty one.</summary>
    IJournalFile Open(string path);

    /// <summary>An empty file, whatever was there.</summary>
    IJournalFile Create(string path);

    /// <summary>The file takes the place and name of the other, in one step.</summary>
    void Rename(string path, string to);

    /// <summary>Makes what was created or renamed beside the file durable.</summary>
    void FlushFolder(string path);
}

internal interface IJournalFile : IDisposable
{
    byte[] Read();

    void Write(ReadOnlySpan<byte> bytes, long at);

    void Cut(long length);

    /// <exception cref="IOException">What was written since the last flush may be on the disk or not; a later flush that succeeds does not say.</exception>
    void Flush();
}

/// <summary>This machine's disk. Only the owner reads and writes what is made.</summary>
internal sealed class JournalDisk : IJournalDisk
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public IJournalFile Open(string path) => new OpenFile(path, FileMode.OpenOrCreate);

    public IJournalFile Create(string path) => new OpenFile(path, FileMode.Create);

    public void Rename(string path, string to) => File.Move(path, to, overwrite: true);

    public void FlushFolder(string path) => DurableFolder.Flush(path);

    private sealed class OpenFile : IJournalFile
    {
        private readonly SafeFileHandle _handle;

        public OpenFile(string path, FileMode mode)
        {
            _handle = File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.Read);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(_handle, OwnerOnly);
            }
        }

        public byte[] Read()
        {
            var content = new byte[RandomAccess.GetLength(_handle)];
            var at = 0;
            while (RandomAccess.Read(_handle, content.AsSpan(at), at) is var read and > 0)
            {
                at += read;
            }

            return content[..at];
        }

        public void Write(ReadOnlySpan<byte> bytes, long at) => RandomAccess.Write(_handle, bytes, at);

        public void Cut(long length) => RandomAccess.SetLength(_handle, length);

        public void Flush() => RandomAccess.FlushToDisk(_handle);

        public void Dispose() => _handle.Dispose();
    }
}
