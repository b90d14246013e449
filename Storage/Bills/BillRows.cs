using Lakala.Rules.Bills;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Bills;

/// <summary>Reads bills: the columns that every statement shares, and bills that are due.</summary>
public sealed class BillRows(NpgsqlDataSource database) : IBillReader
{
    internal const string From = "bills b join merchants m on m.id = b.merchant_id left join attempts p on p.rrn = b.paid_rrn";

    internal const string Columns =
        """
        b.number, b.merchant_id, m.name as merchant_name, b.order_id, b.description, b.state, b.amount, b.currency, b.expires_at, b.held_until,
        b.holds, b.page_token, b.shopper_name, b.shopper_email, b.shopper_phone, b.shopper_language, b.metadata, b.created_at, b.closed_at,
        p.settled_at as paid_at, p.rrn as payment_rrn, p.authorisation_code as paid_code, p.masked_pan as paid_card,
        p.store_id as paid_store, p.terminal_id as paid_terminal
        """;

    // The columns are counted by commas: no column's expression may have one.
    internal static readonly int ColumnCount = Columns.Count(sign => sign == ',') + 1;

    internal static readonly string NoColumns = string.Join(", ", Enumerable.Repeat("null", ColumnCount));

    /// <inheritdoc/>
    /// <remarks>All searches by time use the start of the statement: a clock that moves while the statement
    /// runs cannot bound an index scan, and every bill that is not due would be read too.</remarks>
    public Task<IReadOnlyList<long>> Expiring(int limit, CancellationToken stop) => Due(
        """
        with due as (
          select number, state from bills
          where watched and expires_at <= statement_timestamp() and state <> 'PAYING' and (held_until is null or held_until <= clock_timestamp())
          order by expires_at limit $1 for no key update skip locked
        ), seen as (
          update bills b set watched = false from due where b.number = due.number and due.state <> 'OPEN'
        )
        select number from due where state = 'OPEN'
        """,
        limit,
        stop);

    /// <inheritdoc/>
    public Task<IReadOnlyList<long>> Reminding(int limit, CancellationToken stop) => Due(
        """
        with due as (
          select number, state = 'OPEN' and expires_at > clock_timestamp() as is_open from bills
          where remind_at <= statement_timestamp() and state <> 'PAYING' and (held_until is null or held_until <= clock_timestamp())
          order by remind_at limit $1 for no key update skip locked
        ), over as (
          update bills b set remind_at = null from due where b.number = due.number and not due.is_open
        )
        select number from due where is_open
        """,
        limit,
        stop);

    private async Task<IReadOnlyList<long>> Due(string sql, int limit, CancellationToken stop)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var rows = await command.ExecuteReaderAsync(stop);
        var due = new List<long>();
        while (await rows.ReadAsync(stop))
        {
            due.Add(rows.GetInt64(0));
        }

        return due;
    }

    /// <returns>Null when the outer join found no bill.</returns>
    internal static BillRow? Read(NpgsqlDataReader row, int at)
    {
        if (row.IsDBNull(at))
        {
            return null;
        }

        var bill = new Bill(
            StateNames.ToBill(row.GetString(at + 5)),
            new Money(row.GetInt64(at + 6), row.GetString(at + 7)),
            row.GetFieldValue<DateTimeOffset>(at + 8),
            row.Nullable<DateTimeOffset>(at + 9),
            row.GetInt16(at + 10));
        var payment = row.IsDBNull(at + 19)
            ? null
            : new Payment(
                row.GetFieldValue<DateTimeOffset>(at + 19),
                Rrn.ToText(row.GetInt64(at + 20)),
                row.GetString(at + 21),
                row.GetString(at + 22),
                row.GetString(at + 23),
                row.GetString(at + 24));
        return new BillRow(
            row.GetInt64(at),
            row.GetString(at + 1),
            row.GetString(at + 2),
            row.GetString(at + 3),
            row.GetString(at + 4),
            bill,
            row.GetString(at + 11),
            row.Text(at + 12),
            row.Text(at + 13),
            row.Text(at + 14),
            row.Text(at + 15),
            row.Text(at + 16),
            row.GetFieldValue<DateTimeOffset>(at + 17),
            payment,
            row.Nullable<DateTimeOffset>(at + 18));
    }
}
