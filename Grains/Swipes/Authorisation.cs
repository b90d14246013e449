using Lakala.Rules.Attempts;
using Lakala.Vocabulary;

namespace Lakala.Grains.Swipes;

/// <summary>What the bank is asked to authorise: the money of an attempt that is SENT.</summary>
/// <param name="StartedAt">As stored by C1: a reversal names the same time.</param>
public sealed record Authorisation(
    SwipeKey Key,
    string Store,
    long Rrn,
    Money Amount,
    PresentedCard Card,
    string EntryMode,
    DateTimeOffset StartedAt);
