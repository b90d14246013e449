using Lakala.Grains.Notices;
using Lakala.Rules.Attempts;
using Lakala.Storage.Bills;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Grains.Refunds;

/// <summary>The answer to the terminal.</summary>
/// <param name="Rrn">The refund's number; null, like the members after it, when none was made.</param>
/// <param name="IsWaiting">The merchant's money did not cover it when it was made.</param>
[GenerateSerializer, Immutable, Alias("counter-refund-answer")]
public sealed record CounterRefundAnswer(
    [property: Id(0)] string ResponseCode,
    [property: Id(1)] Refusal? Reason,
    [property: Id(2)] string? Rrn = null,
    [property: Id(3)] string? OriginalRrn = null,
    [property: Id(4)] bool IsWaiting = false,
    [property: Id(5)] string? MaskedCard = null,
    [property: Id(6)] DateTimeOffset? MadeAt = null,
    [property: Id(7)] string? Payee = null,
    [property: Id(8)] string? OrderId = null)
{
    public static CounterRefundAnswer Refused(Refusal reason) => new(reason.ResponseCode(), reason);
}

/// <summary>Refunds that a counter asks for: lookup, R1 under the terminal's key, and the repeats of its answer.</summary>
/// <exception cref="Storage.Postgres.DatabaseAwayException">Any method may throw it; the same again finds out what was stored.</exception>
public sealed class CounterRefunds(CounterRefundRows rows, IRrnSource rrns, NoticeSignal signal, IBillChanges changes)
{
    /// <summary>A payment of which money can be given back, by its bill's number or by its RRN.</summary>
    public async Task<(BillRow? Row, Refusal? Refusal)> Find(long? bill, long? rrn) => await rows.FindBill(bill, rrn) switch
    {
        null => (null, bill is null ? Refusal.PaymentUnknown : Refusal.BillUnknown),
        { Row: { Payment: not null } row } when row.Refunded == row.Bill.Amount.Minor => (row, Refusal.NothingLeftToRefund),
        { Row: var row } seen => (row, CounterRefundRows.WhyNot(seen, amount: 1, row!.Payment?.MaskedCard ?? "")),
    };

    /// <returns>The answer that stands under the key; null when the key is not known.</returns>
    public async Task<CounterRefundAnswer?> Find(SwipeKey key, long bill, long amount, string? maskedCard) =>
        await rows.Find(key) is { } row ? AnswerOf(row, bill, amount, maskedCard) : null;

    /// <summary>Why the refund cannot be made as things are; null when it can.</summary>
    public async Task<Refusal?> WhyNot(long bill, long amount, string maskedCard) =>
        CounterRefundRows.WhyNot(await rows.FindBill(bill, rrn: null), amount, maskedCard);

    /// <summary>The refund, or why it cannot be made; the first row of a key stands.</summary>
    public async Task<CounterRefundAnswer> Make(
        SwipeKey key, string store, long bill, long amount, string maskedCard, string clerk, string supervisor)
    {
        var row = await rows.Make(new AskAtCounter(key, store, await rrns.Next(), bill, amount, maskedCard, clerk, supervisor));
        if (row.Rrn is not null)
        {
            signal.Raise();
            changes.Report(bill);
        }

        return AnswerOf(row, bill, amount, maskedCard);
    }

    /// <summary>Stores a final refusal under the key; a key that is known gets its answer.</summary>
    /// <param name="bill">Null, like the next two, when the message could not be read.</param>
    public async Task<CounterRefundAnswer> Refuse(SwipeKey key, Refusal why, long? bill, long? amount, string? maskedCard) =>
        AnswerOf(await rows.Close(key, why, bill, amount, maskedCard), bill, amount, maskedCard);

    /// <summary>The stored answer; an unknown key is voided, so that a delayed 0220 is refused.</summary>
    public async Task<CounterRefundAnswer> Enquire(SwipeKey key, long bill, long amount) =>
        AnswerOf(await rows.Close(key, Refusal.RefundNeverHappened, null, null, null), bill, amount, null);

    private static CounterRefundAnswer AnswerOf(RefundKeyRow row, long? bill, long? amount, string? maskedCard) =>
        Differs(row.Bill, bill) || Differs(row.Amount, amount) || (row.MaskedCard is { } known && maskedCard is { } shown && known != shown)
            ? CounterRefundAnswer.Refused(Refusal.KeyReused)
        : row.Rrn is not { } rrn ? CounterRefundAnswer.Refused(row.Reason!.Value)
        : new CounterRefundAnswer(
            ResponseCodes.Approved,
            Reason: null,
            Rrn.ToText(rrn),
            Rrn.ToText(row.OriginalRrn!.Value),
            row.IsWaiting,
            row.MaskedCard,
            row.MadeAt,
            row.Payee,
            row.OrderId);

    private static bool Differs(long? known, long? said) => known is { } a && said is { } b && a != b;
}
