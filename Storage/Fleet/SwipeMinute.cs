namespace Lakala.Storage.Fleet;

/// <summary>The swipes of a minute by their outcome.</summary>
/// <param name="P50">The time from C1 to the outcome, in milliseconds, of swipes that the bank has answered. Null: there was none.</param>
public sealed record SwipeMinute(
    DateTimeOffset Minute, int Approved, int Declined, int Refused, int NotSent, int Reversed, int Unresolved, int? P50, int? P99);
