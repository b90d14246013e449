namespace Lakala.Storage.Bills;

/// <summary>SQL of the receivers of a bill's events. Every commit that writes such an event writes a delivery for each.</summary>
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
}
