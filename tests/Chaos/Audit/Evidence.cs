using System.Globalization;

namespace Lakala.Chaos.Audit;

/// <summary>
/// Everything that is compared, as it stands after faults are healed and queues are empty. Only values: where they come
/// from is the business of <see cref="EvidenceReader"/>. Nothing in it is secret.
/// </summary>
public sealed record Evidence
{
    public required DatabaseBook Database { get; init; }

    public required IReadOnlyList<BankEntry> Bank { get; init; }

    public required IReadOnlyList<TerminalBook> Terminals { get; init; }

    public required IReadOnlyList<ReceiverBook> Receivers { get; init; }

    /// <summary>The events of which shoppers have a mail, as often as they have it.</summary>
    public IReadOnlyList<string> Mails { get; init; } = [];

    public required Acknowledged Acknowledged { get; init; }

    /// <summary>Secrets found where none may stand.</summary>
    public IReadOnlyList<Leak> Leaks { get; init; } = [];
}

/// <summary>The name of an attempt.</summary>
public readonly record struct Key(string Terminal, int Batch, int Stan)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Terminal}/{Batch:D6}/{Stan:D6}");
}

/// <summary>Our database, in one snapshot. States are spelled as in its tables, bill numbers with 14 digits, RRNs with 12.</summary>
public sealed record DatabaseBook
{
    public required IReadOnlyList<Bill> Bills { get; init; }

    public required IReadOnlyList<Attempt> Attempts { get; init; }

    public required IReadOnlyList<Posting> Postings { get; init; }

    public required IReadOnlyList<Event> Events { get; init; }

    public required IReadOnlyList<Delivery> Deliveries { get; init; }

    public required IReadOnlyList<Endpoint> Endpoints { get; init; }

    public required IReadOnlyList<Reversal> Reversals { get; init; }

    public required IReadOnlyList<LateAnswer> LateAnswers { get; init; }
}

/// <param name="Amount">Minor units.</param>
/// <param name="PaidRrn">Of the attempt that paid it.</param>
/// <param name="HasMail">Its shopper has a mail address.</param>
public sealed record Bill(
    string Number, string Merchant, string Order, long Amount, string Currency, string State, string? PaidRrn, bool HasMail = false);

/// <summary>What stands under a key. VOID and REFUSED have no RRN, and not always a bill.</summary>
/// <param name="Amount">Minor units.</param>
/// <param name="ResponseCode">The stored answer; of REVERSING and REVERSED the stored answer is always 68, of VOID 25.</param>
public sealed record Attempt(
    Key Key,
    string State,
    string? Bill,
    long? Amount,
    string? Currency,
    string? Store,
    string? Rrn,
    int FeeBasisPoints,
    int CommissionPercent,
    string? ResponseCode,
    string? AuthorisationCode);

/// <param name="Amount">Minor units; debits are positive, credits negative.</param>
public sealed record Posting(string Rrn, int Line, string Account, long Amount, string Currency);

/// <param name="Bill">Null for what is about no bill, such as a test of an endpoint.</param>
/// <param name="CreatedAt">By the clock of the silo, before its commit.</param>
/// <param name="CommittedAt">By the database's clock, where it keeps the times of commits (<c>track_commit_timestamp</c>).</param>
public sealed record Event(string Merchant, Guid Id, string Type, string? Bill, DateTimeOffset CreatedAt, DateTimeOffset? CommittedAt);

/// <param name="Receiver">The id of an endpoint, or mail: the bill's shopper.</param>
/// <param name="State">PENDING, ACCEPTED, SKIPPED or PARKED.</param>
public sealed record Delivery(Guid EventId, string Receiver, string State, int Tries);

public sealed record Endpoint(string Id, string Merchant, string Url, DateTimeOffset CreatedAt, DateTimeOffset? DeletedAt);

public sealed record Reversal(string Rrn, Key Key, long Amount, int Tries, bool IsAcknowledged);

/// <summary>What the bank answered when nobody waited for it any more.</summary>
public sealed record LateAnswer(string Rrn, string ResponseCode);

/// <summary>What the bank's own book says of one RRN.</summary>
/// <param name="State">DEBITED, DECLINED, REVERSED, or TOMBSTONE: reversed before it was seen.</param>
/// <param name="Amount">Minor units; 0 for a tombstone.</param>
/// <param name="Terminal">Empty for a tombstone.</param>
/// <param name="Stan">0 for a tombstone.</param>
/// <param name="Debits">How often the RRN was debited, reversed since or not.</param>
/// <param name="Reversals">How often a reversal of it took effect.</param>
public sealed record BankEntry(
    string Rrn,
    string State,
    string? ResponseCode,
    string? AuthorisationCode,
    long Amount,
    string Terminal,
    int Stan,
    int Debits,
    int Reversals);

/// <summary>One terminal: its journal, and the paper that its programs put out.</summary>
/// <param name="TornReports">Lines on paper that a kill cut off; they tell nobody anything.</param>
public sealed record TerminalBook(
    string Terminal,
    IReadOnlyList<JournalPending> Pending,
    IReadOnlyList<JournalResult> Results,
    IReadOnlyList<Key> Printed,
    IReadOnlyList<SwipeReport> Reports,
    IReadOnlyList<Slip> Slips,
    int TornReports = 0);

/// <summary>Written before the 0200 left.</summary>
public sealed record JournalPending(Key Key, string Bill, long Amount);

/// <summary>The final answer, written before anything was printed.</summary>
/// <param name="ResponseCode">Null: the terminal says that nothing ever left it.</param>
public sealed record JournalResult(Key Key, string? ResponseCode, string? Rrn, string? AuthorisationCode);

/// <summary>What a terminal's program said of one swipe: of its own, or of an earlier one that it resolved.</summary>
/// <param name="Outcome">approved, declined, refused or unknown.</param>
public sealed record SwipeReport(
    Key Key, string Outcome, string? ResponseCode, string? Bill, long? Amount, string? Rrn, string? AuthorisationCode, bool IsResolved);

public enum SlipKind
{
    Original,
    Duplicate,
    Reprint,
}

/// <summary>One printed receipt, as it reads.</summary>
/// <param name="Title">CARD PAYMENT, NOT PAID or OUTCOME UNKNOWN.</param>
/// <param name="Copy">Whose copy it is.</param>
/// <param name="Amount">Minor units.</param>
public sealed record Slip(
    Key Key, string Title, SlipKind Kind, string Copy, string? Bill, long? Amount, string? Rrn, string? AuthorisationCode, string? ResponseCode)
{
    public const string Paid = "CARD PAYMENT", NotPaid = "NOT PAID", Unknown = "OUTCOME UNKNOWN";
}

/// <summary>A merchant's server.</summary>
/// <param name="Url">As its endpoint has it.</param>
/// <param name="Strays">Requests without a right signature.</param>
public sealed record ReceiverBook(string Url, IReadOnlyList<ReceivedEvent> Events, int Strays);

/// <summary>All tries of one event at one receiver, signatures right.</summary>
/// <param name="Id">As the receiver read it: <c>evt_</c> and 32 hex digits.</param>
/// <param name="Bill">From the event's data, like what follows; null where it has none.</param>
/// <param name="FirstAt">When its first try came, accepted or not.</param>
/// <param name="Accepted">How many tries the receiver accepted.</param>
public sealed record ReceivedEvent(
    string Id,
    string Type,
    string? Bill,
    string? Status,
    long? Amount,
    string? Rrn,
    string? AuthorisationCode,
    DateTimeOffset FirstAt,
    int Tries,
    int Accepted);

/// <summary>What the API had answered to clients. What terminals were told is in their books.</summary>
/// <param name="Bills">Creations that were answered with 201.</param>
/// <param name="Cancellations">Numbers of the bills whose cancellation was answered with 200.</param>
public sealed record Acknowledged(IReadOnlyList<AcknowledgedBill> Bills, IReadOnlyList<string> Cancellations);

/// <param name="Amount">Minor units.</param>
public sealed record AcknowledgedBill(string Number, string Order, long Amount);

/// <summary>A secret in a file. Says what kind, never which.</summary>
public sealed record Leak(string What, string File);
