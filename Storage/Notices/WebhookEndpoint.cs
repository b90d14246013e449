namespace Lakala.Storage.Notices;

/// <param name="RotatingUntil">Until when the secret before signs too.</param>
/// <param name="DisabledAt">Since when it hears nothing, for <paramref name="DisabledReason"/>.</param>
public sealed record WebhookEndpoint(
    string Id,
    string Url,
    DateTimeOffset CreatedAt,
    DateTimeOffset? RotatingUntil,
    DateTimeOffset? DisabledAt = null,
    string? DisabledReason = null)
{
    /// <summary>With which every id begins.</summary>
    public const string Mark = "we_";
}
