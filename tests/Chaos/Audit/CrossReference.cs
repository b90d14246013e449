namespace Lakala.Chaos.Audit;

/// <summary>An outcome of a swipe that was shown at a counter.</summary>
/// <param name="Code">Null: it said that nothing was ever sent.</param>
/// <param name="IsFinal">True: it was a final answer.</param>
/// <param name="Row">The place where it was shown.</param>
internal sealed record Told(Key Key, bool IsPaid, string? Code, bool IsFinal, string? Bill, long? Amount, string? Rrn, string? AuthorisationCode, string Row);

/// <summary>The evidence, found by key, number and RRN.</summary>
internal sealed class CrossReference
{
    private const string Approved = "approved", Unknown = "unknown";

    // Codes that a terminal may get and that are not final.
    private static readonly HashSet<string> NotFinal = ["09", "58", "77", "91", "94", "96", "A0"];

    public CrossReference(Evidence evidence)
    {
        (Evidence, Database) = (evidence, evidence.Database);
        Bills = Database.Bills.ToDictionary(bill => bill.Number);
        Attempts = Database.Attempts.ToDictionary(attempt => attempt.Key);
        AttemptsOfRrn = Database.Attempts.Where(attempt => attempt.Rrn is not null).ToLookup(attempt => attempt.Rrn!);
        AttemptsOfBill = Database.Attempts.Where(attempt => attempt.Bill is not null).ToLookup(attempt => attempt.Bill!);
        Postings = Database.Postings.Where(posting => posting.Kind == EntryKinds.Payment).ToLookup(posting => posting.Rrn);
        RefundPostings = Database.Postings.Where(posting => posting.Kind is EntryKinds.Refund or EntryKinds.RefundTaken or EntryKinds.RefundBack).ToLookup(posting => posting.Rrn);
        ReleasePostings = Database.Postings.Where(posting => posting.Kind == EntryKinds.Release).ToLookup(posting => posting.Bill ?? "");
        Trades = Database.Trades.ToDictionary(trade => trade.Bill);
        RefundsOfBill = Database.Refunds.ToLookup(refund => refund.Bill);
        ClaimsOfBill = Database.Claims.ToLookup(claim => claim.Bill);
        Refused = Database.RefusedRefunds.ToDictionary(refused => refused.Refund);
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

    /// <summary>Of payments, by the RRN of the attempt.</summary>
    public ILookup<string, Posting> Postings { get; }

    /// <summary>Of refunds, by their RRN.</summary>
    public ILookup<string, Posting> RefundPostings { get; }

    /// <summary>Of releases, by the number of the bill.</summary>
    public ILookup<string, Posting> ReleasePostings { get; }

    /// <summary>By the number of the bill.</summary>
    public IReadOnlyDictionary<string, Trade> Trades { get; }

    public ILookup<string, Refund> RefundsOfBill { get; }

    public ILookup<string, Claim> ClaimsOfBill { get; }

    /// <summary>The refunds that the bank has refused although they were promised, by their RRN.</summary>
    public IReadOnlyDictionary<string, RefusedRefund> Refused { get; }

    public ILookup<string, Reversal> Reversals { get; }

    public ILookup<string, BankEntry> Bank { get; }

    /// <summary>The outcomes in journals, reports and slips, by key, without open swipes.</summary>
    public ILookup<Key, Told> Told { get; }

    public IEnumerable<Attempt> Approvals => Database.Attempts.Where(attempt => attempt.State == AttemptStates.Approved);

    /// <summary>The refund was of money that was still held.</summary>
    public bool IsFromHeld(Refund refund) => RefundPostings[refund.Rrn].Any(line => line.Kind == EntryKinds.Refund && Accounts.IsHeld(line.Account));

    /// <summary>The refund was of money of the guarantee fund.</summary>
    public bool IsFromGuarantee(Refund refund) => RefundPostings[refund.Rrn].Any(line => line.Kind == EntryKinds.Refund && line.Account == Accounts.Guarantee);

    /// <summary>The money of the refund went back to where it was.</summary>
    public static bool IsUndone(Refund refund) => refund.State is RefundStates.Declined or RefundStates.Withdrawn;

    public IEnumerable<string> RowsOfRrn(string rrn) =>
    [
        .. AttemptsOfRrn[rrn].Select(Row.Of),
        .. Bank[rrn].Select(Row.Of),
        .. Reversals[rrn].Select(Row.Of),
    ];

    /// <summary>The bill of the attempt, then the attempt and its entry at the bank.</summary>
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

internal static class RefundStates
{
    public const string Queued = "QUEUED", Requested = "REQUESTED", Sent = "SENT", Done = "DONE", Declined = "DECLINED", Withdrawn = "WITHDRAWN";
}

/// <summary>Of two operators about a refund.</summary>
internal static class Verdicts
{
    public const string Credited = "DONE", NotCredited = "DECLINED", SendAgain = "AGAIN", PayOtherwise = "OTHERWISE", LeaveIt = "LEFT", LendIt = "GUARANTEE";
}

internal static class TradeStates
{
    public const string Held = "HELD", Shipped = "SHIPPED", Claimed = "CLAIMED", Finished = "FINISHED", Closed = "CLOSED";
}

internal static class ClaimStates
{
    public const string Asked = "ASKED", Agreed = "AGREED", Returning = "RETURNING", Back = "BACK", Refused = "REFUSED", Judging = "JUDGING", Judged = "JUDGED", Withdrawn = "WITHDRAWN";
}

internal static class Accounts
{
    public const string BankClearing = "bank_clearing", RefundsOut = "refunds_out", Held = "held:", Frozen = "frozen:", Owed = "owed:", Merchant = "merchant:";
    public const string Guarantee = "guarantee", GuaranteeLent = "guarantee_lent", Reserve = "reserve";

    public static string FrozenOf(string merchant) => Frozen + merchant;

    public static bool IsFrozen(string account) => account.StartsWith(Frozen, StringComparison.Ordinal);

    public static string OwedOf(string merchant) => Owed + merchant;

    public static bool IsOwed(string account) => account.StartsWith(Owed, StringComparison.Ordinal);

    /// <summary>Of an account: held of held:shop-1.</summary>
    public static string KindOf(string account) => account.Split(':')[0];

    public static string HeldOf(string merchant) => Held + merchant;

    public static bool IsHeld(string account) => account.StartsWith(Held, StringComparison.Ordinal);
}

internal static class EntryKinds
{
    public const string Payment = "payment", Release = "release", Refund = "refund", RefundTaken = "refund_taken", RefundBack = "refund_back";
    public const string Freeze = "freeze", Unfreeze = "unfreeze", Fund = "fund", DebtPaid = "debt_paid";

    /// <summary>There are no others.</summary>
    public static readonly string[] All = [Payment, Release, Refund, RefundTaken, RefundBack, Freeze, Unfreeze, Fund, DebtPaid];
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
