using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Lakala.Wire.Terminal;

namespace Lakala.Terminal.Client.Journals;

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

    /// <summary>No record is longer, and so neither is what a power cut leaves of one.</summary>
    private const int MaxRecordLength = 64 * 1024;

    /// <summary>Approved payments in one record of a journal that is rewritten: each takes at most 50 bytes.</summary>
    private const int EntriesInRecord = 1000;

    private readonly IJournalDisk _disk;
    private readonly string _path;
    private readonly JournalOptions _options;
    private readonly ArrayBufferWriter<byte> _line = new(1024);
    private readonly Utf8JsonWriter _json;
    private readonly List<JournaledSwipe> _swipes = [];
    private readonly Dictionary<SwipeKey, long> _approved = [];
    private SwipePending? _last;
    private IJournalFile _file;
    private long _length;

    // A write or a flush has failed: what the file holds behind its last good record, in memory or on the disk, is not known.
    private bool _isInDoubt;
    private bool _isDisposed;
    private long _compactAbove;
    private SwipeKey _next;
    private int _reserved;

    private Journal(string path, JournalOptions options, IJournalDisk disk)
    {
        (_disk, _path, _options, _compactAbove) = (disk, path, options, options.CompactAbove);
        _json = new Utf8JsonWriter(_line);
        // Somebody may have taken the old disk away: no number of its keys should come again.
        _next = new SwipeKey(RandomNumberGenerator.GetInt32(1, SwipeKey.Last + 1), 1);
        _file = disk.Open(path);
        try
        {
            var content = _file.Read();
            var last = Replay(content);
            if (options.WriteThrough)
            {
                // Whoever was here before may have ended between write and flush, or because a flush failed. Then the system reads
                // back what it holds in memory and never writes it, unless it is written again.
                _file.Write(content.AsSpan(last, (int)_length - last), last);
            }

            Mend();
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

    /// <summary>Batches that are not closed, oldest first: those with approved payments, and the one that is under way.</summary>
    public IReadOnlyList<int> OpenBatches => [.. _approved.Keys.Select(key => key.Batch).Where(batch => batch != _next.Batch).Distinct(), _next.Batch];

    /// <summary>How many swipes are <see cref="Open"/>. Any thread may ask.</summary>
    public int OpenCount { get; private set; }

    /// <summary>When the last swipe began; null when none is known. Any thread may ask.</summary>
    public DateTimeOffset? LastSwipe => _last?.At;

    /// <summary>Its size on disk.</summary>
    public long Bytes => _length;

    /// <summary>How many approved payments no closed batch holds.</summary>
    public int Unclosed => _approved.Count;

    /// <summary>What is approved in the batch, by STAN.</summary>
    public IReadOnlyList<BatchEntry> ApprovedIn(int batch) =>
        [.. _approved.Where(paid => paid.Key.Batch == batch).Select(paid => new BatchEntry(paid.Key.Stan, paid.Value)).OrderBy(entry => entry.Stan)];

    /// <summary>
    /// Opens or makes it. What a power cut left of the last record is cut off, whatever it looks like: each record is flushed
    /// before the next is written and before anything is done on the strength of it.
    /// </summary>
    /// <exception cref="JournalException">It is damaged: what does not verify stands before a record that does, or is all there is.</exception>
    public static Journal OpenOrMake(string path, JournalOptions options) => new(path, options, new JournalDisk());

    internal static Journal OpenOrMake(string path, JournalOptions options, IJournalDisk disk) => new(path, options, disk);

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
        var swipe = Take(result);
        if (result.Reason == LocalReason.BatchClosed)
        {
            Leave(result.Key.Batch);
        }

        return swipe;
    }

    /// <summary>Call once the receipts are on paper.</summary>
    public void Printed(SwipeKey key)
    {
        var printed = new SwipePrinted(key);
        Append(printed, _options.WriteThrough);
        Take(printed);
        CompactWhenLarge();
    }

    /// <summary>Call once the server has closed the batch. No swipe may be open.</summary>
    public void Close(int batch)
    {
        var next = batch == _next.Batch ? new SwipeKey(batch, SwipeKey.Last).Plus(1) : _next;
        var closed = new BatchClosed(batch, next);
        Append(closed, _options.WriteThrough);
        Take(closed);
    }

    // The server closed the batch and its answer was lost. The next payment goes into the next batch; what is approved in this
    // one stays until it is closed here too, for which the server repeats its answer.
    private void Leave(int batch)
    {
        if (batch == _next.Batch)
        {
            var next = new SwipeKey(batch, SwipeKey.Last).Plus(1);
            Append(new KeysReserved(next), _options.WriteThrough);
            (_next, _reserved) = (next, 0);
        }
    }

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        try
        {
            if (_reserved > 0 && !_isInDoubt)
            {
                Append(new KeysReserved(_next), writeThrough: false);
            }
        }
        catch (IOException)
        {
            // A courtesy: should it be lost, the numbers that were reserved are skipped.
        }
        finally
        {
            _json.Dispose();
            _file.Dispose();
        }
    }

    // After a fault nothing is appended behind a hole, half a record, or one that the caller was told is not there.
    private void Append(JournalRecord record, bool writeThrough)
    {
        if (_isInDoubt)
        {
            Mend();
        }

        _line.ResetWrittenCount();
        WriteLine(record);
        if (_line.WrittenCount > MaxRecordLength)
        {
            throw new JournalException($"A record of the journal has at most {MaxRecordLength} bytes.");
        }

        if (_length == 0)
        {
            // The first record comes whole: a journal of which nothing verifies is damaged, and not one that was cut short.
            Replace(_line.WrittenSpan);
            return;
        }

        _isInDoubt = true;
        _file.Write(_line.WrittenSpan, _length);
        if (writeThrough)
        {
            Flush();
        }

        _length += _line.WrittenCount;
        _isInDoubt = false;
    }

    // What stands behind the last good record is cut off, and neither this nor the journal's name is left to a later flush.
    private void Mend()
    {
        _isInDoubt = true;
        _file.Cut(_length);
        Flush();
        FlushFolder();
        _isInDoubt = false;
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
            _file.Flush();
        }
    }

    private void FlushFolder()
    {
        if (_options.WriteThrough)
        {
            _disk.FlushFolder(_path);
        }
    }

    // Swipes that are over beyond those to keep are forgotten here; their lines go with the next rewriting.
    private JournaledSwipe Take(JournalRecord record)
    {
        if (record is SwipePending pending)
        {
            var swipe = new JournaledSwipe(pending);
            _swipes.Add(swipe);
            _last = pending;
            OpenCount++;
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

        if (record is SwipeResult { ResponseCode: ResponseCodes.Approved })
        {
            _approved[key] = _swipes[at].Pending.Amount;
        }

        if (record is SwipeResult && _swipes[at].Result is null)
        {
            OpenCount--;
        }

        return _swipes[at] = record is SwipeResult settled ? _swipes[at] with { Result = settled } : _swipes[at] with { IsPrinted = true };
    }

    private void Take(BatchClosed closed)
    {
        foreach (var key in _approved.Keys.Where(key => key.Batch == closed.Batch).ToList())
        {
            _approved.Remove(key);
        }

        if (closed.Batch == _next.Batch)
        {
            (_next, _reserved) = (closed.Next, 0);
        }
    }

    // Where the last record begins.
    private int Replay(byte[] content)
    {
        var last = 0;
        foreach (var (record, end) in Parse(content))
        {
            (last, _length) = ((int)_length, end);
            switch (record)
            {
                case KeysReserved reserved:
                    _next = reserved.Next;
                    break;

                case BatchSoFar soFar:
                    foreach (var entry in soFar.Approved)
                    {
                        _approved[new SwipeKey(soFar.Batch, entry.Stan)] = entry.Amount;
                    }

                    break;

                case BatchClosed closed:
                    Take(closed);
                    break;

                default:
                    Take(record);
                    break;
            }
        }

        return last;
    }

    private static IEnumerable<(JournalRecord Record, long End)> Parse(byte[] content)
    {
        var begin = 0;
        for (var number = 1; begin < content.Length; number++)
        {
            var length = content.AsSpan(begin).IndexOf((byte)'\n');
            if (length < 0 || ParseLine(content.AsSpan(begin, length)) is not { } record)
            {
                if (IsTornRecord(content.AsSpan(begin), isFirst: begin == 0))
                {
                    yield break;
                }

                throw Damaged(number);
            }

            begin += length + 1;
            yield return (record, begin);
        }
    }

    // The last record, written but not flushed: cut short, or with zeros, old bytes or garbage in the place of any of its
    // sectors. It is the last: no record stands behind it. The first one comes whole, so that of it there is at most a beginning.
    private static bool IsTornRecord(ReadOnlySpan<byte> rest, bool isFirst)
    {
        if (rest.Length > MaxRecordLength || (isFirst && rest.Contains((byte)'\n')))
        {
            return false;
        }

        var head = RecordHead;
        for (var at = 0; rest[at..].IndexOf(head) is var next and >= 0; at += next + head.Length)
        {
            var begin = at + next - ChecksumLength;
            if (begin >= 0 && rest[begin..].IndexOf((byte)'\n') is var length and >= 0 && ParseLine(rest.Slice(begin, length)) is not null)
            {
                return false;
            }
        }

        return true;
    }

    // What follows the checksum in every record.
    private static ReadOnlySpan<byte> RecordHead => " {\"record\":"u8;

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

    private void CompactWhenLarge()
    {
        if (_length <= _compactAbove)
        {
            return;
        }

        _line.ResetWrittenCount();
        WriteLine(new KeysReserved(_next.Plus(_reserved)));
        foreach (var batch in OpenBatches)
        {
            foreach (var entries in ApprovedIn(batch).Chunk(EntriesInRecord))
            {
                WriteLine(new BatchSoFar(batch, entries));
            }
        }

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

        // Of a closed batch a swipe may still be kept, but it counts no more.
        foreach (var batch in _swipes.Select(swipe => swipe.Pending.Key.Batch).Distinct().Except(OpenBatches))
        {
            WriteLine(new BatchClosed(batch, _next));
        }

        Replace(_line.WrittenSpan);
    }

    // The new file is whole and on disk before it takes the place of the old one, and nothing is appended to it before its name
    // is on disk too. A crash in between leaves the old one, or the new one.
    private void Replace(ReadOnlySpan<byte> content)
    {
        var path = _path + ".new";
        var file = _disk.Create(path);
        try
        {
            file.Write(content, 0);
            if (_options.WriteThrough)
            {
                file.Flush();
            }

            _isInDoubt = true;
            _disk.Rename(path, _path);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _file.Dispose();
        (_file, _length) = (file, content.Length);
        _compactAbove = Math.Max(_options.CompactAbove, 2 * _length);
        FlushFolder();
        _isInDoubt = false;
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
