namespace Lakala.Storage.Notices;

/// <param name="RotatingUntil">The time until which the previous secret signs too.</param>
/// <param name="DisabledAt">The time since which it gets no notices, for <paramref name="DisabledReason"/>.</param>
public sealed record WebhookEndpoint(
    string Id,
    string Url,
    DateTimeOffset CreatedAt,
    DateTimeOffset? RotatingUntil,
    DateTimeOffset? DisabledAt = null,
    string? DisabledReason = null)
{
    /// <summary>The beginning of every id.</summary>
    public const string Mark = "we_";
}
