using Lakala.Storage.Postgres;

namespace Lakala.Storage.Bills;

/// <summary>The receivers of a bill's events. Every commit that writes such an event writes a delivery for each.</summary>
internal static class BillReceivers
{
    /// <summary>
    /// A select of deliveries (event, receiver, merchant, due): for the merchant's endpoints that are not disabled, and for the receivers of
    /// the shopper in the item.
    /// </summary>
    /// <param name="rows">Rows with merchant_id and receivers, and their alias; the other parameters are expressions over it.</param>
    internal static string Select(string rows, string @event, string due, string condition = "true") =>
        $"""
        select {@event}, w.id, w.merchant_id, {due}
        from {rows} join webhook_endpoints w using (merchant_id) where w.deleted_at is null and w.disabled_at is null and {condition}
        union all
        select {@event}, unnest(receivers::text[]), merchant_id, {due} from {rows} where receivers is not null and {condition}
        """;

    /// <summary>The statement that inserts an event of a bill that the caller has locked, with its deliveries, in the caller's commit.</summary>
    /// <param name="type">Of <see cref="Vocabulary.EventTypes"/>.</param>
    /// <param name="receivers">Of the shopper.</param>
    internal static Statement InsertEvent(BillRow bill, string type, DateTimeOffset at, string data, IReadOnlyList<string> receivers) => new(
        $"""
        with happened (merchant_id, event_id, receivers) as (
          values ($1, $2, $3)
        ), evented as (
          insert into events (merchant_id, id, type, bill, created_at, data) select $1, $2, $4, $5, $6, $7
        )
        insert into deliveries (event_id, receiver, merchant_id, due_at)
        {Select("happened h", "h.event_id", "$6")}
        """,
        bill.MerchantId,
        Guid.CreateVersion7(at),
        receivers.ToArray(),
        type,
        bill.Number,
        at,
        data);
}
