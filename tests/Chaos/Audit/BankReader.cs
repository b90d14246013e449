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
        using var http = new HttpClient();
        var book = await http.GetFromJsonAsync<BookAnswer>(new Uri(bank, "/book"), Json, stop)
            ?? throw new InvalidDataException("The bank shows no book.");
        var (debits, reversals) = await Count(Path.Combine(folder, BookFile), stop);
        return
        [
            .. book.Entries.Select(entry => new BankEntry(
                entry.Rrn, entry.State, entry.ResponseCode, entry.AuthorisationCode, entry.Amount, entry.Terminal, entry.Stan,
                debits.GetValueOrDefault(entry.Rrn), reversals.GetValueOrDefault(entry.Rrn))),
        ];
    }

    private static async Task<(Dictionary<string, int> Debits, Dictionary<string, int> Reversals)> Count(string file, CancellationToken stop)
    {
        var (debits, reversals) = (new Dictionary<string, int>(), new Dictionary<string, int>());
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(stop) is { } line)
        {
            switch (line.Split('\t'))
            {
                case ["A", var rrn, _, { Length: > 0 }, ..]:
                    debits[rrn] = debits.GetValueOrDefault(rrn) + 1;
                    break;
                case ["R", var rrn, ..]:
                    reversals[rrn] = reversals.GetValueOrDefault(rrn) + 1;
                    break;
            }
        }

        return (debits, reversals);
    }

    private sealed record BookAnswer(IReadOnlyList<EntryAnswer> Entries);

    private sealed record EntryAnswer(
        string Rrn, string State, string? ResponseCode, string? AuthorisationCode, long Amount, string Terminal, int Stan);
}
