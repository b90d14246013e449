using System.Globalization;
using System.Text.Json;

namespace Lakala.Chaos.Audit;

/// <summary>The records of a terminal's journal, in the order in which they were written.</summary>
public sealed record JournalContent(
    IReadOnlyList<JournalPending> Pending, IReadOnlyList<JournalResult> Results, IReadOnlyList<Key> Printed)
{
    public IReadOnlyList<CounterRefund> Refunds { get; init; } = [];
}

/// <summary>Reads the journals of terminals: a record a line, CRC-32C in eight hex digits, a space, JSON.</summary>
public static class JournalReader
{
    private const int ChecksumLength = 8;
    private const uint ReversedCastagnoli = 0x82F63B78;

    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(value => Shifted((uint)value))];

    /// <param name="terminal">Whose journal it is.</param>
    /// <exception cref="InvalidDataException">A line before the last is damaged.</exception>
    public static JournalContent Read(string terminal, ReadOnlySpan<byte> journal)
    {
        var (pending, results, printed) = (new List<JournalPending>(), new List<JournalResult>(), new List<Key>());
        var refunds = new Dictionary<Key, CounterRefund>();
        for (var number = 1; !journal.IsEmpty; number++)
        {
            var end = journal.IndexOf((byte)'\n');
            if (end < 0)
            {
                // Cut off by a crash, before the step that it names.
                break;
            }

            var record = Parse(journal[..end]) ?? throw new InvalidDataException($"Line {number} of the journal of {terminal} is damaged.");
            switch (record.GetProperty("record").GetString())
            {
                case "pending" when record.Text("refund_of") is not null:
                    var key = KeyOf(terminal, record);
                    refunds.Add(key, new CounterRefund(key, record.Required("bill"), record.Number("amount") ?? 0, null, null, IsOpen: true));
                    break;
                case "result" when refunds.TryGetValue(KeyOf(terminal, record), out var refund):
                    refunds[refund.Key] = refund with { ResponseCode = record.Text("response_code"), Rrn = record.Text("rrn"), IsOpen = false };
                    break;
                case "printed" when refunds.ContainsKey(KeyOf(terminal, record)):
                    break;
                case "pending":
                    pending.Add(new JournalPending(KeyOf(terminal, record), record.Required("bill"), record.Number("amount") ?? 0));
                    break;
                case "result":
                    results.Add(new JournalResult(
                        KeyOf(terminal, record), record.Text("response_code"), record.Text("rrn"), record.Text("authorisation_code")));
                    break;
                case "printed":
                    printed.Add(KeyOf(terminal, record));
                    break;
                case "next":
                    break;
                case var kind:
                    throw new InvalidDataException($"Line {number} of the journal of {terminal} is a {kind}.");
            }

            journal = journal[(end + 1)..];
        }

        return new JournalContent(pending, results, printed) { Refunds = [.. refunds.Values] };
    }

    private static JsonElement? Parse(ReadOnlySpan<byte> line)
    {
        if (line.Length <= ChecksumLength || line[ChecksumLength] != (byte)' '
            || !uint.TryParse(line[..ChecksumLength], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var checksum)
            || checksum != Crc32C(line[(ChecksumLength + 1)..]))
        {
            return null;
        }

        return JsonElement.Parse(line[(ChecksumLength + 1)..]);
    }

    private static Key KeyOf(string terminal, JsonElement record)
    {
        var key = record.GetProperty("key");
        return new Key(terminal, key.GetProperty("batch").GetInt32(), key.GetProperty("stan").GetInt32());
    }

    private static uint Crc32C(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var part in data)
        {
            crc = Table[(byte)(crc ^ part)] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint Shifted(uint value)
    {
        for (var bit = 0; bit < 8; bit++)
        {
            value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ ReversedCastagnoli;
        }

        return value;
    }
}

/// <summary>JSON whose members may be missing or null.</summary>
internal static class JsonMembers
{
    public static string? Text(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static long? Number(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;

    public static JsonElement? Member(this JsonElement json, string name, JsonValueKind kind) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == kind ? value : null;

    /// <exception cref="InvalidDataException">It is missing.</exception>
    public static string Required(this JsonElement json, string name) => json.Text(name) ?? throw new InvalidDataException($"There is no {name} where one must be.");
}
