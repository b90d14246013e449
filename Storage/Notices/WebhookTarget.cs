namespace Lakala.Storage.Notices;

/// <param name="Secret">Wrapped by the key vault, like <paramref name="PreviousSecret"/>, which exists during a rotation.</param>
/// <param name="IsDisabled">True: it has answered 410, and the merchant has not enabled it since.</param>
public sealed record WebhookTarget(string Url, byte[] Secret, byte[]? PreviousSecret, bool IsDeleted = false, bool IsDisabled = false);
