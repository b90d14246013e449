using System.Net.Http.Json;
using System.Text.Json;

namespace Lakala.Chaos.Audit;

/// <summary>
/// Reads the bank's book: the state of each RRN over HTTP, and from its file how often an RRN was debited and reversed.
/// The file has card numbers, which are skipped.
/// </summary>
internal static class BankReader
{
    private const string BookFile = "book.tsv";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static async Task<IReadOnlyList<BankEntry>> Read(Uri bank, string folder, CancellationToken stop)
    {
        var book = await Ask(bank, stop);
        var lines = await Lines(folder, stop);
        var debits = Count(lines, static line => line is ["A", _, _, { Length: > 0 }, ..]);
        var reversals = Count(lines, static line => line is ["R", _, ..]);
        return
        [
            .. book.Entries.Select(entry => new BankEntry(
                entry.Rrn, entry.State, entry.ResponseCode, entry.AuthorisationCode, entry.Amount, entry.Terminal, entry.Stan,
                debits.GetValueOrDefault(entry.Rrn), reversals.GetValueOrDefault(entry.Rrn))),
        ];
    }

    public static async Task<IReadOnlyList<BankRefund>> ReadRefunds(Uri bank, string folder, CancellationToken stop)
    {
        var book = await Ask(bank, stop);
        var credits = Count(await Lines(folder, stop), static line => line is ["C", _, _, _, "00", ..]);
        return [.. book.Refunds.Select(refund => new BankRefund(refund.Rrn, refund.OriginalRrn, refund.Amount, refund.ResponseCode, credits.GetValueOrDefault(refund.Rrn)))];
    }

    private static async Task<BookAnswer> Ask(Uri bank, CancellationToken stop)
    {
        using var http = new HttpClient();
        return await http.GetFromJsonAsync<BookAnswer>(new Uri(bank, "/book"), Json, stop) ?? throw new InvalidDataException("The bank shows no book.");
    }

    private static async Task<IReadOnlyList<string[]>> Lines(string folder, CancellationToken stop)
    {
        await using var stream = new FileStream(Path.Combine(folder, BookFile), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return [.. (await reader.ReadToEndAsync(stop)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split('\t'))];
    }

    // By the RRN, which is the second column of each line.
    private static Dictionary<string, int> Count(IReadOnlyList<string[]> lines, Func<string[], bool> which) =>
        lines.Where(which).CountBy(static line => line[1]).ToDictionary();

    private sealed record BookAnswer(IReadOnlyList<EntryAnswer> Entries, IReadOnlyList<RefundAnswer> Refunds);

    private sealed record RefundAnswer(string Rrn, string OriginalRrn, long Amount, string? ResponseCode);

    private sealed record EntryAnswer(
        string Rrn, string State, string? ResponseCode, string? AuthorisationCode, long Amount, string Terminal, int Stan);
}
