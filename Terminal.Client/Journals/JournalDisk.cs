using Lakala.Wire.Files;
using Microsoft.Win32.SafeHandles;

namespace Lakala.Terminal.Client.Journals;

/// <summary>The disk as the journal needs it. A power cut may remove unflushed bytes, keep them, or keep a part.</summary>
internal interface IJournalDisk
{
    /// <summary>Opens the file, or creates an empty one.</summary>
    IJournalFile Open(string path);

    /// <summary>Creates an empty file in place of an existing one.</summary>
    IJournalFile Create(string path);

    /// <summary>Replaces the other file by this one, in one step.</summary>
    void Rename(string path, string to);

    /// <summary>Makes the names of created and renamed files in the folder durable.</summary>
    void FlushFolder(string path);
}

internal interface IJournalFile : IDisposable
{
    byte[] Read();

    void Write(ReadOnlySpan<byte> bytes, long at);

    void Cut(long length);

    /// <exception cref="IOException">Bytes since the last flush may be on the disk or not; a later successful flush does not change that.</exception>
    void Flush();
}

/// <summary>This machine's disk. Only the owner can read and write the files.</summary>
internal sealed class JournalDisk : IJournalDisk
{
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
                File.SetUnixFileMode(_handle, PrivateFile.OwnerOnly);
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
