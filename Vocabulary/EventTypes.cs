namespace Lakala.Vocabulary;

/// <summary>The types of events: of bills, and of a merchant's keys.</summary>
public static class EventTypes
{
    /// <summary>The merchant has made the bill. Sent to the shopper only, like <see cref="Expiring"/>.</summary>
    public const string Created = "bill.created";

    /// <summary>The bill is open and expires soon.</summary>
    public const string Expiring = "bill.expiring";

    public const string Paid = "bill.paid";
    public const string Expired = "bill.expired";
    public const string Cancelled = "bill.cancelled";

    public const string KeyCreated = "api_key.created";
    public const string KeyRevoked = "api_key.revoked";

    /// <summary>Events of a bill that are sent to its merchant.</summary>
    public static readonly IReadOnlyList<string> ToMerchant = [Paid, Expired, Cancelled];

    /// <summary>Events of an API key that are sent to its merchant.</summary>
    public static readonly IReadOnlyList<string> OfKeys = [KeyCreated, KeyRevoked];
}
