using Lakala.Grains.Bills;

namespace Lakala.Grains.Notices;

/// <summary>A way to tell somebody of an event. Called again with the same notice until it is accepted, skipped or parked.</summary>
public interface INoticeChannel
{
    /// <summary>
    /// Whether the channel reaches the receiver of a delivery: a webhook endpoint by its id, or one of <see cref="ShopperReceivers"/>.
    /// What no channel of this silo serves is left to the other silos.
    /// </summary>
    bool Serves(string receiver);

    /// <summary>How many notices to one receiver may be on their way at once. Null: as many as to any receiver.</summary>
    int? MaxInFlight => null;

    /// <summary>One try, which the channel bounds with clocks of its own. A refusal is a value; the retries are not its business.</summary>
    Task<NoticeAnswer> Send(Notice notice, CancellationToken stop);
}

/// <summary>One event on its way to one receiver, claimed for one try.</summary>
/// <param name="Data">The event's data, a JSON value.</param>
/// <param name="Endpoint">Set when the receiver is a webhook endpoint.</param>
/// <param name="Bill">Set when the receiver is a shopper: the bill as it is now, which the event may have been overtaken by.</param>
/// <param name="Tries">How many tries there were, this one included. Only who holds the latest may record an outcome.</param>
/// <param name="WasUncertain">A try before this one ended as <see cref="NoticeOutcome.Uncertain"/>.</param>
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

public enum NoticeOutcome
{
    Accepted,

    /// <summary>Not accepted; another try may do better.</summary>
    Failed,

    /// <summary>The receiver may have it and did not say so. Tried once more: a second uncertain try parks the notice.</summary>
    Uncertain,

    /// <summary>Not accepted, and no further try will do better: parked at once.</summary>
    Refused,

    /// <summary>There is nothing left to tell, or nobody.</summary>
    Skipped,

    /// <summary>The endpoint says that it is gone for good: the notice is skipped, and the endpoint is disabled.</summary>
    Gone,
}

/// <param name="Status">The receiver's HTTP or SMTP status, when there was one.</param>
/// <param name="Error">Why it was not accepted, in words that the merchant may read; null when it was.</param>
/// <param name="RetryAfter">The pause that the receiver asks for.</param>
public sealed record NoticeAnswer(NoticeOutcome Outcome, int? Status = null, string? Error = null, TimeSpan? RetryAfter = null)
{
    public static NoticeAnswer Skipped(string why) => new(NoticeOutcome.Skipped, Error: why);
}

/// <summary>An event's id as merchants see it: <c>evt_</c> and 32 hexadecimal digits.</summary>
public static class EventName
{
    private const string Mark = "evt_";

    public static string Of(Guid id) => Mark + id.ToString("N");

    public static bool TryParse(string? name, out Guid id)
    {
        id = default;
        return name is not null && name.StartsWith(Mark, StringComparison.Ordinal) && Guid.TryParseExact(name.AsSpan(Mark.Length), "N", out id);
    }
}
