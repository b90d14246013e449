using Lakala.Rules.Attempts;
using Lakala.Vocabulary;

namespace Lakala.Grains.Swipes;

/// <summary>The request to the bank for an attempt that is SENT.</summary>
/// <param name="StartedAt">The time that C1 stored: a reversal names the same time.</param>
public sealed record Authorisation(
    SwipeKey Key,
    string Store,
    long Rrn,
    Money Amount,
    PresentedCard Card,
    string EntryMode,
    DateTimeOffset StartedAt);
