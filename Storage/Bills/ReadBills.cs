using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Bills;

/// <param name="Row">Null when there is no such bill.</param>
/// <param name="AsOf">The database's clock when it was read.</param>
public sealed record BillSeen(BillRow? Row, DateTimeOffset AsOf);

/// <summary>Reads bills by number, without changing them.</summary>
public sealed class ReadBills : BatchStatement<long, BillSeen>
{
    public override string Name => "read_bills";

    public override string Sql { get; } =
        $"""
        select i.ord, clock_timestamp(), b.*
        from unnest($1::bigint[]) with ordinality as i(number, ord)
        left join lateral (select {BillRows.Columns} from {BillRows.From} where b.number = i.number) b on true
        """;

    public override IEnumerable<NpgsqlParameter> Parameters() => [new NpgsqlParameter<long[]>()];

    public override void Bind(NpgsqlParameterCollection parameters, ReadOnlySpan<long> batch) => Set(parameters, 0, batch.ToArray());

    public override BillSeen Read(NpgsqlDataReader row, long command) =>
        new(BillRows.Read(row, 2), row.GetFieldValue<DateTimeOffset>(1));
}
