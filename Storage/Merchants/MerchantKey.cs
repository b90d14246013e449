namespace Lakala.Storage.Merchants;

/// <summary>A valid key of a merchant, without its secret.</summary>
/// <param name="LastUsedAt">To the hour; null: it was never used.</param>
/// <param name="ExpiresAt">Null: it does not expire.</param>
public sealed record MerchantKey(string Id, string? Name, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt)
{
    /// <summary>The beginning of every id.</summary>
    public const string Mark = "key_";

    /// <summary>The beginning of the key.</summary>
    public string Prefix => ApiKey.MerchantMark + Id[Mark.Length..];
}

/// <param name="Secret">The whole key: it cannot be shown a second time.</param>
/// <param name="OthersWorkUntil">The time until which the others are valid; null: unchanged.</param>
public sealed record NewMerchantKey(MerchantKey Key, string Secret, DateTimeOffset? OthersWorkUntil)
{
    public override string ToString() => $"{Key.Prefix}_***";
}

/// <summary>The merchant of a request's key.</summary>
public sealed record KeyHolder(Merchant Merchant, string KeyId);
