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

/// <summary>The journal is damaged or cannot be written: no new sale until it has been checked.</summary>
public sealed class JournalException(string message) : Exception(message);

public sealed record JournalOptions
{
    /// <summary>False for a journal on memory-backed files, as the benchmark uses.</summary>
    public bool WriteThrough { get; init; } = true;

    /// <summary>The number of finished swipes that a rewritten journal keeps.</summary>
    public int Keep { get; init; } = 200;

    /// <summary>Size in bytes at which the journal is rewritten with the records that are still needed.</summary>
    public long CompactAbove { get; init; } = 1024 * 1024;

    /// <summary>The number of keys that one record reserves.</summary>
    public int KeysAtOnce { get; init; } = 32;
}

/// <summary>
/// The terminal's record of its swipes, payments and refunds: one record a line, CRC-32C in hex and JSON. Each record is appended and flushed to the disk
/// before the step that it names. Used by one process at a time, and within it by one swipe at a time.
/// </summary>
public sealed class Journal : IDisposable
{
    private const int ChecksumLength = 8;
    private const int HeadLength = ChecksumLength + 1;

    /// <summary>The longest record in bytes, and so the longest rest of one after a power cut.</summary>
    private const int MaxRecordLength = 64 * 1024;

    /// <summary>Approved payments in one record of a journal that is rewritten: each takes at most 50 bytes.</summary>
    private const int EntriesInRecord = 1000;

    private readonly IJournalDisk _disk;
    private readonly string _path;
    private readonly JournalOptions _options;
    private readonly ArrayBufferWriter<byte> _line = new(1024);
    private readonly Utf8JsonWriter _json;
    private readonly List<JournaledSwipe> _swipes = [];
    private readonly Dictionary<JournalKey, long> _approved = [];
    private SwipePending? _last;
    private IJournalFile _file;
    private long _length;

    // A write or a flush has failed: the content after the last good record, in memory and on the disk, is unknown.
    private bool _isInDoubt;
    private bool _isDisposed;
    private long _compactAbove;
    private JournalKey _next;
    private int _reserved;

    private Journal(string path, JournalOptions options, IJournalDisk disk)
    {
        (_disk, _path, _options, _compactAbove) = (disk, path, options, options.CompactAbove);
        _json = new Utf8JsonWriter(_line);
        // The disk may be new: no number of the old keys should be used again.
        _next = new JournalKey(RandomNumberGenerator.GetInt32(1, JournalKey.Last + 1), 1);
        _file = disk.Open(path);
        try
        {
            var content = _file.Read();
            var last = Replay(content);
            if (options.WriteThrough)
            {
                // The last process may have ended between write and flush, or because a flush failed. Then the system reads
                // from its cache, and never writes it to the disk unless it is written again.
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

    /// <summary>Batches that are not closed, oldest first: those with approved payments or refunds, and the present one.</summary>
    public IReadOnlyList<int> OpenBatches => [.. _approved.Keys.Select(key => key.Batch).Where(batch => batch != _next.Batch).Distinct(), _next.Batch];

    /// <summary>The number of <see cref="Open"/> swipes. Any thread may read it.</summary>
    public int OpenCount { get; private set; }

    /// <summary>The time at which the last swipe began; null when none is known. Any thread may read it.</summary>
    public DateTimeOffset? LastSwipe => _last?.At;

    /// <summary>Its size on disk.</summary>
    public long Bytes => _length;

    /// <summary>The number of approved payments and refunds that are in no closed batch.</summary>
    public int Unclosed => _approved.Count;

    /// <summary>The approved payments of the batch, and its refunds with amounts below 0, by STAN.</summary>
    public IReadOnlyList<BatchEntry> ApprovedIn(int batch) =>
        [.. _approved.Where(paid => paid.Key.Batch == batch).Select(paid => new BatchEntry(paid.Key.Stan, paid.Value)).OrderBy(entry => entry.Stan)];

    /// <summary>
    /// Opens or creates it. An incomplete last record, as a power cut leaves it, is cut off. This is safe: each record is flushed
    /// before the next is written and before the step that it names.
    /// </summary>
    /// <exception cref="JournalException">It is damaged: a bad record is before a good one, or there is no good one.</exception>
    public static Journal OpenOrMake(string path, JournalOptions options) => new(path, options, new JournalDisk());

    internal static Journal OpenOrMake(string path, JournalOptions options, IJournalDisk disk) => new(path, options, disk);

    /// <summary>All records, for a reader that does not own the journal.</summary>
    /// <exception cref="JournalException">It is damaged.</exception>
    public static IEnumerable<JournalRecord> Read(string path) => Parse(File.ReadAllBytes(path)).Select(line => line.Record);

    /// <summary>A key that no attempt of this terminal has had, also not before a crash.</summary>
    public JournalKey TakeKey()
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
        if (result.Reason is LocalReason.BatchClosed or LocalReason.RefundBatchClosed)
        {
            Leave(result.Key.Batch);
        }

        return swipe;
    }

    /// <summary>Call once the receipts are on paper.</summary>
    public void Printed(JournalKey key)
    {
        var printed = new SwipePrinted(key);
        Append(printed, _options.WriteThrough);
        Take(printed);
        CompactWhenLarge();
    }

    /// <summary>Call once the server has closed the batch. No swipe may be open.</summary>
    public void Close(int batch)
    {
        var next = batch == _next.Batch ? new JournalKey(batch, JournalKey.Last).Plus(1) : _next;
        var closed = new BatchClosed(batch, next);
        Append(closed, _options.WriteThrough);
        Take(closed);
    }

    // The server closed the batch and its answer was lost. The next payment goes into the next batch; the approved payments of this
    // one stay until it is closed here too, when the server repeats its answer.
    private void Leave(int batch)
    {
        if (batch == _next.Batch)
        {
            var next = new JournalKey(batch, JournalKey.Last).Plus(1);
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
            // Not needed for safety: if it is lost, the reserved numbers are skipped.
        }
        finally
        {
            _json.Dispose();
            _file.Dispose();
        }
    }

    // After a fault nothing is appended after a hole, half a record, or a record that was reported as failed.
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
            // The first record is written whole: a journal without a good record is damaged, not cut short.
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

    // Everything after the last good record is cut off; this and the journal's name are flushed now.
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

    // Older finished swipes are removed from memory here; their lines are removed at the next rewriting.
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
            _approved[key] = _swipes[at].Pending is { IsRefund: true, Amount: var back } ? -back : _swipes[at].Pending.Amount;
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

    // The offset of the last record.
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
                        _approved[new JournalKey(soFar.Batch, entry.Stan)] = entry.Amount;
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

    // The last record, written but not flushed: cut short, or with zeros, old bytes or garbage in place of any of its
    // sectors. No record follows it. The first record is written whole, so at most its beginning can be there.
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

    // Every record has this after the checksum.
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

        // A swipe of a closed batch may still be kept, but no longer counts.
        foreach (var batch in _swipes.Select(swipe => swipe.Pending.Key.Batch).Distinct().Except(OpenBatches))
        {
            WriteLine(new BatchClosed(batch, _next));
        }

        Replace(_line.WrittenSpan);
    }

    // The new file is whole and on disk before it replaces the old one, and nothing is appended to it before its name
    // is on disk too. A crash in between leaves either the old one or the new one.
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
