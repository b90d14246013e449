using System.Text.Json;
using System.Text.RegularExpressions;
using Lakala.Local;

namespace Lakala.Chaos.Audit;

/// <summary>The places of the evidence.</summary>
public sealed record EvidenceSources
{
    public required string ConnectionString { get; init; }

    /// <summary>The bank's HTTP address.</summary>
    public required Uri Bank { get; init; }

    /// <summary>The bank's own folder, with its book as a file.</summary>
    public required string BankFolder { get; init; }

    /// <summary>The folder with <c>terminals/(id)/journal</c>.</summary>
    public required string Home { get; init; }

    /// <summary>By terminal: the lines that its programs wrote to standard output, oldest first.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Paper { get; init; }

    public required IReadOnlyList<WebhookReceiver> Receivers { get; init; }

    public required Acknowledged Acknowledged { get; init; }

    /// <summary>Secrets that may be under <see cref="Home"/> only in the files that the operations guide lists.</summary>
    public required SecretSearch Secrets { get; init; }
}

/// <summary>Reads the books with its own readers.</summary>
public static partial class EvidenceReader
{
    /// <summary>Call when faults are healed and queues are empty; PostgreSQL and the bank must still run.</summary>
    /// <exception cref="InvalidDataException">A book cannot be read: a damaged journal, or a slip that is not a receipt.</exception>
    public static async Task<Evidence> Read(EvidenceSources sources, CancellationToken stop = default) => new()
    {
        Database = await DatabaseReader.Read(sources.ConnectionString, stop),
        Bank = await BankReader.Read(sources.Bank, sources.BankFolder, stop),
        BankRefunds = await BankReader.ReadRefunds(sources.Bank, sources.BankFolder, stop),
        Terminals = await Terminals(sources.Home, sources.Paper, stop),
        Receivers = [.. sources.Receivers.Select(Book)],
        Mails = Mails(Path.Combine(sources.Home, "mail")),
        Acknowledged = sources.Acknowledged,
        Leaks = [.. sources.Secrets.In(sources.Home).Select(found => new Leak(found.What, found.File))],
    };

    /// <param name="home">The folder that holds <c>terminals</c>.</param>
    public static async Task<IReadOnlyList<TerminalBook>> Terminals(
        string home, IReadOnlyDictionary<string, IReadOnlyList<string>> paper, CancellationToken stop = default)
    {
        var books = new List<TerminalBook>();
        foreach (var folder in Directory.GetDirectories(Path.Combine(home, "terminals")).Order(StringComparer.Ordinal))
        {
            var terminal = Path.GetFileName(folder);
            var journal = Path.Combine(folder, "journal");
            var content = JournalReader.Read(terminal, File.Exists(journal) ? await File.ReadAllBytesAsync(journal, stop) : []);
            var printed = PaperReader.Read(paper.GetValueOrDefault(terminal) ?? []);
            books.Add(new TerminalBook(terminal, content.Pending, content.Results, content.Printed, printed.Reports, printed.Slips, printed.Torn)
            {
                Refunds = [.. content.Refunds, .. printed.Refunds],
            });
        }

        return books;
    }

    // A one-time code is of no event.
    private static IReadOnlyList<string> Mails(string pickup) => !Directory.Exists(pickup) ? [] :
        [.. Directory.EnumerateFiles(pickup, "*.eml").Where(file => !Path.GetFileName(file).StartsWith("code_", StringComparison.Ordinal)).Select(file => MessageId().Match(File.ReadAllText(file)) is { Success: true } id
            ? id.Groups[1].Value
            : throw new InvalidDataException($"{file} says not of which event it is."))];

    [GeneratedRegex("^message-id: *<(evt_[0-9a-f]{32})@", RegexOptions.IgnoreCase | RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex MessageId();

    public static ReceiverBook Book(WebhookReceiver receiver) =>
        new(receiver.Address.ToString(), [.. receiver.Events.Values.Select(Received)], receiver.Strays);

    private static ReceivedEvent Received(NoticeTries tries)
    {
        var data = tries.First.Data;
        var payment = data.Member("payment", JsonValueKind.Object);
        return new ReceivedEvent(
            tries.First.Id,
            tries.First.Type,
            data.Text("number") ?? data.Text("bill"),
            data.Text("status"),
            data.Number("amount"),
            payment?.Text("rrn") ?? tries.First.Type.Split('.')[0] switch
            {
                "refund" or "claim" => data.Text("id"),
                "balance" => data.Text("refund"),
                _ => null,
            },
            payment?.Text("authorisation_code"),
            tries.First.At,
            tries.Count,
            tries.Accepted,
            data.Member("trade", JsonValueKind.Object)?.Text("status"));
    }
}
