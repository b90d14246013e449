namespace Lakala.Storage.Bills;

/// <summary>SQL of the receivers of a bill's events. Every commit that writes such an event writes a delivery for each.</summary>
internal static class BillReceivers
{
    /// <summary>
    /// The receivers of a bill's event: the merchant's endpoints that are not disabled, and the receivers of the shopper in the item.
    /// </summary>
    /// <param name="row">The alias of rows with merchant_id and receivers.</param>
    internal static string Select(string row) =>
        $"""
        (select w.id from webhook_endpoints w where w.merchant_id = {row}.merchant_id and w.deleted_at is null and w.disabled_at is null
         union all select unnest({row}.receivers::text[]))
        """;
}
