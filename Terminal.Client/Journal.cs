using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Lakala.Terminal.Client;

/// <summary>The journal cannot be believed or written: no new sale until somebody has looked at it.</summary>
public sealed class JournalException(string message) : Exception(message);

public sealed record JournalOptions
{
    /// <summary>False for a journal on memory-backed files, as the benchmark uses.</summary>
    public bool WriteThrough { get; init; } = true;

    /// <summary>How many swipes that are over are kept when the journal is rewritten.</summary>
    public int Keep { get; init; } = 200;

    /// <summary>Bytes from which on the journal is rewritten with what is still needed.</summary>
    public long CompactAbove { get; init; } = 1024 * 1024;

    /// <summary>How many keys one record reserves.</summary>
    public int KeysAtOnce { get; init; } = 32;
}

/// <summary>
/// The terminal's memory of its swipes: one record a line, CRC-32C in hex and JSON, appended and written through to disk
/// before the step that it names is taken. Used by one process at a time, and within it by one swipe at a time.
/// </summary>
public sealed class Journal : IDisposable
{
    private const int ChecksumLength = 8;
    private const int HeadLength = ChecksumLength + 1;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path;
    private readonly JournalOptions _options;
    private readonly ArrayBufferWriter<byte> _line = new(1024);
    private readonly Utf8JsonWriter _json;
    private readonly List<JournaledSwipe> _swipes = [];
    private SafeFileHandle _file;
    private long _length;
    private long _compactAbove;
    private SwipeKey _next;
    private int _reserved;

    private Journal(string path, JournalOptions options)
    {
        (_path, _options, _compactAbove) = (path, options, options.CompactAbove);
        _json = new Utf8JsonWriter(_line);
        // Somebody may have taken the old disk away: no number of its keys should come again.
        _next = new SwipeKey(RandomNumberGenerator.GetInt32(1, SwipeKey.Last + 1), 1);
        var isNew = !File.Exists(path);
        _file = OpenFile(path);
        try
        {
            _length = Replay(File.ReadAllBytes(path));
            if (_length < RandomAccess.GetLength(_file))
            {
                RandomAccess.SetLength(_file, _length);
                Flush();
            }

            if (isNew && options.WriteThrough)
            {
                DurableFolder.Flush(path);
            }

            CompactWhenLarge();
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Swipes whose outcome is not known yet, oldest first.</summary>
    public IReadOnlyList<JournaledSwipe> Open => [.. _swipes.Where(swipe => swipe.Result is null)];

    /// <summary>Swipes whose receipts may not be on paper, oldest first.</summary>
    public IReadOnlyList<JournaledSwipe> Unprinted => [.. _swipes.Where(swipe => swipe is { Result: not null, IsPrinted: false })];

    public IReadOnlyList<JournaledSwipe> Swipes => _swipes;

    /// <summary>Opens or makes it. What a crash left of a last line is cut off: nothing was done yet on the strength of it.</summary>
    /// <exception cref="JournalException">It is damaged.</exception>
    public static Journal OpenOrMake(string path, JournalOptions options) => new(path, options);

    /// <summary>Every record, for a reader that does not own the journal.</summary>
    /// <exception cref="JournalException">It is damaged.</exception>
    public static IEnumerable<JournalRecord> Read(string path) => Parse(File.ReadAllBytes(path)).Select(line => line.Record);

    /// <summary>A key that no attempt of this terminal has had, not even one before a crash.</summary>
    public SwipeKey TakeKey()
    {
        if (_reserved == 0)
        {
            Append(new KeysReserved(_next.Plus(_options.KeysAtOnce)), _options.WriteThrough);
            _reserved = _options.KeysAtOnce;
        }

        var key = _next;
        (_next, _reserved) = (_next.Plus(1), _reserved - 1);
        return key;
    }

    /// <summary>Call before the 0200 leaves.</summary>
    public JournaledSwipe Begin(SwipePending pending)
    {
        Append(pending, _options.WriteThrough);
        return Take(pending);
    }

    /// <summary>Call before the answer is shown or printed.</summary>
    public JournaledSwipe Settle(SwipeResult result)
    {
        Append(result, _options.WriteThrough);
        return Take(result);
    }

    /// <summary>Call once the receipts are on paper.</summary>
    public void Printed(SwipeKey key)
    {
        var printed = new SwipePrinted(key);
        Append(printed, _options.WriteThrough);
        Take(printed);
        CompactWhenLarge();
    }

    public void Dispose()
    {
        if (_reserved > 0 && !_file.IsClosed)
        {
            // A courtesy: should it be lost, the numbers that were reserved are skipped.
            Append(new KeysReserved(_next), writeThrough: false);
            _reserved = 0;
        }

        _json.Dispose();
        _file.Dispose();
    }

    private static SafeFileHandle OpenFile(string path, FileMode mode = FileMode.OpenOrCreate)
    {
        var file = File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.Read);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, OwnerOnly);
        }

        return file;
    }

    private void Append(JournalRecord record, bool writeThrough)
    {
        _line.ResetWrittenCount();
        WriteLine(record);
        RandomAccess.Write(_file, _line.WrittenSpan, _length);
        if (writeThrough)
        {
            Flush();
        }

        _length += _line.WrittenCount;
    }

    private void WriteLine(JournalRecord record)
    {
        var begin = _line.WrittenCount;
        _line.GetSpan(HeadLength)[..HeadLength].Fill((byte)' ');
        _line.Advance(HeadLength);
        _json.Reset(_line);
        JsonSerializer.Serialize(_json, record, JournalJson.Default.JournalRecord);
        _json.Flush();
        _line.Write("\n"u8);

        var line = System.Runtime.InteropServices.MemoryMarshal.AsMemory(_line.WrittenMemory).Span[begin..];
        Checksum(line[HeadLength..^1]).TryFormat(line, out _, "x8", CultureInfo.InvariantCulture);
    }

    private void Flush()
    {
        if (_options.WriteThrough)
        {
            RandomAccess.FlushToDisk(_file);
        }
    }

    // Swipes that are over beyond those to keep are forgotten here; their lines go with the next rewriting.
    private JournaledSwipe Take(JournalRecord record)
    {
        if (record is SwipePending pending)
        {
            var swipe = new JournaledSwipe(pending);
            _swipes.Add(swipe);
            if (_swipes.Count > _options.Keep && _swipes.FindIndex(old => old.IsOver) is var over and >= 0)
            {
                _swipes.RemoveAt(over);
            }

            return swipe;
        }

        var key = record is SwipeResult result ? result.Key : ((SwipePrinted)record).Key;
        var at = _swipes.FindLastIndex(swipe => swipe.Pending.Key == key);
        if (at < 0)
        {
            throw new JournalException($"The journal has a record of the swipe {key}, but not its beginning.");
        }

        return _swipes[at] = record is SwipeResult settled ? _swipes[at] with { Result = settled } : _swipes[at] with { IsPrinted = true };
    }

    // The length up to which the journal is whole.
    private long Replay(byte[] content)
    {
        var length = 0L;
        foreach (var (record, end) in Parse(content))
        {
            length = end;
            if (record is KeysReserved reserved)
            {
                _next = reserved.Next;
            }
            else
            {
                Take(record);
            }
        }

        return length;
    }

    private static IEnumerable<(JournalRecord Record, long End)> Parse(byte[] content)
    {
        var begin = 0;
        for (var number = 1; begin < content.Length; number++)
        {
            var length = content.AsSpan(begin).IndexOf((byte)'\n');
            if (length < 0)
            {
                // The write was cut off before its end, so nobody has acted on it.
                yield break;
            }

            yield return (ParseLine(content.AsSpan(begin, length)) ?? throw Damaged(number), begin + length + 1);
            begin += length + 1;
        }
    }

    private static JournalException Damaged(int line) => new($"Line {line} of the journal is damaged.");

    private static JournalRecord? ParseLine(ReadOnlySpan<byte> line)
    {
        if (line.Length <= HeadLength || line[ChecksumLength] != ' '
            || !uint.TryParse(line[..ChecksumLength], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var checksum)
            || checksum != Checksum(line[HeadLength..]))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(line[HeadLength..], JournalJson.Default.JournalRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // The new file is whole and on disk before it takes the place of the old one.
    private void CompactWhenLarge()
    {
        if (_length <= _compactAbove)
        {
            return;
        }

        _line.ResetWrittenCount();
        WriteLine(new KeysReserved(_next.Plus(_reserved)));
        foreach (var swipe in _swipes)
        {
            WriteLine(swipe.Pending);
            if (swipe.Result is not null)
            {
                WriteLine(swipe.Result);
            }

            if (swipe.IsPrinted)
            {
                WriteLine(new SwipePrinted(swipe.Pending.Key));
            }
        }

        var next = _path + ".new";
        var file = OpenFile(next, FileMode.Create);
        RandomAccess.Write(file, _line.WrittenSpan, 0);
        if (_options.WriteThrough)
        {
            RandomAccess.FlushToDisk(file);
        }

        File.Move(next, _path, overwrite: true);
        _file.Dispose();
        (_file, _length) = (file, _line.WrittenCount);
        _compactAbove = Math.Max(_options.CompactAbove, 2 * _length);
        if (_options.WriteThrough)
        {
            DurableFolder.Flush(_path);
        }
    }

    private static uint Checksum(ReadOnlySpan<byte> data)
    {
        var crc = ~0u;
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        }

        foreach (var part in data)
        {
            crc = BitOperations.Crc32C(crc, part);
        }

        return ~crc;
    }
}
