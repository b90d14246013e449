namespace Lakala.Storage.Notices;

/// <summary>What a notice to a shopper may be held back for.</summary>
public enum NoticeQuota
{
    /// <summary>None: it is counted, and may go.</summary>
    Free,

    /// <summary>The address has had what it may have of the merchant.</summary>
    AddressFull,

    /// <summary>The merchant has sent what it may send in this way within a day.</summary>
    MerchantFull,
}

/// <summary>How many notices a merchant may have sent in one way, over all silos.</summary>
/// <param name="PerHour">To one address.</param>
/// <param name="PerDay">To one address.</param>
/// <param name="InAllPerDay">To all addresses together.</param>
public sealed record NoticeQuotas(int PerHour, int PerDay, int InAllPerDay);

internal static class QuotaStatements
{
    public const string Resend = "resend";

    /// <summary>
    /// Counts one in the row of each, and gives that row's merchant back; nothing where it would be too many. Two who count the same row wait for each other.
    /// </summary>
    /// <param name="rows">An alias with merchant_id, what and subject, or what is selected from.</param>
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
