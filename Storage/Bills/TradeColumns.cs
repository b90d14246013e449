using Lakala.Rules.Trades;
using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Bills;

/// <summary>The columns and the readers of a bill's terms and of its trade.</summary>
internal static class TradeColumns
{
    /// <summary>Of bills b.</summary>
    internal const string OfTerms = "b.delivery, b.ship_within, b.confirm_within";

    /// <summary>Of trades t. No expression may have a comma, and no name may be that of another concept's column.</summary>
    internal const string OfTrade =
        """
        t.state as trade_state, t.held as trade_held, t.since as trade_since, t.due_at as trade_due_at, t.released as trade_released,
        t.releases as trade_releases, t.is_overdue as trade_is_overdue, t.method as trade_method, t.carrier as trade_carrier,
        t.tracking_number as trade_tracking_number, t.shipped_at as trade_shipped_at, t.is_corrected as trade_is_corrected,
        t.shopper_extended as trade_shopper_extended, t.merchant_extended as trade_merchant_extended, t.time_left as trade_time_left,
        t.leased_until as trade_leased_until, t.leases as trade_leases, t.frozen_by as trade_frozen_by, t.ended_at as trade_ended_at,
        t.moves as trade_moves
        """;

    /// <returns>Null: the bill is direct.</returns>
    internal static EscrowTerms? ReadTerms(NpgsqlDataReader row) => row.GetOrNull<string>("delivery") is { } method
        ? new EscrowTerms(StateNames.ParseDeliveryMethod(method), row.Get<TimeSpan>("ship_within"), row.Get<TimeSpan>("confirm_within"))
        : null;

    /// <returns>Null: the bill is not paid.</returns>
    internal static Trade? ReadTrade(NpgsqlDataReader row, EscrowTerms terms) => row.GetOrNull<string>("trade_state") is { } state
        ? new Trade(
            terms,
            StateNames.ParseTrade(state),
            row.Get<long>("trade_held"),
            row.Get<DateTimeOffset>("trade_since"),
            row.Get<DateTimeOffset?>("trade_due_at"),
            row.Get<long>("trade_released"),
            row.Get<short>("trade_releases"),
            row.Get<bool>("trade_is_overdue"),
            row.GetOrNull<string>("trade_method") is { } method
                ? new Shipping(StateNames.ParseDeliveryMethod(method), row.Get<string>("trade_carrier"), row.Get<string>("trade_tracking_number"))
                : null,
            row.Get<DateTimeOffset?>("trade_shipped_at"),
            row.Get<bool>("trade_is_corrected"),
            row.Get<short?>("trade_shopper_extended"),
            row.Get<short?>("trade_merchant_extended"),
            row.Get<TimeSpan?>("trade_time_left"),
            row.Get<DateTimeOffset?>("trade_leased_until"),
            row.Get<short>("trade_leases"),
            row.GetOrNull<string>("trade_frozen_by"),
            row.Get<DateTimeOffset?>("trade_ended_at"),
            row.Get<int>("trade_moves"))
        : null;
}
