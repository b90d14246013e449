using Lakala.Storage.Bills;

namespace Lakala.Storage.Notices;

/// <summary>One delivery that is claimed for one try.</summary>
/// <param name="Data">The event's data, a JSON value.</param>
/// <param name="Endpoint">Set when the receiver is a webhook endpoint.</param>
/// <param name="Bill">Set when the receiver is a shopper: the bill now, which may have changed since the event.</param>
/// <param name="Tries">The number of tries, including this one. Only the latest try may record an outcome.</param>
/// <param name="WasUncertain">True: an earlier try ended as uncertain.</param>
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
    public override string ToString() => $"{EventName.Format(EventId)} to {Receiver}, try {Tries}";
}
