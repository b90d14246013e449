using Lakala.Storage.Bills;

namespace Lakala.Storage.Notices;

/// <summary>One event on its way to one receiver, claimed for one try.</summary>
/// <param name="Data">The event's data, a JSON value.</param>
/// <param name="Endpoint">Set when the receiver is a webhook endpoint.</param>
/// <param name="Bill">Set when the receiver is a shopper: the bill as it is now, which the event may have been overtaken by.</param>
/// <param name="Tries">How many tries there were, this one included. Only who holds the latest may record an outcome.</param>
/// <param name="WasUncertain">A try before this one ended as uncertain.</param>
public sealed record Notice(
    Guid EventId,
    string Receiver,
    string Type,
    DateTimeOffset Timestamp,
    string Data,
    WebhookTarget? Endpoint,
    BillRow? Bill,
    int Tries,
    bool WasUncertain = false)
{
    public override string ToString() => $"{EventName.Of(EventId)} to {Receiver}, try {Tries}";
}

/// <param name="Secret">Wrapped by the key vault, like <paramref name="PreviousSecret"/>, which is there while a rotation lasts.</param>
/// <param name="IsDisabled">It has answered that it is gone, and the merchant has not enabled it since.</param>
public sealed record WebhookTarget(string Url, byte[] Secret, byte[]? PreviousSecret, bool IsDeleted = false, bool IsDisabled = false);
