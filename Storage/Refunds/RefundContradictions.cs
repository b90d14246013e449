using Lakala.Rules.Refunds;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Refunds;

/// <summary>A refund about which the bank has said two final things.</summary>
/// <param name="State">By its first word: DONE or DECLINED.</param>
/// <param name="FirstCode">Field 39 of that word; <c>ruling</c> when two operators have entered it.</param>
/// <param name="Amount">Minor units.</param>
/// <param name="OtherCode">Field 39 of the word that contradicts it.</param>
public sealed record RefundContradiction(
    long Rrn, BillNumber Bill, string Merchant, long Amount, RefundState State, string FirstCode, string OtherCode, DateTimeOffset ReceivedAt);

/// <summary>What the bank has said about refunds that were decided otherwise. <see cref="RefundRows.Finish"/> writes it.</summary>
public sealed class RefundContradictions(NpgsqlDataSource database)
{
    /// <summary>Those that nobody has closed, the oldest first.</summary>
    public Task<IReadOnlyList<RefundContradiction>> ListOpen(int limit, CancellationToken stop) => database.List(
        """
        select r.rrn, r.bill, r.merchant_id, r.amount, r.state, coalesce(r.response_code, 'ruling') as first_code, c.response_code as other_code, c.received_at
        from refund_contradictions c join refunds r on r.rrn = c.rrn
        where c.closed_at is null order by c.received_at, c.rrn limit $1
        """,
        static row => new RefundContradiction(
            row.Get<long>("rrn"),
            BillNumber.FromStored(row.Get<long>("bill")),
            row.Get<string>("merchant_id"),
            row.Get<long>("amount"),
            StateNames.ParseRefund(row.Get<string>("state")),
            row.Get<string>("first_code"),
            row.Get<string>("other_code"),
            row.Get<DateTimeOffset>("received_at")),
        stop,
        limit);
}
