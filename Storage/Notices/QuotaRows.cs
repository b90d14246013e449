using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Notices;

/// <summary>Counts, over all silos, notices of a merchant that have a limit.</summary>
public sealed class QuotaRows(NpgsqlDataSource database)
{
    /// <summary>The count of an event: the times that it was sent again.</summary>
    internal const string Resend = "resend";

    /// <summary>Counts a notice to a shopper before it is sent, over all silos and once for all of its tries.</summary>
    /// <param name="address">A value that represents the shopper's address; not empty.</param>
    public async Task<NoticeQuota> CountNotice(Guid eventId, string receiver, byte[] address, NoticeQuotas quotas)
    {
        var (isFirst, hasAddressRoom, hasRoom) = await database.First(
            $"""
            with mine as (
              update deliveries set is_counted = true where event_id = $1 and receiver = $2 and not is_counted returning merchant_id, receiver
            ), address as (
              {CountOne("(select merchant_id, receiver as what, $3::bytea as subject from mine) as one", "$4", "$5")}
            ), merchant as (
              {CountOne("(select merchant_id, $2::text as what, ''::bytea as subject from address) as one", null, "$6")}
            )
            select exists (select from mine) as is_first, exists (select from address) as has_address_room, exists (select from merchant) as has_room
            """,
            static row => (row.Get<bool>("is_first"), row.Get<bool>("has_address_room"), row.Get<bool>("has_room")),
            CancellationToken.None,
            eventId,
            receiver,
            address,
            quotas.PerHour,
            quotas.PerDay,
            quotas.InAllPerDay);
        return !isFirst || hasRoom ? NoticeQuota.Free : hasAddressRoom ? NoticeQuota.MerchantFull : NoticeQuota.AddressFull;
    }

    /// <returns>The number of deleted counts whose day is over; if it is <paramref name="limit"/>, there may be more.</returns>
    public Task<int> ForgetCounts(int limit, CancellationToken stop) => database.Execute(
        """
        delete from merchant_quotas where ctid = any(array(
          select ctid from merchant_quotas where day_from < statement_timestamp() - interval '1 day' limit $1))
        """,
        stop,
        limit);

    /// <summary>
    /// Counts one in each row and returns the merchants of the counted rows; a row at its limit is not counted or returned. Statements that count the same row wait for each other.
    /// </summary>
    /// <param name="rows">An alias with merchant_id, what and subject, or the source of the select.</param>
    /// <param name="perHour">A parameter or number; null: without a bound.</param>
    internal static string CountOne(string rows, string? perHour, string perDay) =>
        $"""
        insert into merchant_quotas as q (merchant_id, what, subject, hour_from, in_hour, day_from, in_day)
        select merchant_id, what, subject, now, 1, now, 1 from {rows}, clock_timestamp() as now
        on conflict (merchant_id, what, subject) do update
        set in_hour = case when q.hour_from > excluded.hour_from - interval '1 hour' then q.in_hour + 1 else 1 end,
            hour_from = case when q.hour_from > excluded.hour_from - interval '1 hour' then q.hour_from else excluded.hour_from end,
            in_day = case when q.day_from > excluded.day_from - interval '1 day' then q.in_day + 1 else 1 end,
            day_from = case when q.day_from > excluded.day_from - interval '1 day' then q.day_from else excluded.day_from end
        where (q.in_day < {perDay} or q.day_from <= excluded.day_from - interval '1 day')
          {(perHour is null ? "" : $"and (q.in_hour < {perHour} or q.hour_from <= excluded.hour_from - interval '1 hour')")}
        returning merchant_id
        """;
}
