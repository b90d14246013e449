using System.Diagnostics;
using Lakala.Rules.Attempts;
using Lakala.Storage;
using Lakala.Vocabulary;

namespace Lakala.Grains.Swipes;

/// <summary>The answer to the terminal.</summary>
/// <param name="ResponseCode">Field 39; null means silence: nothing is certain, and the terminal asks again.</param>
/// <param name="SettledAt">The time of the final commit, for the receipt.</param>
[GenerateSerializer, Immutable, Alias("swipe-answer")]
public sealed record SwipeAnswer(
    [property: Id(0)] string? ResponseCode,
    [property: Id(1)] Refusal? Reason,
    [property: Id(2)] AttemptState? State = null,
    [property: Id(3)] string? Rrn = null,
    [property: Id(4)] string? AuthorisationCode = null,
    [property: Id(5)] string? MaskedPan = null,
    [property: Id(6)] DateTimeOffset? SettledAt = null,
    [property: Id(7)] string? Payee = null,
    [property: Id(8)] string? OrderId = null)
{
    public static readonly SwipeAnswer Silence = new(null, null);

    public static SwipeAnswer Refused(Refusal reason) => new(reason.ResponseCode(), reason);

    /// <summary>
    /// Field 39 of the answer to an abandonment: 00 means not paid there, so it is only for a swipe that can never become paid.
    /// </summary>
    /// <returns>Null for silence.</returns>
    public string? ToAbandonCode() => State switch
    {
        AttemptState.Approved => ResponseCodes.NoActionTaken,
        AttemptState.Void => ResponseCodes.NoSuchOriginal,
        AttemptState.Sent or null => ResponseCode,
        _ => ResponseCodes.Approved,
    };
}

public static class SwipeSpans
{
    /// <summary>Records the outcome of a swipe on the span: each silo decides by it whether to keep the trace.</summary>
    /// <returns>The same answer.</returns>
    public static SwipeAnswer RecordAnswer(this Activity? span, SwipeAnswer answer)
    {
        if (span is not { IsAllDataRequested: true })
        {
            return answer;
        }

        if (answer.ResponseCode is null)
        {
            span.SetStatus(ActivityStatusCode.Error, "no answer");
        }

        span.SetTag(Instrumentation.CodeTag, answer.ResponseCode);
        span.SetTag(Instrumentation.StateTag, answer.State is { } state ? StateNames.Format(state) : null);
        return answer;
    }
}
