using Lakala.Storage.Notices;

namespace Lakala.Silo.Notices;

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
