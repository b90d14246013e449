using Lakala.Rules.Refunds;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Refunds;

/// <param name="Rrn">The refund's name for ever: at the bank, in the books, and for its merchant.</param>
/// <param name="OriginalRrn">Of the payment that it gives back.</param>
/// <param name="Before">What was refunded of the bill before it, in minor units.</param>
/// <param name="Reason">The merchant's words; null when it gave none.</param>
/// <param name="ResponseCode">The bank's last word, field 39; null before it, and when two operators have entered what the bank has done.</param>
/// <param name="Store">The store whose counter asked for it; null when none did.</param>
/// <param name="IsPaidOtherwise">The platform has paid it out of the reserve account, and not to the card.</param>
/// <param name="IsSettled">Whether two operators have decided how the shopper gets what the bank has refused; null when nobody has to.</param>
public sealed record RefundRow(
    long Rrn,
    long Bill,
    string MerchantId,
    long OriginalRrn,
    Money Amount,
    long Before,
    RefundState State,
    string? Reason,
    string? ResponseCode,
    int Tries,
    DateTimeOffset CreatedAt,
    DateTimeOffset? FinishedAt,
    string? Store = null,
    bool IsPaidOtherwise = false,
    bool? IsSettled = null)
{
    /// <summary>The columns for <see cref="Read"/>, of refunds r.</summary>
    internal const string Columns =
        """
        r.rrn, r.bill, r.merchant_id, r.original_rrn, r.amount, r.currency, r.before, r.state, r.reason, r.response_code, r.tries, r.created_at, r.finished_at, r.store_id,
        r.is_paid_otherwise, (select f.closed_at is not null from refused_refunds f where f.rrn = r.rrn) as is_settled
        """;

    public BillNumber BillNumber => BillNumber.FromStored(Bill);

    internal static RefundRow Read(NpgsqlDataReader row) => new(
        row.Get<long>("rrn"),
        row.Get<long>("bill"),
        row.Get<string>("merchant_id"),
        row.Get<long>("original_rrn"),
        new Money(row.Get<long>("amount"), row.Get<string>("currency")),
        row.Get<long>("before"),
        StateNames.ParseRefund(row.Get<string>("state")),
        row.GetOrNull<string>("reason"),
        row.GetOrNull<string>("response_code"),
        row.Get<int>("tries"),
        row.Get<DateTimeOffset>("created_at"),
        row.Get<DateTimeOffset?>("finished_at"),
        row.GetOrNull<string>("store_id"),
        row.Get<bool>("is_paid_otherwise"),
        row.Get<bool?>("is_settled"));
}

/// <summary>A refund to send, with what names its original at the bank.</summary>
/// <param name="Tries">Before this one.</param>
/// <param name="SentAt">The time of the first try: every try is the same message.</param>
public sealed record RefundToSend(
    long Rrn,
    long OriginalRrn,
    Money Amount,
    int Tries,
    DateTimeOffset SentAt,
    string Terminal,
    int OriginalStan,
    string Store,
    DateTimeOffset OriginalTime);
