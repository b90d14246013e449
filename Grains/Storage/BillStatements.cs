using Lakala.Bills;
using Lakala.Grains.Bills;
using Lakala.Grains.Notices;
using Npgsql;

namespace Lakala.Grains.Storage;

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
        left join lateral (select {BillStore.BillColumns} from {BillStore.BillFrom} where b.number = i.number) b on true
        """;

    public override IEnumerable<NpgsqlParameter> Parameters() => [new NpgsqlParameter<long[]>()];

    public override void Bind(NpgsqlParameterCollection parameters, ReadOnlySpan<long> batch) => Set(parameters, 0, batch.ToArray());

    public override BillSeen Read(NpgsqlDataReader row, long command) =>
        new(BillStore.ReadBill(row, 2), row.GetFieldValue<DateTimeOffset>(1));
}

/// <summary>A lookup's hold, where the rules allow one more; the bill is returned as it stands afterwards.</summary>
public sealed class HoldBills : BatchStatement<long, BillSeen>
{
    public override string Name => "hold_bills";

    public override string Sql { get; } =
        $"""
        with locked as materialized (
          select b.number, b.state = 'OPEN' and b.holds < {Bill.MaxHolds}
                   and (b.expires_at > clock_timestamp() or b.held_until > clock_timestamp()) as may_hold
          from bills b where b.number = any($1::bigint[]) order by b.number for no key update
        ), held as (
          update bills b set held_until = clock_timestamp() + $2, holds = b.holds + 1
          from locked l where b.number = l.number and l.may_hold
          returning b.number, b.held_until
        )
        select i.ord, clock_timestamp(), h.held_until, b.*
        from unnest($1::bigint[]) with ordinality as i(number, ord)
        left join lateral (select {BillStore.BillColumns} from {BillStore.BillFrom} where b.number = i.number) b on true
        left join held h on h.number = i.number
        """;

    public override IEnumerable<NpgsqlParameter> Parameters() =>
        [new NpgsqlParameter<long[]>(), new NpgsqlParameter<TimeSpan> { TypedValue = Bill.HoldTime }];

    public override void Bind(NpgsqlParameterCollection parameters, ReadOnlySpan<long> batch) => Set(parameters, 0, batch.ToArray());

    public override BillSeen Read(NpgsqlDataReader row, long command)
    {
        var bill = BillStore.ReadBill(row, 3);
        if (bill is not null && row.Nullable<DateTimeOffset>(2) is { } until)
        {
            bill = bill with { Bill = bill.Bill.Apply(new BillEvent.Held(until)) };
        }

        return new BillSeen(bill, row.GetFieldValue<DateTimeOffset>(1));
    }
}

/// <summary>EXPIRED by the sweeper or CANCELLED by the merchant, with its event.</summary>
/// <param name="EventData">The bill as the notices show it, closed.</param>
/// <param name="Receivers">How the shopper is told, apart by a space.</param>
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
          from closed c cross join lateral {NoticeStore.ReceiversOf("c")} as r(receiver)
        )
        select i.ord, i.ord in (select ord from closed), clock_timestamp(), b.*
        from input i
        cross join lateral (select {BillStore.BillColumns} from {BillStore.BillFrom} where b.number = i.number) b
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
        BillStore.ReadBill(row, 3) is { } before
            ? new CloseOutcome(row.GetBoolean(1), before, row.GetFieldValue<DateTimeOffset>(2))
            : null;
}

/// <summary>The one reminder of a bill that is still open: the event for its shopper.</summary>
/// <param name="EventData">The bill as the notices show it.</param>
/// <param name="Receivers">How the shopper is told, apart by a space.</param>
public sealed record RemindShopper(long Number, Guid EventId, string MerchantId, string EventData, string Receivers, DateTimeOffset At);

/// <param name="Done">False: it is closed, at a counter, or somebody else was first.</param>
public sealed record ReminderOutcome(bool Done);

/// <summary>Takes the reminder off open bills, with event and deliveries, in one commit: so it goes out once.</summary>
public sealed class RemindShoppers : BatchStatement<RemindShopper, ReminderOutcome>
{
    public override string Name => "remind_shoppers";

    public override string Sql { get; } =
        $"""
        with input as materialized (
          select * from unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
            with ordinality as t(number, event_id, merchant_id, event_data, receivers, at, ord)
        ), locked as materialized (
          select b.number from bills b where b.number = any($1::bigint[]) order by b.number for no key update
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
          select event_id, unnest(string_to_array(receivers, ' ')), merchant_id, at from reminded
        )
        select i.ord, i.ord in (select ord from reminded) from input i
        """;

    public override IEnumerable<NpgsqlParameter> Parameters() =>
    [
        new NpgsqlParameter<long[]>(), new NpgsqlParameter<Guid[]>(), new NpgsqlParameter<string[]>(), new NpgsqlParameter<string[]>(),
        new NpgsqlParameter<string[]>(), new NpgsqlParameter<DateTimeOffset[]>(),
    ];

    public override void Bind(NpgsqlParameterCollection parameters, ReadOnlySpan<RemindShopper> batch)
    {
        Set(parameters, 0, Column(batch, static r => r.Number));
        Set(parameters, 1, Column(batch, static r => r.EventId));
        Set(parameters, 2, Column(batch, static r => r.MerchantId));
        Set(parameters, 3, Column(batch, static r => r.EventData));
        Set(parameters, 4, Column(batch, static r => r.Receivers));
        Set(parameters, 5, Column(batch, static r => r.At));
    }

    public override ReminderOutcome Read(NpgsqlDataReader row, RemindShopper command) => new(row.GetBoolean(1));
}
