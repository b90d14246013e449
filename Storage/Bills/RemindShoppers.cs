using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Bills;

/// <summary>The only reminder of an open bill: the event for its shopper.</summary>
/// <param name="EventData">The bill in the form of the notices.</param>
/// <param name="Receivers">Receivers of the shopper, separated by spaces.</param>
public sealed record RemindShopper(long Number, Guid EventId, string MerchantId, string EventData, string Receivers, DateTimeOffset At);

/// <param name="Done">False: the bill is closed or at a counter, or another silo has reminded already.</param>
public sealed record ReminderOutcome(bool Done);

/// <summary>Clears the reminder of open bills, with event and deliveries, in one commit, so that it is sent once.</summary>
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
