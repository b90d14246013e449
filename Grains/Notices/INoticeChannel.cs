using Lakala.Grains.Bills;

namespace Lakala.Grains.Notices;

/// <summary>A way to tell somebody of an event. Called again with the same notice until it is accepted, skipped or parked.</summary>
public interface INoticeChannel
{
    /// <summary>Whether the channel reaches the receiver of a delivery: a webhook endpoint by its id, or one of <see cref="ShopperReceivers"/>.</summary>
    bool Serves(string receiver);

    /// <summary>One try, over within <see cref="NoticeOptions.Timeout"/>. A refusal is a value; the retries are not its business.</summary>
    Task<NoticeAnswer> Send(Notice notice, CancellationToken stop);
}

/// <summary>One event on its way to one receiver, claimed for one try.</summary>
/// <param name="Data">The event's data, a JSON value.</param>
/// <param name="Endpoint">Set when the receiver is a webhook endpoint.</param>
/// <param name="Bill">Set when the receiver is a shopper: the bill as it is now, which the event may have been overtaken by.</param>
/// <param name="Tries">How many tries there were, this one included. Only who holds the latest may record an outcome.</param>
public sealed record Notice(
    Guid EventId,
    string Receiver,
    string Type,
    DateTimeOffset Timestamp,
    string Data,
    WebhookTarget? Endpoint,
    BillRow? Bill,
    int Tries)
{
    public override string ToString() => $"{EventName.Of(EventId)} to {Receiver}, try {Tries}";
}

/// <param name="Secret">Wrapped by the key vault, like <paramref name="PreviousSecret"/>, which is there while a rotation lasts.</param>
public sealed record WebhookTarget(string Url, byte[] Secret, byte[]? PreviousSecret, bool IsDeleted);

/// <param name="Status">The receiver's HTTP status, when there was one.</param>
/// <param name="Error">Why it was not accepted, in words that the merchant may read; null when it was.</param>
/// <param name="IsFinal">No further try will do better.</param>
/// <param name="IsSkipped">There is nothing left to tell; <paramref name="Error"/> says why.</param>
public sealed record NoticeAnswer(int? Status, string? Error, bool IsFinal = false, bool IsSkipped = false)
{
    public bool IsAccepted => Error is null;

    public static NoticeAnswer Skipped(string why) => new(null, why, IsFinal: true, IsSkipped: true);
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
