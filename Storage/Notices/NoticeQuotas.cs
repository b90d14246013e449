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
