namespace Lakala.Storage.Notices;

/// <summary>The reasons for which a notice to a shopper is not sent.</summary>
public enum NoticeQuota
{
    /// <summary>No reason: it is counted, and may be sent.</summary>
    Free,

    /// <summary>The address has reached its limit for this merchant.</summary>
    AddressFull,

    /// <summary>The merchant has reached its limit for this channel within a day.</summary>
    MerchantFull,
}

/// <summary>The limits of a merchant's notices over one channel, over all silos.</summary>
/// <param name="PerHour">To one address within an hour.</param>
/// <param name="PerDay">To one address within a day.</param>
/// <param name="InAllPerDay">To all addresses together within a day.</param>
public sealed record NoticeQuotas(int PerHour, int PerDay, int InAllPerDay);

internal static class QuotaStatements
{
    public const string Resend = "resend";

    /// <summary>
    /// Counts one in each row and returns the merchants of the counted rows; a row at its limit is not counted or returned. Statements that count the same row wait for each other.
    /// </summary>
    /// <param name="rows">An alias with merchant_id, what and subject, or the source of the select.</param>
    /// <param name="perHour">A parameter or number; null: without a bound.</param>
    public static string Count(string rows, string? perHour, string perDay) =>
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
