using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace Lakala.Testing;

/// <summary>One change of a statement.</summary>
/// <param name="In">A piece of the statement that is meant.</param>
/// <param name="From">The piece of it that is replaced.</param>
public sealed record SqlEdit(string In, string From, string To);

/// <summary>
/// Changes the product's statements on their way to PostgreSQL. So a test breaks a rule that is written in SQL, and the product needs no
/// hook for it.
/// </summary>
public sealed class SqlEdits(params IReadOnlyList<SqlEdit> edits)
{
    private readonly ConcurrentDictionary<SqlEdit, bool> _made = [];

    /// <summary>The changes that no statement has had so far.</summary>
    public IReadOnlyList<SqlEdit> Unused => [.. edits.Where(edit => !_made.ContainsKey(edit))];

    internal string Change(string sql)
    {
        foreach (var edit in edits.Where(edit => sql.Contains(edit.In, StringComparison.Ordinal) && sql.Contains(edit.From, StringComparison.Ordinal)))
        {
            sql = sql.Replace(edit.From, edit.To, StringComparison.Ordinal);
            _made[edit] = true;
        }

        return sql;
    }
}

/// <summary>The messages of one client of PostgreSQL: the statements in its Parse messages are changed.</summary>
internal sealed class SqlEditor(SqlEdits edits)
{
    private const int LengthBytes = sizeof(int);
    private const byte Parse = (byte)'P';

    private readonly List<byte> _waiting = [];
    private readonly ArrayBufferWriter<byte> _complete = new();
    private bool _isStarted;

    /// <returns>The messages that are complete, until the next call.</returns>
    public ReadOnlyMemory<byte> Take(ReadOnlySpan<byte> bytes)
    {
        _waiting.AddRange(bytes);
        _complete.ResetWrittenCount();
        var taken = 0;
        for (var rest = CollectionsMarshal.AsSpan(_waiting); LengthOf(rest) is > 0 and var length; rest = rest[length..])
        {
            Write(rest[..length]);
            taken += length;
        }

        _waiting.RemoveRange(0, taken);
        return _complete.WrittenMemory;
    }

    // The messages before the session starts have no type.
    private int TypeBytes => _isStarted ? 1 : 0;

    private int LengthOf(ReadOnlySpan<byte> rest) =>
        rest.Length >= TypeBytes + LengthBytes && BinaryPrimitives.ReadInt32BigEndian(rest[TypeBytes..]) + TypeBytes is var length && rest.Length >= length ? length : 0;

    private void Write(ReadOnlySpan<byte> message)
    {
        if (!_isStarted)
        {
            // Version 3 of the protocol; the others ask for encryption, or cancel.
            _isStarted = BinaryPrimitives.ReadInt16BigEndian(message[LengthBytes..]) == 3;
            _complete.Write(message);
            return;
        }

        if (message[0] != Parse)
        {
            _complete.Write(message);
            return;
        }

        // The name of the statement, its text, the types of its values.
        var head = message[..(1 + LengthBytes + message[(1 + LengthBytes)..].IndexOf((byte)0) + 1)];
        var text = message[head.Length..];
        text = text[..text.IndexOf((byte)0)];
        var changed = Encoding.UTF8.GetBytes(edits.Change(Encoding.UTF8.GetString(text)));
        var at = _complete.WrittenCount;
        _complete.Write(head);
        _complete.Write(changed);
        _complete.Write(message[(head.Length + text.Length)..]);
        var written = MemoryMarshal.AsMemory(_complete.WrittenMemory).Span[(at + 1)..];
        BinaryPrimitives.WriteInt32BigEndian(written, message.Length - 1 + changed.Length - text.Length);
    }
}
