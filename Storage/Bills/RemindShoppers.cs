using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Bills;

/// <summary>The only reminder of an open bill: the event for its shopper.</summary>
/// <param name="EventData">The bill in the form of the notices.</param>
/// <param name="Receivers">Of the shopper.</param>
public sealed record RemindShopper(long Number, Guid EventId, string MerchantId, string EventData, IReadOnlyList<string> Receivers, DateTimeOffset At);

/// <param name="Done">False: the bill is closed or at a counter, or another silo has reminded already.</param>
public sealed record ReminderOutcome(bool Done);

/// <summary>Clears the reminder of open bills, with event and deliveries, in one commit, so that it is sent once.</summary>
public sealed class RemindShoppers : BatchStatement<RemindShopper, ReminderOutcome>
{
    public override string Name => "remind_shoppers";

    public override BatchInput<RemindShopper> Input { get; } = new BatchInput<RemindShopper>()
        .Column("number", "bigint", static r => r.Number)
        .Column("event_id", "uuid", static r => r.EventId)
        .Column("merchant_id", "text", static r => r.MerchantId)
        .Column("event_data", "text", static r => r.EventData)
        .TextsColumn("receivers", static r => r.Receivers)
        .Column("at", "timestamptz", static r => r.At);

    public override string Sql =>
        $"""
        with input as materialized (
          select * from {Input.Rows}
        ), locked as materialized (
          select b.number from bills b where b.number = any({Input["number"]}) order by b.number for no key update
        ), reminded as materialized (
          update bills b set remind_at = null
          from input i
          where (select count(*) from locked) > 0 and b.number = i.number and b.state = 'OPEN' and b.remind_at is not null
            and (b.held_until is null or b.held_until <= clock_timestamp())
          returning i.*
        ), evented as (
          insert into events (merchant_id, id, type, bill, created_at, data)
          select merchant_id, event_id, '{EventTypes.Expiring}', number, at, event_data from reminded
        ), delivered as (
          insert into deliveries (event_id, receiver, merchant_id, due_at)
          select event_id, unnest(receivers::text[]), merchant_id, at from reminded
        )
        select i.ord, i.ord in (select ord from reminded) as is_done from input i
        """;

    public override ReminderOutcome Read(NpgsqlDataReader row, RemindShopper item) => new(row.Get<bool>("is_done"));
}
