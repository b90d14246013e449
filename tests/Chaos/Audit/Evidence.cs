using System.Globalization;

namespace Lakala.Chaos.Audit;

/// <summary>
/// Everything that is compared, after faults are healed and queues are empty. Only values, which
/// <see cref="EvidenceReader"/> reads. It has no secrets.
/// </summary>
public sealed record Evidence
{
    public required DatabaseBook Database { get; init; }

    public required IReadOnlyList<BankEntry> Bank { get; init; }

    /// <summary>The refunds in the bank's book.</summary>
    public IReadOnlyList<BankRefund> BankRefunds { get; init; } = [];

    public required IReadOnlyList<TerminalBook> Terminals { get; init; }

    public required IReadOnlyList<ReceiverBook> Receivers { get; init; }

    /// <summary>The events of the shoppers' mails, once for each mail.</summary>
    public IReadOnlyList<string> Mails { get; init; } = [];

    public required Acknowledged Acknowledged { get; init; }

    /// <summary>Secrets in places where none is allowed.</summary>
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

    /// <summary>What merchants and stores have available, what is frozen, and what the guarantee fund has.</summary>
    public required IReadOnlyList<Balance> Balances { get; init; }

    public required IReadOnlyList<Event> Events { get; init; }

    public required IReadOnlyList<Delivery> Deliveries { get; init; }

    public required IReadOnlyList<Endpoint> Endpoints { get; init; }

    public required IReadOnlyList<Reversal> Reversals { get; init; }

    public required IReadOnlyList<LateAnswer> LateAnswers { get; init; }

    public IReadOnlyList<Refund> Refunds { get; init; } = [];

    public IReadOnlyList<RefundKey> RefundKeys { get; init; } = [];

    public IReadOnlyList<Trade> Trades { get; init; } = [];

    public IReadOnlyList<Claim> Claims { get; init; } = [];

    /// <summary>Also those that wait or were turned down.</summary>
    public IReadOnlyList<Ruling> Rulings { get; init; } = [];

    public IReadOnlyList<RefundRuling> RefundRulings { get; init; } = [];

    public IReadOnlyList<RefusedRefund> RefusedRefunds { get; init; } = [];

    public IReadOnlyList<Debt> Debts { get; init; } = [];

    public IReadOnlyList<GuaranteePayment> GuaranteePayments { get; init; } = [];

    /// <summary>Of all claims, in their order.</summary>
    public IReadOnlyList<ClaimMove> ClaimMoves { get; init; } = [];

    /// <summary>What operators did to trades, claims and the guarantee fund.</summary>
    public IReadOnlyList<OperatorAct> OperatorActs { get; init; } = [];

    /// <summary>Operators and their programs, as they are now.</summary>
    public IReadOnlyList<Operator> Operators { get; init; } = [];

    public IReadOnlyList<Clerk> Clerks { get; init; } = [];

    /// <summary>By the database's clock.</summary>
    public DateTimeOffset ReadAt { get; init; }
}

/// <param name="Amount">Minor units.</param>
/// <param name="PaidRrn">Of the attempt that paid it.</param>
/// <param name="HasMail">Its shopper has a mail address.</param>
/// <param name="Refunded">What it counts as refunded, in minor units.</param>
/// <param name="IsEscrow">Its money is held after the payment.</param>
/// <param name="IsFeeKept">Store and platform keep their shares when it is refunded.</param>
public sealed record Bill(
    string Number, string Merchant, string Order, long Amount, string Currency, string State, string? PaidRrn, bool HasMail = false, long Refunded = 0,
    bool IsEscrow = false, bool IsFeeKept = false);

/// <summary>The row under a key. VOID and REFUSED have no RRN, and not always a bill.</summary>
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

/// <param name="Rrn">Of the attempt or the refund; the number of a release, a claim or a payment to the guarantee fund.</param>
/// <param name="Amount">Minor units; debits are positive, credits negative.</param>
/// <param name="Kind">Of <see cref="EntryKinds"/>.</param>
/// <param name="Bill">Of a release; null for the others.</param>
/// <param name="Sequence">Of the releases of a bill, from 0.</param>
/// <param name="CommittedAt">As of an event; all lines of one commit have the same.</param>
/// <param name="IsWaiting">Its balance does not have it yet.</param>
public sealed record Posting(
    string Rrn,
    int Line,
    string Account,
    long Amount,
    string Currency,
    string Kind = "payment",
    string? Bill = null,
    int Sequence = 0,
    DateTimeOffset? CommittedAt = null,
    bool IsWaiting = false);

/// <summary>What became of the money of an escrow bill.</summary>
/// <param name="State">HELD, SHIPPED, CLAIMED, FINISHED or CLOSED.</param>
/// <param name="Held">Minor units, like <paramref name="Released"/>.</param>
/// <param name="Releases">The number of releases.</param>
/// <param name="DueAt">The end of the timer that runs.</param>
/// <param name="IsOverdue">It was not shipped in time, and is not shipped yet.</param>
/// <param name="DeadlineChanges">The corrections and extensions.</param>
/// <param name="LeasedUntil">Until then the form of a claim delays the timer.</param>
/// <param name="FrozenBy">Who has stopped it.</param>
public sealed record Trade(
    string Bill,
    string Merchant,
    string State,
    long Held,
    long Released,
    int Releases,
    DateTimeOffset? DueAt,
    bool IsOverdue = false,
    bool IsShipped = false,
    int DeadlineChanges = 0,
    DateTimeOffset? LeasedUntil = null,
    string? FrozenBy = null);

/// <summary>A shopper's claim about an escrow bill.</summary>
/// <param name="Id">Twelve digits.</param>
/// <param name="Place">Among the claims of its bill, from 1.</param>
/// <param name="Amount">Minor units, like the two that follow.</param>
/// <param name="IsAfterSale">The money was released before.</param>
/// <param name="Granted">What the shopper gets.</param>
/// <param name="Refund">The RRN of the refund that the merchant gives.</param>
/// <param name="Compensation">The RRN of the refund that the guarantee fund gives.</param>
/// <param name="Moves">Since it was opened.</param>
/// <param name="DueAt">The end of the time for the next move.</param>
public sealed record Claim(
    string Id,
    string Bill,
    string Merchant,
    int Place,
    string State,
    long Amount,
    int Moves,
    bool IsAfterSale = false,
    long Frozen = 0,
    long? Granted = null,
    string? Refund = null,
    string? Compensation = null,
    DateTimeOffset? DueAt = null);

/// <param name="Move">From 0: its opening.</param>
/// <param name="What">The type of its event.</param>
/// <param name="Amount">What is claimed, offered or given, in minor units.</param>
/// <param name="IsByItself">Nobody made it: the time for the next move was over.</param>
public sealed record ClaimMove(string Claim, int Move, string What, long? Amount, bool IsByItself);

/// <summary>A row of the audit log.</summary>
/// <param name="Subject">A bill, a claim, or a payment to the guarantee fund.</param>
public sealed record OperatorAct(string Who, string What, string Subject, DateTimeOffset? CommittedAt);

/// <param name="Name">As the audit log has it.</param>
/// <param name="Role">watch, act or administer.</param>
public sealed record Operator(string Name, string Role);

public sealed record Clerk(string Store, string Number, bool IsSupervisor);

/// <param name="ApprovedBy">Null: nobody.</param>
public sealed record Ruling(string Claim, long ToShopper, long ToMerchant, long FromGuarantee, string MadeBy, string? ApprovedBy);

/// <summary>What a merchant owes because the guarantee fund has paid a refund for it.</summary>
/// <param name="Claim">Null: the refund is of none.</param>
/// <param name="Repaid">Out of what the merchant has earned since.</param>
public sealed record Debt(string Refund, string? Claim, string Merchant, long Amount, long Repaid = 0);

/// <summary>Own money of the platform for the guarantee fund.</summary>
public sealed record GuaranteePayment(string Number, long Amount, string MadeBy, string? ApprovedBy);

/// <param name="Before">What was refunded of the bill before it, in minor units.</param>
/// <param name="State">Of <see cref="RefundStates"/>.</param>
/// <param name="Store">Whose counter has asked for it.</param>
/// <param name="IsRuled">The bank has decided it, and not by a word on the line.</param>
/// <param name="IsPaidOtherwise">The platform has paid it, and the bank knows nothing of it.</param>
public sealed record Refund(
    string Rrn, string Bill, string OriginalRrn, long Amount, long Before, string State, string? Store = null, bool IsRuled = false, bool IsPaidOtherwise = false);

/// <summary>A refund that the bank has refused although the shopper was promised it.</summary>
/// <param name="Frozen">Of the merchant's money, while nobody has decided.</param>
/// <param name="IsOpen">Two operators have not decided yet.</param>
/// <param name="Next">The refund that takes its place; null: none does.</param>
public sealed record RefusedRefund(string Refund, long Frozen, bool IsOpen, string? Next);

/// <summary>What one operator has proposed about a refund, and another one has approved.</summary>
/// <param name="State">Of <see cref="Verdicts"/>.</param>
/// <param name="ApprovedBy">Null: nobody.</param>
public sealed record RefundRuling(string Refund, string State, string MadeBy, string? ApprovedBy);

/// <summary>What stands under a key of a refund at a counter.</summary>
/// <param name="Refund">Its RRN; null: nothing is given back under the key.</param>
/// <param name="Clerk">The number of a clerk, as of the supervisor.</param>
public sealed record RefundKey(Key Key, string? Refund, string? Clerk = null, string? Supervisor = null);

/// <summary>A refund in the bank's book.</summary>
/// <param name="Credits">The number of credits under its RRN.</param>
public sealed record BankRefund(string Rrn, string OriginalRrn, long Amount, string? ResponseCode, int Credits);

/// <param name="Amount">Minor units; what the account's owner has is positive.</param>
public sealed record Balance(string Account, string Currency, long Amount);

/// <param name="Bill">Null for an event without a bill, such as a test of an endpoint.</param>
/// <param name="CreatedAt">By the clock of the silo, before its commit.</param>
/// <param name="CommittedAt">By the database's clock, if it records commit times (<c>track_commit_timestamp</c>).</param>
/// <param name="Claim">The id of the claim that it is about.</param>
/// <param name="Refund">The RRN of the refund that it is about.</param>
/// <param name="ConfirmBy">What it says of the shopper's time, if it is about a trade.</param>
/// <param name="ShipBy">What it says of the time to ship, if that runs.</param>
public sealed record Event(
    string Merchant,
    Guid Id,
    string Type,
    string? Bill,
    DateTimeOffset CreatedAt,
    DateTimeOffset? CommittedAt,
    string? Claim = null,
    string? Refund = null,
    DateTimeOffset? ConfirmBy = null,
    DateTimeOffset? ShipBy = null)
{
    /// <summary>Its place in the order of events; those of one commit have the same.</summary>
    public DateTimeOffset Time => CommittedAt ?? CreatedAt;
}

/// <param name="Receiver">The id of an endpoint, or mail: the bill's shopper.</param>
/// <param name="State">PENDING, ACCEPTED, SKIPPED or PARKED.</param>
public sealed record Delivery(Guid EventId, string Receiver, string State, int Tries);

public sealed record Endpoint(string Id, string Merchant, string Url, DateTimeOffset CreatedAt, DateTimeOffset? DeletedAt);

public sealed record Reversal(string Rrn, Key Key, long Amount, int Tries, bool IsAcknowledged);

/// <summary>An answer of the bank for which no request waited.</summary>
public sealed record LateAnswer(string Rrn, string ResponseCode);

/// <summary>The entry of one RRN in the bank's book.</summary>
/// <param name="State">DEBITED, DECLINED, REVERSED, or TOMBSTONE: reversed before it was seen.</param>
/// <param name="Amount">Minor units; 0 for a tombstone.</param>
/// <param name="Terminal">Empty for a tombstone.</param>
/// <param name="Stan">0 for a tombstone.</param>
/// <param name="Debits">The number of debits of the RRN, reversed or not.</param>
/// <param name="Reversals">The number of reversals that took effect.</param>
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

/// <summary>One terminal: its journal, and the output of its programs.</summary>
/// <param name="TornReports">Output lines that a kill cut off; they do not count.</param>
public sealed record TerminalBook(
    string Terminal,
    IReadOnlyList<JournalPending> Pending,
    IReadOnlyList<JournalResult> Results,
    IReadOnlyList<Key> Printed,
    IReadOnlyList<SwipeReport> Reports,
    IReadOnlyList<Slip> Slips,
    int TornReports = 0)
{
    /// <summary>The refunds in its journal and in its reports.</summary>
    public IReadOnlyList<CounterRefund> Refunds { get; init; } = [];
}

/// <summary>A refund as its terminal knows it.</summary>
/// <param name="Amount">Minor units.</param>
/// <param name="ResponseCode">Null: it was never sent, or is open.</param>
/// <param name="Rrn">Of the refund.</param>
/// <param name="IsOpen">It is in the journal, and its outcome is not.</param>
public sealed record CounterRefund(Key Key, string Bill, long Amount, string? ResponseCode, string? Rrn, bool IsOpen = false);

/// <summary>Written before the 0200 left.</summary>
public sealed record JournalPending(Key Key, string Bill, long Amount);

/// <summary>The final answer, written before anything was printed.</summary>
/// <param name="ResponseCode">Null: the terminal reports that nothing was ever sent.</param>
public sealed record JournalResult(Key Key, string? ResponseCode, string? Rrn, string? AuthorisationCode);

/// <summary>A report of a terminal's program about one swipe: its own, or an earlier one that it settled.</summary>
/// <param name="Outcome">approved, declined, refused or unknown.</param>
public sealed record SwipeReport(
    Key Key, string Outcome, string? ResponseCode, string? Bill, long? Amount, string? Rrn, string? AuthorisationCode, bool IsResolved);

public enum SlipKind
{
    Original,
    Duplicate,
    Reprint,
}

/// <summary>One printed receipt.</summary>
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
/// <param name="Rrn">Of the payment or the refund, also of one that is owed; the id of a claim.</param>
/// <param name="FirstAt">When its first try came, accepted or not.</param>
/// <param name="Accepted">How many tries the receiver accepted.</param>
/// <param name="Trade">The state of the bill's trade, from the event's data.</param>
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
    int Accepted,
    string? Trade = null);

/// <summary>The answers of the API and of the bills' pages. Answers to terminals are in their journals.</summary>
/// <param name="Bills">Creations that were answered with 201.</param>
/// <param name="Cancellations">Numbers of the bills whose cancellation was answered with 200.</param>
/// <param name="Refunds">Refunds that were answered with 201.</param>
public sealed record Acknowledged(IReadOnlyList<AcknowledgedBill> Bills, IReadOnlyList<string> Cancellations, IReadOnlyList<AcknowledgedRefund> Refunds)
{
    /// <summary>Numbers of the bills whose page has said to the shopper that she has confirmed.</summary>
    public IReadOnlyList<string> Confirmations { get; init; } = [];

    /// <summary>Numbers of the bills whose page has said to the shopper that there is a claim.</summary>
    public IReadOnlyList<string> Claims { get; init; } = [];
}

/// <param name="Amount">Minor units.</param>
public sealed record AcknowledgedBill(string Number, string Order, long Amount);

/// <param name="Amount">Minor units.</param>
public sealed record AcknowledgedRefund(string Rrn, string Bill, long Amount);

/// <summary>A secret in a file: its kind, never its value.</summary>
public sealed record Leak(string What, string File);
