using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Bills;

/// <param name="Row">Null when there is no such bill.</param>
/// <param name="AsOf">The database's clock when it was read.</param>
public record BillSeen(BillRow? Row, DateTimeOffset AsOf);

/// <summary>Reads bills by number, without changing them.</summary>
public sealed class ReadBills : BatchStatement<long, BillSeen>
{
    public override string Name => "read_bills";

    public override BatchInput<long> Input { get; } = new BatchInput<long>().Column("number", "bigint", static number => number);

    public override string Sql =>
        $"""
        select i.ord, clock_timestamp() as as_of, b.*
        from {Input.Rows}
        left join lateral (select {BillRows.Columns} from {BillRows.From} where b.number = i.number) b on true
        """;

    public override BillSeen Read(NpgsqlDataReader row, long item) =>
        new(BillRows.Read(row), row.Get<DateTimeOffset>("as_of"));
}
