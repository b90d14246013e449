namespace Lakala.Chaos.Audit;

/// <summary>Somebody at a counter was told how a swipe ended.</summary>
/// <param name="Code">Null: told that nothing was ever sent.</param>
/// <param name="IsFinal">Whether it was an answer that stands for ever.</param>
/// <param name="Row">Where it was told.</param>
internal sealed record Told(Key Key, bool IsPaid, string? Code, bool IsFinal, string? Bill, long? Amount, string? Rrn, string? AuthorisationCode, string Row);

/// <summary>The evidence, found by key, number and RRN.</summary>
internal sealed class CrossReference
{
    private const string Approved = "approved", Unknown = "unknown";

    // What a terminal may hear and must not take for the end.
    private static readonly HashSet<string> NotFinal = ["09", "58", "77", "91", "94", "96", "A0"];

    public CrossReference(Evidence evidence)
    {
        (Evidence, Database) = (evidence, evidence.Database);
        Bills = Database.Bills.ToDictionary(bill => bill.Number);
        Attempts = Database.Attempts.ToDictionary(attempt => attempt.Key);
        AttemptsOfRrn = Database.Attempts.Where(attempt => attempt.Rrn is not null).ToLookup(attempt => attempt.Rrn!);
        AttemptsOfBill = Database.Attempts.Where(attempt => attempt.Bill is not null).ToLookup(attempt => attempt.Bill!);
        Postings = Database.Postings.ToLookup(posting => posting.Rrn);
        Reversals = Database.Reversals.ToLookup(reversal => reversal.Rrn);
        Bank = evidence.Bank.ToLookup(entry => entry.Rrn);
        Told = evidence.Terminals.SelectMany(ToldAt).ToLookup(told => told.Key);
    }

    public Evidence Evidence { get; }

    public DatabaseBook Database { get; }

    public IReadOnlyDictionary<string, Bill> Bills { get; }

    public IReadOnlyDictionary<Key, Attempt> Attempts { get; }

    public ILookup<string, Attempt> AttemptsOfRrn { get; }

    public ILookup<string, Attempt> AttemptsOfBill { get; }

    public ILookup<string, Posting> Postings { get; }

    public ILookup<string, Reversal> Reversals { get; }

    public ILookup<string, BankEntry> Bank { get; }

    /// <summary>What journals, reports and slips said, by key; not what they left open.</summary>
    public ILookup<Key, Told> Told { get; }

    public IEnumerable<Attempt> Approvals => Database.Attempts.Where(attempt => attempt.State == AttemptStates.Approved);

    public IEnumerable<string> RowsOfRrn(string rrn) =>
    [
        .. AttemptsOfRrn[rrn].Select(Row.Of),
        .. Bank[rrn].Select(Row.Of),
        .. Reversals[rrn].Select(Row.Of),
    ];

    /// <summary>The bill that the attempt was for, then the attempt and what the bank has of it.</summary>
    public IEnumerable<string> RowsOf(Attempt attempt) =>
    [
        .. attempt.Bill is { } number && Bills.TryGetValue(number, out var bill) ? [Row.Of(bill)] : Array.Empty<string>(),
        .. attempt.Rrn is { } rrn ? RowsOfRrn(rrn) : [Row.Of(attempt)],
    ];

    private static IEnumerable<Told> ToldAt(TerminalBook book)
    {
        var pending = book.Pending.ToLookup(swipe => swipe.Key);
        foreach (var result in book.Results)
        {
            var swipe = pending[result.Key].LastOrDefault();
            yield return new Told(
                result.Key, result.ResponseCode == ResponseCode.Approved, result.ResponseCode, true,
                swipe?.Bill, swipe?.Amount, result.Rrn, result.AuthorisationCode, Row.Of(result, swipe));
        }

        foreach (var report in book.Reports.Where(report => report.Outcome != Unknown))
        {
            yield return new Told(
                report.Key, report.Outcome == Approved, report.ResponseCode, report.ResponseCode is null || !NotFinal.Contains(report.ResponseCode),
                report.Bill, report.Amount, report.Rrn, report.AuthorisationCode, Row.Of(report));
        }

        foreach (var slip in book.Slips.Where(slip => slip.Title != Slip.Unknown))
        {
            yield return new Told(
                slip.Key, slip.Title == Slip.Paid, slip.ResponseCode, true,
                slip.Bill, slip.Amount, slip.Rrn, slip.AuthorisationCode, Row.Of(slip));
        }
    }
}

internal static class BillStates
{
    public const string Open = "OPEN", Paying = "PAYING", Paid = "PAID", Expired = "EXPIRED", Cancelled = "CANCELLED";
}

internal static class AttemptStates
{
    public const string Sent = "SENT", Approved = "APPROVED", Reversing = "REVERSING", Reversed = "REVERSED", Void = "VOID";
}

internal static class BankStates
{
    public const string Debited = "DEBITED", Declined = "DECLINED", Reversed = "REVERSED", Tombstone = "TOMBSTONE";
}

internal static class DeliveryStates
{
    public const string Pending = "PENDING", Accepted = "ACCEPTED", Skipped = "SKIPPED", Parked = "PARKED";
}

internal static class ResponseCode
{
    public const string Approved = "00", NeverSeen = "25", NotPaid = "68";
}
