using System.Text.Json.Serialization;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Lakala.Wire.Terminal;

namespace Lakala.Terminal.Client.Journals;

/// <summary>The name of an attempt on this terminal: batch and system trace audit number, both 1 to 999,999.</summary>
public readonly record struct JournalKey(int Batch, int Stan)
{
    public const int Last = 999_999;

    /// <summary>The next key: after the last STAN of a batch the first of the next batch; after the last batch the first.</summary>
    public JournalKey Plus(int steps)
    {
        var stan = Stan - 1 + steps;
        return new JournalKey((Batch - 1 + stan / Last) % Last + 1, stan % Last + 1);
    }

    public override string ToString() => $"{Batch:D6}/{Stan:D6}";
}

/// <summary>
/// A line of the journal. The card is masked; there is no track and no PIN. Its only secret is the code on the receipt of a guaranteed trade, which is of
/// no use without the address of the bill's page.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "record")]
[JsonDerivedType(typeof(KeysReserved), "next")]
[JsonDerivedType(typeof(SwipePending), "pending")]
[JsonDerivedType(typeof(SwipeResult), "result")]
[JsonDerivedType(typeof(SwipePrinted), "printed")]
[JsonDerivedType(typeof(BatchSoFar), "approved")]
[JsonDerivedType(typeof(BatchClosed), "closed")]
public abstract record JournalRecord;

/// <summary>Every key before this one counts as used.</summary>
public sealed record KeysReserved(JournalKey Next) : JournalRecord;

/// <summary>On disk before the 0200, or the 0220 of a refund, is sent.</summary>
/// <param name="Amount">Minor units.</param>
/// <param name="Currency">ISO 4217, numeric.</param>
/// <param name="ShipWithinSeconds">Of a guaranteed trade, like the next one: from the payment until the merchant ships.</param>
/// <param name="CheckWithinSeconds">From the shipping until the merchant gets the money.</param>
/// <param name="RefundOf">The RRN of the payment of which money goes back; null for a payment.</param>
/// <param name="Supervisor">Who signs the refund. The password is not kept.</param>
/// <param name="IsFeeKept">The shop does not get the fee for this payment back when it is refunded.</param>
public sealed record SwipePending(
    JournalKey Key,
    string Terminal,
    string Store,
    string Bill,
    long Amount,
    int Currency,
    string MaskedCard,
    string EntryMode,
    DateTimeOffset At,
    string? StoreName = null,
    string? Payee = null,
    string? Description = null,
    string? OrderId = null,
    string? Clerk = null,
    int? ShipWithinSeconds = null,
    int? CheckWithinSeconds = null,
    string? RefundOf = null,
    string? Supervisor = null,
    bool IsFeeKept = false) : JournalRecord
{
    [JsonIgnore]
    public bool IsRefund => RefundOf is not null;

    [JsonIgnore]
    public bool IsGuaranteed => ShipWithinSeconds is not null && CheckWithinSeconds is not null;
}

/// <summary>The final answer. On disk before anything is printed.</summary>
/// <param name="ResponseCode">Null when the 0200 or 0220 was never sent.</param>
/// <param name="Rrn">Of a refund: its own, its number.</param>
/// <param name="IsWaiting">The refund waits for the merchant's money.</param>
/// <param name="ReceiptCode">Of a guaranteed trade: the customer's code, for her copy of the receipt alone.</param>
public sealed record SwipeResult(
    JournalKey Key,
    string? ResponseCode,
    int Reason = 0,
    string? Rrn = null,
    string? AuthorisationCode = null,
    string? MaskedCard = null,
    DateTimeOffset? PaidAt = null,
    string? Payee = null,
    string? OrderId = null,
    string? ClerkText = null,
    string? CustomerText = null,
    bool IsWaiting = false,
    string? ReceiptCode = null) : JournalRecord
{
    private const int DeclinedByBank = 401;

    [JsonIgnore]
    public Outcome Outcome =>
        ResponseCode == ResponseCodes.Approved ? Outcome.Approved
        : Reason == DeclinedByBank ? Outcome.Declined
        : Outcome.Refused;

    public static SwipeResult FromAnswer(SwipePending pending, PayAnswer answer, bool isWaiting = false) => new(
        pending.Key,
        answer.Verdict.Code,
        answer.Verdict.Reason,
        answer.Facts.Rrn,
        answer.Facts.AuthorisationCode,
        answer.Facts.MaskedCard,
        answer.Facts.PaidAt,
        answer.Facts.Payee,
        answer.Facts.OrderId,
        answer.Verdict.ClerkText,
        answer.Verdict.CustomerText,
        isWaiting,
        pending.IsGuaranteed ? answer.Facts.ReceiptCode : null);

    public static SwipeResult NeverSent(SwipePending pending, TerminalTexts texts)
    {
        var text = pending.IsRefund ? texts.RefundNotSent : texts.NotSent;
        return new SwipeResult(pending.Key, null, ClerkText: text, CustomerText: text);
    }

    // The code is a secret of the customer.
    public override string ToString() => $"result {ResponseCode} of {Key}";
}

/// <summary>The receipts are on paper.</summary>
public sealed record SwipePrinted(JournalKey Key) : JournalRecord;

/// <summary>The approved payments and the refunds of batches that are not closed; a rewritten journal keeps them longer than the swipes.</summary>
public sealed record BatchSoFar(int Batch, IReadOnlyList<BatchEntry> Approved) : JournalRecord;

/// <summary>The server has closed the batch.</summary>
/// <param name="Next">The first key of the next one.</param>
public sealed record BatchClosed(int Batch, JournalKey Next) : JournalRecord;

/// <summary>The records of one swipe.</summary>
public sealed record JournaledSwipe(SwipePending Pending, SwipeResult? Result = null, bool IsPrinted = false)
{
    public bool IsOver => Result is not null && IsPrinted;

    public bool IsApproved => Result?.ResponseCode == ResponseCodes.Approved;

    public Outcome Outcome => Result is null ? Outcome.Unknown : IsApproved && Pending.IsRefund ? Outcome.Ordered : Result.Outcome;

    /// <summary>As the clerk's screen may show it.</summary>
    public JournaledSwipe WithoutCode() => this with { Result = Result is null ? null : Result with { ReceiptCode = null } };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(JournalRecord))]
internal sealed partial class JournalJson : JsonSerializerContext;
