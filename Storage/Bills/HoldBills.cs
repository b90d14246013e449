using Lakala.Rules.Bills;
using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Bills;

/// <summary>A terminal looks the bill up.</summary>
public sealed record HoldBill(long Number);

/// <summary>Holds bills for lookups, if the rules allow one more hold; returns each bill after the hold.</summary>
public sealed class HoldBills : BatchStatement<HoldBill, BillSeen>
{
    public override string Name => "hold_bills";

    public override BatchInput<HoldBill> Input { get; } = new BatchInput<HoldBill>()
        .Column("number", "bigint", static c => c.Number)
        .Constant("hold_time", Bill.HoldTime);

    public override string Sql =>
        $"""
        with locked as materialized (
          select b.number, b.state = 'OPEN' and b.holds < {Bill.MaxHolds}
                   and (b.expires_at > clock_timestamp() or b.held_until > clock_timestamp()) as may_hold
          from bills b where b.number = any({Input["number"]}) order by b.number for no key update
        ), held as (
          update bills b set held_until = clock_timestamp() + {Input["hold_time"]}, holds = b.holds + 1
          from locked l where b.number = l.number and l.may_hold
          returning b.number, b.held_until
        )
        select i.ord, clock_timestamp() as as_of, h.held_until as new_hold, b.*
        from {Input.Rows}
        left join lateral (select {BillRows.Columns} from {BillRows.From} where b.number = i.number) b on true
        left join held h on h.number = i.number
        """;

    public override BillSeen Read(NpgsqlDataReader row, HoldBill item)
    {
        var bill = BillRows.Read(row);
        if (bill is not null && row.Get<DateTimeOffset?>("new_hold") is { } until)
        {
            bill = bill with { Bill = bill.Bill.Apply(new BillEvent.Held(until)) };
        }

        return new BillSeen(bill, row.Get<DateTimeOffset>("as_of"));
    }
}
