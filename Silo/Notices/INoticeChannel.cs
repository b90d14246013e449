using Lakala.Storage.Notices;

namespace Lakala.Silo.Notices;

/// <summary>A channel that sends notices. Called again with the same notice until it is accepted, skipped or parked.</summary>
public interface INoticeChannel
{
    /// <summary>
    /// True when the channel serves the receiver of a delivery: a webhook endpoint by its id, or one of <see cref="ShopperReceivers"/>.
    /// At most one channel serves a receiver. Deliveries that no channel of this silo serves are left to the other silos.
    /// </summary>
    bool Serves(string receiver);

    /// <summary>The most notices in flight to one receiver. Null: the general bound.</summary>
    int? MaxInFlight => null;

    /// <summary>One try, which the channel bounds with its own time-outs: only the channel knows the step that waits. A refusal is a value; the caller repeats.</summary>
    Task<NoticeAnswer> Send(Notice notice);
}

public enum NoticeOutcome
{
    Accepted,

    /// <summary>Not accepted; another try may succeed.</summary>
    Failed,

    /// <summary>The receiver may have it, but has not answered. Tried once more: a second uncertain try parks the notice.</summary>
    Uncertain,

    /// <summary>Finally refused: parked at once.</summary>
    Refused,

    /// <summary>The notice is no longer needed, or has no receiver.</summary>
    Skipped,

    /// <summary>The endpoint has answered that it is gone: the notice is skipped, and the endpoint is disabled.</summary>
    Gone,
}

/// <param name="Status">The receiver's HTTP or SMTP status, if there was one.</param>
/// <param name="Error">Why it was not accepted, as a text for the merchant; null when it was.</param>
/// <param name="RetryAfter">The pause for which the receiver asks.</param>
public sealed record NoticeAnswer(NoticeOutcome Outcome, int? Status = null, string? Error = null, TimeSpan? RetryAfter = null)
{
    public static NoticeAnswer Skipped(string why) => new(NoticeOutcome.Skipped, Error: why);
}
