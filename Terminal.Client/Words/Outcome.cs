using System.Text.Json.Serialization;

namespace Lakala.Terminal.Client.Words;

public enum Outcome
{
    [JsonStringEnumMemberName("found")]
    Found,

    [JsonStringEnumMemberName("approved")]
    Approved,

    /// <summary>The bank declined.</summary>
    [JsonStringEnumMemberName("declined")]
    Declined,

    /// <summary>Not paid for any other reason.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    /// <summary>A 0200 may have been sent, and no final answer is known.</summary>
    [JsonStringEnumMemberName("unknown")]
    Unknown,

    /// <summary>The outcome of every earlier payment is known and printed.</summary>
    [JsonStringEnumMemberName("settled")]
    Settled,

    /// <summary>The refund is made, and is on its way or waits for the merchant: whether the card has the money is not known here.</summary>
    [JsonStringEnumMemberName("ordered")]
    Ordered,

    /// <summary>The batches are closed; each says whether its totals agree.</summary>
    [JsonStringEnumMemberName("closed")]
    Closed,
}
