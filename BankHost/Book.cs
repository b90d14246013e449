using System.Globalization;
using System.Text;
using Lakala.Vocabulary;

namespace Lakala.BankHost;

public enum EntryState
{
    Debited,
    Declined,
    Reversed,

    /// <summary>Reversed before it was seen: an original that comes later is declined.</summary>
    Tombstone,
}

/// <summary>The bank's entry of one RRN.</summary>
/// <param name="Amount">Minor units; 0 for a tombstone.</param>
public sealed record Entry(
    string Rrn,
    EntryState State,
    string ResponseCode,
    string? AuthorisationCode,
    long Amount,
    string Terminal,
    int Stan,
    string MaskedCard,
    DateTimeOffset At);

/// <summary>The bank's entry of a refund: a credit when it is approved. It is kept for ever.</summary>
/// <param name="Amount">Minor units.</param>
public sealed record Refund(string Rrn, string OriginalRrn, long Amount, string ResponseCode, DateTimeOffset At)
{
    public bool IsCredit => ResponseCode == ResponseCodes.Approved;
}

/// <summary>All entries at one moment.</summary>
/// <param name="Refunded">The sum of the credits, in minor units.</param>
public sealed record BookReport(IReadOnlyList<Entry> Entries, IReadOnlyList<Refund> Refunds, long Refunded);

/// <summary>
/// The bank's book: an append-only file, replayed at the start. A decision is in the file before it is answered; with
/// <see cref="BankOptions.Fsync"/> it is on the disk.
/// </summary>
public sealed class Book : IDisposable
{
    private const char Separator = '\t';
    private const string AuthorisationLine = "A", ReversalLine = "R", RefundLine = "C", WrongPinLine = "W", RightPinLine = "P";

    private readonly Dictionary<string, Entry> _entries = [];
    private readonly Dictionary<string, Refund> _refunds = [];
    private readonly Dictionary<string, long> _refunded = [];
    private readonly Dictionary<string, long> _spent = [];
    private readonly Dictionary<string, string> _panOf = [];
    private readonly Dictionary<string, int> _wrongPins = [];
    private readonly FileStream _file;
    private readonly bool _fsync;
    private readonly StringBuilder _unwritten = new();
    private readonly SemaphoreSlim _writing = new(1);

    public Book(string folder, bool fsync)
    {
        _fsync = fsync;
        var path = Path.Combine(folder, "book.tsv");
        Replay(path);
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    /// <summary>Guards the book and its counts; held for the time of one decision.</summary>
    public Lock Lock { get; } = new();

    public Entry? Find(string rrn) => _entries.GetValueOrDefault(rrn);

    public Refund? FindRefund(string rrn) => _refunds.GetValueOrDefault(rrn);

    /// <summary>The sum of the credits for one original, in minor units.</summary>
    public long Refunded(string originalRrn) => _refunded.GetValueOrDefault(originalRrn);

    /// <returns>The card of a debit that is not reversed; null for any other entry.</returns>
    public string? CardOf(string rrn) => _panOf.GetValueOrDefault(rrn);

    /// <summary>Minor units debited from the card and neither reversed nor refunded.</summary>
    public long Spent(string pan) => _spent.GetValueOrDefault(pan);

    public int WrongPins(string pan) => _wrongPins.GetValueOrDefault(pan);

    public void Authorise(Entry entry, string pan)
    {
        Keep(entry, pan);
        Append(
            AuthorisationLine, entry.Rrn, entry.ResponseCode, entry.AuthorisationCode ?? "", Text(entry.Amount), entry.Terminal,
            Text(entry.Stan), entry.MaskedCard, Text(entry.At.ToUnixTimeMilliseconds()), pan);
    }

    public void Reverse(string rrn, DateTimeOffset at)
    {
        KeepReversal(rrn, at);
        Append(ReversalLine, rrn, Text(at.ToUnixTimeMilliseconds()));
    }

    /// <summary>A later decision about the same refund takes the place of the earlier one.</summary>
    public void Refund(Refund refund)
    {
        KeepRefund(refund);
        Append(
            RefundLine, refund.Rrn, refund.OriginalRrn, Text(refund.Amount), refund.ResponseCode, Text(refund.At.ToUnixTimeMilliseconds()));
    }

    public void WrongPin(string pan)
    {
        _wrongPins[pan] = WrongPins(pan) + 1;
        Append(WrongPinLine, pan);
    }

    public void RightPin(string pan)
    {
        if (_wrongPins.Remove(pan))
        {
            Append(RightPinLine, pan);
        }
    }

    /// <summary>When this returns, every decision up to now is in the file.</summary>
    public async Task Write()
    {
        await _writing.WaitAsync();
        try
        {
            byte[] lines;
            lock (Lock)
            {
                lines = Encoding.ASCII.GetBytes(_unwritten.ToString());
                _unwritten.Clear();
            }

            if (lines.Length > 0)
            {
                _file.Write(lines);
                if (_fsync)
                {
                    _file.Flush(flushToDisk: true);
                }
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    public BookReport Report()
    {
        lock (Lock)
        {
            return new BookReport([.. _entries.Values], [.. _refunds.Values], _refunded.Values.Sum());
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        _writing.Dispose();
    }

    private void Replay(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        var text = File.ReadAllText(path);
        var whole = text.LastIndexOf('\n') + 1;
        foreach (var line in text[..whole].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Replay(line.Split(Separator));
        }

        // A crash in the middle of a line: it was not answered yet.
        if (whole < text.Length)
        {
            using var file = new FileStream(path, FileMode.Open);
            file.SetLength(whole);
        }
    }

    private void Replay(string[] line)
    {
        switch (line)
        {
            case [AuthorisationLine, var rrn, var code, var authorisation, var amount, var terminal, var stan, var masked, var at, var pan]:
                var state = authorisation.Length > 0 ? EntryState.Debited : EntryState.Declined;
                Keep(
                    new Entry(rrn, state, code, authorisation.Length > 0 ? authorisation : null, Number(amount), terminal, (int)Number(stan), masked, Time(at)),
                    pan);
                break;
            case [ReversalLine, var rrn, var at]:
                KeepReversal(rrn, Time(at));
                break;
            case [RefundLine, var rrn, var originalRrn, var amount, var code, var at]:
                KeepRefund(new Refund(rrn, originalRrn, Number(amount), code, Time(at)));
                break;
            case [WrongPinLine, var pan]:
                _wrongPins[pan] = WrongPins(pan) + 1;
                break;
            case [RightPinLine, var pan]:
                _wrongPins.Remove(pan);
                break;
            default:
                throw new InvalidOperationException("The bank's book has a line of an unknown kind.");
        }
    }

    private void Keep(Entry entry, string pan)
    {
        _entries[entry.Rrn] = entry;
        if (entry.State == EntryState.Debited)
        {
            _panOf[entry.Rrn] = pan;
            _spent[pan] = Spent(pan) + entry.Amount;
        }
    }

    private void KeepReversal(string rrn, DateTimeOffset at)
    {
        var entry = Find(rrn);
        if (entry is { State: EntryState.Debited } && _panOf.Remove(rrn, out var pan))
        {
            // What was refunded is back on the card already.
            _spent[pan] -= entry.Amount - Refunded(rrn);
        }

        _entries[rrn] = entry is { State: EntryState.Debited or EntryState.Reversed }
            ? entry with { State = EntryState.Reversed, At = at }
            : new Entry(rrn, EntryState.Tombstone, "", null, 0, "", 0, "", at);
    }

    private void KeepRefund(Refund refund)
    {
        _refunds[refund.Rrn] = refund;
        if (refund.IsCredit)
        {
            _refunded[refund.OriginalRrn] = Refunded(refund.OriginalRrn) + refund.Amount;
            _spent[_panOf[refund.OriginalRrn]] -= refund.Amount;
        }
    }

    private void Append(params ReadOnlySpan<string> parts) => _unwritten.AppendJoin(Separator, parts).Append('\n');

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static DateTimeOffset Time(string milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(Number(milliseconds));
}
