using System.Globalization;
using System.Text.Json;

namespace Lakala.Chaos.Audit;

/// <param name="Torn">Incomplete lines, cut off when the program was killed.</param>
public sealed record Paper(IReadOnlyList<SwipeReport> Reports, IReadOnlyList<Slip> Slips, int Torn)
{
    /// <summary>The refunds of which it says the outcome.</summary>
    public IReadOnlyList<CounterRefund> Refunds { get; init; } = [];
}

/// <summary>Reads the output of a terminal's programs: a JSON report a line, with the printed slips in it.</summary>
public static class PaperReader
{
    private const string Currency = "CNY ";
    private const string DuplicateMark = "*** DUPLICATE ***", ReprintMark = "*** DUPLICATE - REPRINT ***";

    /// <exception cref="InvalidDataException">A slip is not a receipt.</exception>
    public static Paper Read(IEnumerable<string> lines)
    {
        var (reports, slips, torn) = (new List<SwipeReport>(), new List<Slip>(), 0);
        var refunds = new List<CounterRefund>();
        foreach (var line in lines.Where(line => line.Length > 0))
        {
            if (Parse(line) is not { } report)
            {
                torn++;
                continue;
            }

            // An earlier swipe was printed before the new one.
            if (report.Member("resolved", JsonValueKind.Object) is { } earlier)
            {
                ReadSwipe(earlier, true);
            }

            ReadSwipe(report, false);
        }

        return new Paper(reports, slips, torn) { Refunds = refunds };

        // The slips of a refund have another title, and no other outcome than its report.
        void ReadSwipe(JsonElement swipe, bool isResolved)
        {
            if (swipe.Text("refund_of") is null)
            {
                Read(swipe, isResolved, reports, slips);
            }
            else if (ReadRefund(swipe) is { } refund)
            {
                refunds.Add(refund);
            }
        }
    }

    private static JsonElement? Parse(string line)
    {
        try
        {
            return JsonElement.Parse(line) is { ValueKind: JsonValueKind.Object } report ? report : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // One that was refused at the terminal has no key.
    private static CounterRefund? ReadRefund(JsonElement report) =>
        report.Required("outcome") != "unknown" && report.Number("batch") is { } batch && report.Number("stan") is { } stan
            ? new CounterRefund(
                new Key(report.Required("terminal"), (int)batch, (int)stan), report.Required("bill"), report.Number("amount") ?? 0, report.Text("response_code"), report.Text("rrn"))
            : null;

    // A lookup's report has a batch and a STAN too, but no card.
    private static void Read(JsonElement report, bool isResolved, List<SwipeReport> reports, List<Slip> slips)
    {
        if (report.Text("masked_card") is not null && report.Number("batch") is { } batch && report.Number("stan") is { } stan)
        {
            reports.Add(new SwipeReport(
                new Key(report.Required("terminal"), (int)batch, (int)stan),
                report.Required("outcome"),
                report.Text("response_code"),
                report.Text("bill"),
                report.Number("amount"),
                report.Text("rrn"),
                report.Text("authorisation_code"),
                isResolved));
        }

        if (report.Member("receipts", JsonValueKind.Array) is { } receipts)
        {
            slips.AddRange(receipts.EnumerateArray().Select(receipt => ReadSlip(receipt.GetString() ?? "")));
        }
    }

    /// <summary>Between the ruled lines: the title, perhaps a mark, the pairs; then the amount; at the end the kind of copy.</summary>
    private static Slip ReadSlip(string receipt)
    {
        var lines = receipt.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var body = lines.SkipWhile(line => !IsRule(line)).Skip(1).ToList();
        var title = body.FirstOrDefault()?.Trim();
        if (title is not (Slip.Paid or Slip.NotPaid or Slip.Unknown) || !IsRule(lines[^2]))
        {
            throw new InvalidDataException($"A slip does not read as a receipt:\n{receipt}");
        }

        var mark = body.ElementAtOrDefault(1)?.Trim();
        return new Slip(
            new Key(Must("Terminal"), int.Parse(Must("Batch"), CultureInfo.InvariantCulture), int.Parse(Must("STAN"), CultureInfo.InvariantCulture)),
            title,
            mark == DuplicateMark ? SlipKind.Duplicate : mark == ReprintMark ? SlipKind.Reprint : SlipKind.Original,
            lines[^1].Trim(),
            Value("Bill"),
            Amount(Must("AMOUNT")),
            Value("RRN"),
            Value("Authorisation"),
            Value("Response"));

        string? Value(string label) => body.FirstOrDefault(line => line.StartsWith(label + " ", StringComparison.Ordinal))?[label.Length..].Trim();

        string Must(string label) => Value(label) ?? throw new InvalidDataException($"A slip has no {label}:\n{receipt}");
    }

    private static bool IsRule(string line) => line.Length > 0 && line.AsSpan().Trim('-').IsEmpty;

    // CNY 1,234.56
    private static long? Amount(string text) =>
        text.StartsWith(Currency, StringComparison.Ordinal)
        && decimal.TryParse(text.AsSpan(Currency.Length), NumberStyles.AllowThousands | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
            ? (long)(amount * 100)
            : null;
}
