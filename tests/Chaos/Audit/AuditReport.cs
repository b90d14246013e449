using System.Globalization;

namespace Lakala.Chaos.Audit;

/// <summary>The compared books and the violations, for a screen of 80 columns.</summary>
public static class AuditReport
{
    private const int Columns = 80;
    private const int MostViolations = 20;
    private const int MostRows = 20;
    private const char Unbroken = '\u00A0';

    public static void Print(Evidence evidence, IReadOnlyList<Violation> violations, TextWriter output)
    {
        foreach (var (label, counts) in Compared(evidence))
        {
            Write(output, Wrap($"{label,-11}", counts));
        }

        output.WriteLine();
        var gaps = Auditor.FindGaps(evidence);
        foreach (var gap in gaps)
        {
            Write(output, Wrap($"{gap.Statement,2}. ", $"Not checked: {gap.What}"));
        }

        if (violations.Count == 0)
        {
            output.WriteLine(gaps.Count == 0 ? "All statements hold." : "What was checked of the statements holds.");
            return;
        }

        foreach (var statement in violations.GroupBy(violation => violation.Statement).OrderBy(statement => statement.Key))
        {
            foreach (var violation in statement.Take(MostViolations))
            {
                Write(output, Lines(violation, MostRows));
            }

            if (statement.Count() > MostViolations)
            {
                output.WriteLine($"{statement.Key}. ... and {statement.Count() - MostViolations} more of statement {statement.Key}");
            }
        }

        output.WriteLine();
        output.WriteLine($"{Number(violations.Count)} {(violations.Count == 1 ? "violation" : "violations")}: " + string.Join(", ", violations
            .CountBy(violation => violation.Statement)
            .OrderBy(count => count.Key)
            .Select(count => $"{count.Value} of statement {count.Key}")));
    }

    private static IEnumerable<(string Label, string Counts)> Compared(Evidence evidence)
    {
        var (database, terminals) = (evidence.Database, evidence.Terminals);
        yield return ("bills", Count(database.Bills, bill => bill.State));
        yield return ("attempts", Count(database.Attempts, attempt => attempt.State));
        yield return ("postings", Number(database.Postings.Count));
        yield return ("reversals", $"{Number(database.Reversals.Count)}, {Number(database.LateAnswers.Count)} late answers");
        yield return ("bank", Count(evidence.Bank, entry => entry.State));
        yield return ("refunds", Count(database.Refunds, refund => refund.State));
        yield return ("trades", Count(database.Trades, trade => trade.State));
        yield return ("claims", Count(database.Claims, claim => claim.State));
        yield return ("credits", $"{Number(evidence.BankRefunds.Sum(refund => refund.Credits))} at the bank");
        foreach (var cover in Cover.Of(database))
        {
            yield return ("cover", $"clients have {Number(cover.Clients)} {cover.Currency}: the reserve alone covers {Share(cover.Reserve, cover.Clients)}, "
                + $"with what the network owes {Share(cover.WithClearing, cover.Clients)}");
        }

        var settled = terminals.Sum(book => book.Results.Select(result => result.Key).Distinct().Count());
        var open = terminals.Sum(book => book.Pending.Select(swipe => swipe.Key).Except(book.Results.Select(result => result.Key)).Count());
        yield return ("terminals", $"{Number(terminals.Count)}, with {Number(settled)} swipes settled in their journals and {Number(open)} open");
        yield return ("paper", $"{Number(terminals.Sum(book => book.Reports.Count))} reports, {Number(terminals.Sum(book => book.Slips.Count))} slips, "
            + $"{Number(terminals.Sum(book => book.TornReports))} lines cut off");
        yield return ("events", Count(database.Events, told => told.Type));
        yield return ("deliveries", Count(database.Deliveries, delivery => delivery.State));
        var received = evidence.Receivers.SelectMany(receiver => receiver.Events).ToList();
        yield return ("receivers", $"{Number(evidence.Receivers.Count)}, with {Number(received.Count(told => told.Accepted > 0))} events accepted in "
            + $"{Number(received.Sum(told => told.Tries))} tries");
        yield return ("answered", $"{Number(evidence.Acknowledged.Bills.Count)} bills with 201, {Number(evidence.Acknowledged.Cancellations.Count)} cancellations with 200, "
            + $"{Number(evidence.Acknowledged.Refunds.Count)} refunds with 201; at pages {Number(evidence.Acknowledged.Confirmations.Count)} confirmations, "
            + $"{Number(evidence.Acknowledged.Claims.Count)} claims");
    }

    /// <summary>The violation with all its rows, or the first of them.</summary>
    internal static IEnumerable<string> Lines(Violation violation, int mostRows = int.MaxValue) =>
    [
        .. Wrap($"{violation.Statement,2}. ", violation.What),
        .. violation.Rows.Take(mostRows).SelectMany(row => Wrap("      ", row)),
        .. violation.Rows.Count > mostRows ? [$"      ... and {violation.Rows.Count - mostRows} rows more"] : Array.Empty<string>(),
    ];

    // A long text continues on the next line, two columns further right.
    private static IEnumerable<string> Wrap(string head, string text)
    {
        var line = head;
        var isEmpty = true;
        foreach (var word in text.Split(' '))
        {
            if (!isEmpty && line.Length + 1 + word.Length > Columns)
            {
                yield return line.Replace(Unbroken, ' ');
                (line, isEmpty) = (new string(' ', head.Length + 2), true);
            }

            line += isEmpty ? word : " " + word;
            isEmpty = false;
        }

        yield return line.Replace(Unbroken, ' ');
    }

    private static void Write(TextWriter output, IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            output.WriteLine(line);
        }
    }

    private static string Count<T>(IReadOnlyCollection<T> all, Func<T, string> kind)
    {
        var kinds = all.CountBy(kind).OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{Number(count.Value)}{Unbroken}{count.Key}");
        return all.Count == 0 ? "0" : $"{Number(all.Count)}: {string.Join(", ", kinds)}";
    }

    private static string Share(decimal part, decimal whole) =>
        whole == 0 ? "all" : string.Create(CultureInfo.InvariantCulture, $"{100 * part / whole:0.0}{Unbroken}%");

    private static string Number(decimal count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
