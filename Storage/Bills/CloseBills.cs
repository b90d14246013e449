using Lakala.Rules.Bills;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Bills;

/// <summary>EXPIRED by the sweeper or CANCELLED by the merchant, with its event.</summary>
/// <param name="EventData">The closed bill in the form of the notices.</param>
/// <param name="Receivers">Of the shopper.</param>
public sealed record CloseBill(
    long Number, BillState State, Guid EventId, string MerchantId, string EventData, IReadOnlyList<string> Receivers, DateTimeOffset At)
{
    public string EventType => State == BillState.Expired ? EventTypes.Expired : EventTypes.Cancelled;
}

/// <param name="Before">The bill as it was when the statement began.</param>
public sealed record CloseOutcome(bool Closed, BillRow Before, DateTimeOffset AsOf);

/// <summary>Closes open bills that no counter holds, with event and deliveries, in one commit.</summary>
public sealed class CloseBills : BatchStatement<CloseBill, CloseOutcome>
{
    public override string Name => "close_bills";

    public override BatchInput<CloseBill> Input { get; } = new BatchInput<CloseBill>()
        .Column("number", "bigint", static c => c.Number)
        .Column("to_state", "text", static c => StateNames.Format(c.State))
        .Column("type", "text", static c => c.EventType)
        .Column("event_id", "uuid", static c => c.EventId)
        .Column("merchant_id", "text", static c => c.MerchantId)
        .Column("event_data", "text", static c => c.EventData)
        .TextsColumn("receivers", static c => c.Receivers)
        .Column("at", "timestamptz", static c => c.At);

    public override string Sql =>
        $"""
        with input as materialized (
          select * from {Input.Rows}
        ), locked as materialized (
          select b.number from bills b where b.number = any({Input["number"]}) order by b.number for no key update
        ), closed as materialized (
          update bills b set state = i.to_state, closed_at = i.at, live = false, watched = false
          from input i
          where (select count(*) from locked) > 0 and b.number = i.number and b.state = 'OPEN'
            and (b.held_until is null or b.held_until <= clock_timestamp())
            and (i.to_state <> 'EXPIRED' or b.expires_at <= clock_timestamp())
          returning i.*
        ), evented as (
          insert into events (merchant_id, id, type, bill, created_at, data)
          select merchant_id, event_id, type, number, at, event_data from closed
        ), delivered as (
          insert into deliveries (event_id, receiver, merchant_id, due_at)
          {BillReceivers.Select("closed c", "c.event_id", "c.at")}
        )
        select i.ord, i.ord in (select ord from closed) as is_closed, clock_timestamp() as as_of, b.*
        from input i
        cross join lateral (select {BillRows.Columns} from {BillRows.From} where b.number = i.number) b
        """;

    public override CloseOutcome? Read(NpgsqlDataReader row, CloseBill item) =>
        BillRows.Read(row) is { } before
            ? new CloseOutcome(row.Get<bool>("is_closed"), before, row.Get<DateTimeOffset>("as_of"))
            : null;
}
