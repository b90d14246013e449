using Lakala.Rules.Attempts;
using Lakala.Vocabulary;

namespace Lakala.Grains.Swipes;

/// <summary>A way to pay. The card at the terminal is the first; further ways stand beside it.</summary>
public interface ITender
{
    /// <summary>
    /// Asks for the money of an attempt that is SENT, at most once, and not at all when <see cref="TenderRequest.LastMoment"/>
    /// has passed. What the other side does is an outcome, never an exception.
    /// </summary>
    Task<BankOutcome> Authorise(TenderRequest request);
}

/// <param name="LastMoment">On the monotonic clock (<see cref="TimeProvider.GetTimestamp"/>): nothing leaves, and nobody waits, later than this.</param>
public sealed record TenderRequest(
    SwipeKey Key,
    string Store,
    long Rrn,
    Money Amount,
    PresentedCard Card,
    string EntryMode,
    DateTimeOffset StartedAt,
    long LastMoment);
