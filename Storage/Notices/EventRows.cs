using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Notices;

/// <summary>Reads merchants' events with the state of their deliveries. The commit of a change writes its event.</summary>
public sealed class EventRows(NpgsqlDataSource database)
{
    // Three queries, each with its own index.
    private const string AllEvents =
        "select id, type, created_at, data from events where merchant_id = $1 and id < $2 order by id desc limit $3";

    private const string OneEvent = "select id, type, created_at, data from events where merchant_id = $1 and id = $2 limit $3";

    private const string ParkedEvents =
        """
        select e.id, e.type, e.created_at, e.data
        from (
          select distinct event_id from deliveries
          where merchant_id = $1 and state = 'PARKED' and event_id < $2 order by event_id desc limit $3
        ) d join events e on e.merchant_id = $1 and e.id = d.event_id
        """;

    /// <summary>A merchant's events, newest first.</summary>
    /// <param name="before">Only events that are older than this one.</param>
    /// <param name="parked">Only events with a parked notice.</param>
    public Task<IReadOnlyList<EventRow>> List(string merchantId, Guid? before, bool parked, int limit, CancellationToken stop) =>
        Read(parked ? ParkedEvents : AllEvents, merchantId, before ?? Guid.AllBitsSet, limit, stop);

    /// <returns>Null: the merchant has no such event.</returns>
    public async Task<EventRow?> Find(string merchantId, Guid id, CancellationToken stop) =>
        (await Read(OneEvent, merchantId, id, 1, stop)).SingleOrDefault();

    private async Task<IReadOnlyList<EventRow>> Read(string page, string merchantId, Guid id, int limit, CancellationToken stop)
    {
        var rows = await database.List(
            $"""
            with page as ({page})
            select p.id, p.type, p.created_at, p.data,
                   d.receiver, d.state, d.tries, case d.state when 'PENDING' then d.due_at end as due_at, d.last_status, d.last_error, d.finished_at
            from page p left join deliveries d on d.event_id = p.id
            order by p.id desc, d.receiver
            """,
            static row => (Event: ReadEvent(row), Delivery: ReadDelivery(row)),
            stop,
            merchantId,
            id,
            limit);
        return
        [
            .. rows.GroupBy(static row => row.Event.Id).Select(static group => group.First().Event with
            {
                Deliveries = [.. group.Select(static row => row.Delivery).OfType<DeliveryRow>()],
            }),
        ];
    }

    private static EventRow ReadEvent(NpgsqlDataReader row) => new(
        row.Get<Guid>("id"), row.Get<string>("type"), row.Get<DateTimeOffset>("created_at"), row.Get<string>("data"), []);

    // Null: the event has none.
    private static DeliveryRow? ReadDelivery(NpgsqlDataReader row) => row.IsNull("receiver")
        ? null
        : new DeliveryRow(
            row.Get<string>("receiver"),
            StateNames.ParseDelivery(row.Get<string>("state")),
            row.Get<int>("tries"),
            row.Get<DateTimeOffset?>("due_at"),
            row.Get<int?>("last_status"),
            row.GetOrNull<string>("last_error"),
            row.Get<DateTimeOffset?>("finished_at"));
}
