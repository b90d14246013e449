using System.Text.Json.Serialization;

namespace Lakala.Terminal.Client.Words;

public enum Outcome
{
    [JsonStringEnumMemberName("found")]
    Found,

    [JsonStringEnumMemberName("approved")]
    Approved,

    /// <summary>The bank said no.</summary>
    [JsonStringEnumMemberName("declined")]
    Declined,

    /// <summary>Not paid for any other reason.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    /// <summary>A 0200 may have left, and no final answer is known.</summary>
    [JsonStringEnumMemberName("unknown")]
    Unknown,

    /// <summary>Every earlier payment is certain and printed.</summary>
    [JsonStringEnumMemberName("settled")]
    Settled,

    /// <summary>The batches are closed; whether their totals agree stands with each of them.</summary>
    [JsonStringEnumMemberName("closed")]
    Closed,
}
