using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Bills;

/// <summary>The columns and the reader that all statements over bills share, and the bills that are due. <see cref="ReadBills"/> reads one bill.</summary>
public sealed class BillRows(NpgsqlDataSource database) : IDueBills
{
    internal const string From =
        "bills b join merchants m on m.id = b.merchant_id left join attempts p on p.rrn = b.paid_rrn left join trades t on t.bill = b.number and b.delivery is not null";

    /// <summary>The columns for <see cref="ReadUnpaid"/>, of bills b and merchants m. No expression may have a comma.</summary>
    internal const string OwnColumns =
        $"""
        b.number, b.merchant_id, m.name as merchant_name, b.order_id, b.description, b.state, b.amount, b.currency, b.expires_at, b.held_until,
        b.holds, b.page_token, b.shopper_name, b.shopper_email, b.shopper_phone, b.shopper_language, b.metadata, b.created_at, b.closed_at, b.is_fee_kept,
        {TradeColumns.OfTerms}
        """;

    /// <summary>The columns for <see cref="Read"/>, from <see cref="From"/>. No expression may have a comma.</summary>
    internal const string Columns =
        $"""
        {OwnColumns},
        b.refunded, p.settled_at as paid_at, p.rrn as paid_rrn, p.authorisation_code as paid_code, p.masked_pan as paid_card,
        p.store_id as paid_store, p.terminal_id as paid_terminal,
        p.fee_basis_points as paid_fee, p.commission_percent as paid_commission,
        {TradeColumns.OfTrade}
        """;

    // All searches by time use the start of the statement: a clock that moves while the statement runs cannot bound an index
    // scan, and every bill that is not due would be read too.
    private const string IsFree = "state <> 'PAYING' and (held_until is null or held_until <= clock_timestamp())";
    private const string ExpiringInOrder = $"watched and expires_at <= statement_timestamp() and {IsFree} order by expires_at";
    private const string RemindingInOrder = $"remind_at <= statement_timestamp() and {IsFree} order by remind_at";

    internal const string FirstExpiring = $"select number from bills where {ExpiringInOrder} limit 1";

    internal const string FirstReminding = $"select number from bills where {RemindingInOrder} limit 1";

    /// <inheritdoc/>
    public Task<IReadOnlyList<long>> Expiring(int limit, CancellationToken stop) => Due(
        $"""
        with due as (
          select number, state from bills where {ExpiringInOrder} limit $1 for no key update skip locked
        ), seen as (
          update bills b set watched = false from due where b.number = due.number and due.state <> 'OPEN'
        )
        select number from due where state = 'OPEN'
        """,
        limit,
        stop);

    /// <inheritdoc/>
    public Task<IReadOnlyList<long>> Reminding(int limit, CancellationToken stop) => Due(
        $"""
        with due as (
          select number, state = 'OPEN' and expires_at > clock_timestamp() as is_open from bills
          where {RemindingInOrder} limit $1 for no key update skip locked
        ), over as (
          update bills b set remind_at = null from due where b.number = due.number and not due.is_open
        )
        select number from due where is_open
        """,
        limit,
        stop);

    private Task<IReadOnlyList<long>> Due(string sql, int limit, CancellationToken stop) =>
        database.List(sql, static row => row.Get<long>("number"), stop, limit);

    /// <returns>Null when the outer join found no bill.</returns>
    internal static BillRow? Read(NpgsqlDataReader row)
    {
        if (row.IsNull("number"))
        {
            return null;
        }

        var bill = ReadUnpaid(row);
        return row.Get<DateTimeOffset?>("paid_at") is { } paidAt
            ? bill with
            {
                Refunded = row.Get<long>("refunded"),
                Payment = new Payment(
                    paidAt,
                    Rrn.ToText(row.Get<long>("paid_rrn")),
                    row.Get<string>("paid_code"),
                    row.Get<string>("paid_card"),
                    row.Get<string>("paid_store"),
                    row.Get<string>("paid_terminal"),
                    new Rates(row.Get<int>("paid_fee"), row.Get<int>("paid_commission"))),
                Trade = bill.Escrow is { } terms ? TradeColumns.ReadTrade(row, terms) : null,
            }
            : bill;
    }

    /// <summary>A bill without its payment.</summary>
    internal static BillRow ReadUnpaid(NpgsqlDataReader row)
    {
        var bill = new Bill(
            StateNames.ParseBill(row.Get<string>("state")),
            new Money(row.Get<long>("amount"), row.Get<string>("currency")),
            row.Get<DateTimeOffset>("expires_at"),
            row.Get<DateTimeOffset?>("held_until"),
            row.Get<short>("holds"));
        return new BillRow(
            row.Get<long>("number"),
            row.Get<string>("merchant_id"),
            row.Get<string>("merchant_name"),
            row.Get<string>("order_id"),
            row.Get<string>("description"),
            bill,
            row.Get<string>("page_token"),
            row.GetOrNull<string>("shopper_name"),
            row.GetOrNull<string>("shopper_email"),
            row.GetOrNull<string>("shopper_phone"),
            row.GetOrNull<string>("shopper_language"),
            row.GetOrNull<string>("metadata"),
            row.Get<DateTimeOffset>("created_at"),
            null,
            row.Get<DateTimeOffset?>("closed_at"),
            Escrow: TradeColumns.ReadTerms(row),
            FeeOnRefund: row.Get<bool>("is_fee_kept") ? FeeOnRefund.Kept : FeeOnRefund.Returned);
    }
}
