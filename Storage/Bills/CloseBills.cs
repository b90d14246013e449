using Lakala.Rules.Bills;
using Lakala.Storage.Notices;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Bills;

/// <summary>EXPIRED by the sweeper or CANCELLED by the merchant, with its event.</summary>
/// <param name="EventData">The closed bill in the form of the notices.</param>
/// <param name="Receivers">Receivers of the shopper, separated by spaces.</param>
public sealed record CloseBill(
    long Number, BillState State, Guid EventId, string MerchantId, string EventData, string Receivers, DateTimeOffset At)
{
    public string EventType => State == BillState.Expired ? EventTypes.Expired : EventTypes.Cancelled;
}

/// <param name="Before">The bill as it was when the statement began.</param>
public sealed record CloseOutcome(bool Closed, BillRow Before, DateTimeOffset AsOf);

/// <summary>Closes open bills that no counter holds, with event and deliveries, in one commit.</summary>
public sealed class CloseBills : BatchStatement<CloseBill, CloseOutcome>
{
    public override string Name => "close_bills";

    public override string Sql { get; } =
        $"""
        with input as materialized (
          select * from unnest($1::bigint[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
            with ordinality as t(number, to_state, type, event_id, merchant_id, event_data, receivers, at, ord)
        ), locked as materialized (
          select b.number from bills b where b.number = any($1::bigint[]) order by b.number for no key update
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
          select c.event_id, r.receiver, c.merchant_id, c.at
          from closed c cross join lateral {NoticeRows.ReceiversOf("c")} as r(receiver)
        )
        select i.ord, i.ord in (select ord from closed), clock_timestamp(), b.*
        from input i
        cross join lateral (select {BillRows.Columns} from {BillRows.From} where b.number = i.number) b
        """;

    public override IEnumerable<NpgsqlParameter> Parameters() =>
    [
        new NpgsqlParameter<long[]>(), new NpgsqlParameter<string[]>(), new NpgsqlParameter<string[]>(), new NpgsqlParameter<Guid[]>(),
        new NpgsqlParameter<string[]>(), new NpgsqlParameter<string[]>(), new NpgsqlParameter<string[]>(), new NpgsqlParameter<DateTimeOffset[]>(),
    ];

    public override void Bind(NpgsqlParameterCollection parameters, ReadOnlySpan<CloseBill> batch)
    {
        Set(parameters, 0, Column(batch, static c => c.Number));
        Set(parameters, 1, Column(batch, static c => StateNames.Of(c.State)));
        Set(parameters, 2, Column(batch, static c => c.EventType));
        Set(parameters, 3, Column(batch, static c => c.EventId));
        Set(parameters, 4, Column(batch, static c => c.MerchantId));
        Set(parameters, 5, Column(batch, static c => c.EventData));
        Set(parameters, 6, Column(batch, static c => c.Receivers));
        Set(parameters, 7, Column(batch, static c => c.At));
    }

    public override CloseOutcome? Read(NpgsqlDataReader row, CloseBill command) =>
        BillRows.Read(row, 3) is { } before
            ? new CloseOutcome(row.GetBoolean(1), before, row.GetFieldValue<DateTimeOffset>(2))
            : null;
}
