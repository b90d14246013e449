namespace Lakala.Vocabulary;

/// <summary>What may be told of a bill, and of a merchant's keys.</summary>
public static class EventTypes
{
    /// <summary>For the shopper alone, like <see cref="Expiring"/>: the merchant has made the bill.</summary>
    public const string Created = "bill.created";

    /// <summary>The bill is still open and has not long to live.</summary>
    public const string Expiring = "bill.expiring";

    public const string Paid = "bill.paid";
    public const string Expired = "bill.expired";
    public const string Cancelled = "bill.cancelled";

    public const string KeyCreated = "api_key.created";
    public const string KeyRevoked = "api_key.revoked";

    /// <summary>Of a bill, and told to its merchant.</summary>
    public static readonly IReadOnlyList<string> ToMerchant = [Paid, Expired, Cancelled];

    /// <summary>Of an API key, and told to its merchant.</summary>
    public static readonly IReadOnlyList<string> OfKeys = [KeyCreated, KeyRevoked];
}
