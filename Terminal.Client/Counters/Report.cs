using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Printing;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;

namespace Lakala.Terminal.Client.Counters;

/// <summary>The outcome of one lookup or swipe. A member is null when it is not known.</summary>
public record SwipeReport(Outcome Outcome)
{
    public string? ResponseCode { get; init; }

    /// <summary>The network's own number, finer than the response code.</summary>
    public int? Reason { get; init; }

    public string? Bill { get; init; }

    /// <summary>Minor units.</summary>
    public long? Amount { get; init; }

    public string? Currency { get; init; }

    public string? Rrn { get; init; }

    public string? AuthorisationCode { get; init; }

    public int? Stan { get; init; }

    public int? Batch { get; init; }

    /// <summary>The key of the reported swipe; null when there is none.</summary>
    [JsonIgnore]
    public JournalKey? Key => (Batch, Stan) is ({ } batch, { } stan) ? new JournalKey(batch, stan) : null;

    public string? Terminal { get; init; }

    public string? MaskedCard { get; init; }

    public string? Payee { get; init; }

    public string? Description { get; init; }

    public string? OrderId { get; init; }

    /// <summary>Of a guaranteed trade: from the payment until the merchant ships.</summary>
    public int? ShipWithinSeconds { get; init; }

    /// <summary>Of a guaranteed trade: from the shipping until the merchant gets the money.</summary>
    public int? CheckWithinSeconds { get; init; }

    /// <summary>True when the shop does not get the fee for the payment back when it is refunded.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsFeeKept { get; init; }

    /// <summary>Of a refund: the RRN of the payment. <see cref="Rrn"/> is the refund's own number.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RefundOf { get; init; }

    /// <summary>Of a payment that was looked up for a refund: what is left of it, in minor units.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Refundable { get; init; }

    /// <summary>The same: when it was paid.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? PaidAt { get; init; }

    /// <summary>True when a refund waits for the merchant's money.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsWaiting { get; init; }

    [JsonIgnore]
    public bool IsRefund => RefundOf is not null;

    /// <summary>The time until the bill of the lookup may expire.</summary>
    public int? SecondsLeft { get; init; }

    /// <summary>For the clerk.</summary>
    public string? Text { get; init; }

    public string? CustomerText { get; init; }

    /// <summary>The number of earlier payments whose outcome was known before and whose receipts were printed only now; otherwise 0.</summary>
    [JsonIgnore]
    public int Duplicates { get; init; }

    /// <summary>True when only the network's operator can help.</summary>
    [JsonIgnore]
    public bool NeedsOperator => ResponseCode is ResponseCodes.DuplicateKey;

    /// <summary>True when another payment had paid the bill before.</summary>
    [JsonIgnore]
    public bool IsPaidAlready => Outcome == Outcome.Refused && Reason == LocalReason.PaidAlready;

    /// <summary>True when the bill can still be paid: with another card, another PIN or later.</summary>
    [JsonIgnore]
    public bool MayBePaidStill => Reason is not (LocalReason.NoSuchBill or LocalReason.PaidAlready or LocalReason.Expired or LocalReason.Cancelled) && !NeedsOperator;

    /// <summary>The slips for the printer.</summary>
    public IReadOnlyList<ReceiptSlip> Receipts { get; init; } = [];

    public static Report Refused(string text, string? bill = null) => new(Outcome.Refused) { Text = text, Bill = bill };

    public static Report Describe(JournaledSwipe swipe, TerminalTexts texts)
    {
        var (pending, result) = (swipe.Pending, swipe.Result);
        var (whenUnknown, toCustomer) = pending.IsRefund ? (texts.RefundUnknown, texts.DoNotRefundAgain) : (texts.OutcomeUnknown, texts.DoNotPayAgain);
        return new Report(swipe.Outcome)
        {
            RefundOf = pending.RefundOf,
            IsWaiting = result?.IsWaiting == true,
            ResponseCode = result?.ResponseCode,
            Reason = result is { Reason: > 0 } ? result.Reason : null,
            Bill = pending.Bill,
            Amount = pending.Amount,
            Currency = Receipt.CurrencyName(pending.Currency),
            Rrn = result?.Rrn,
            AuthorisationCode = result?.AuthorisationCode,
            Stan = pending.Key.Stan,
            Batch = pending.Key.Batch,
            Terminal = pending.Terminal,
            MaskedCard = result?.MaskedCard ?? pending.MaskedCard,
            Payee = result?.Payee ?? pending.Payee,
            Description = pending.Description,
            OrderId = result?.OrderId ?? pending.OrderId,
            ShipWithinSeconds = pending.ShipWithinSeconds,
            CheckWithinSeconds = pending.CheckWithinSeconds,
            IsFeeKept = pending.IsFeeKept,
            Text = result is null ? whenUnknown : result.ClerkText,
            CustomerText = result is null ? toCustomer
                : swipe.Outcome == Outcome.Ordered ? texts.OfRefund(result.IsWaiting, pending.MaskedCard, result.Rrn ?? "")
                : result.CustomerText,
        };
    }
}

/// <summary>The result of a run of the program; with <c>--json</c> the only object on standard output.</summary>
public sealed record Report(Outcome Outcome) : SwipeReport(Outcome)
{
    // Chinese is not escaped: the object is for programs and people, never for a page.
    private static readonly ReportJson Json = new(
        new JsonSerializerOptions(ReportJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>The outcome of an earlier swipe that was open when the run began.</summary>
    [JsonPropertyOrder(1)]
    public SwipeReport? Resolved { get; init; }

    /// <summary>The batches that were closed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<BatchReport>? Batches { get; init; }

    [JsonIgnore]
    public int ExitCode => Outcome switch
    {
        Outcome.Found or Outcome.Approved or Outcome.Settled or Outcome.Ordered => Words.ExitCode.Done,
        Outcome.Closed when Batches!.All(batch => batch.Agreed) => Words.ExitCode.Done,
        Outcome.Unknown => Words.ExitCode.Unknown,
        _ => Words.ExitCode.NotPaid,
    };

    public string ToJson() => JsonSerializer.Serialize(this, Json.Report);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Report))]
internal sealed partial class ReportJson : JsonSerializerContext;
