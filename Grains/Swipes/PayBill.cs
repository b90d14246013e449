using Lakala.Rules.Attempts;
using Lakala.Vocabulary;

namespace Lakala.Grains.Swipes;

/// <summary>One swipe from its terminal: 0200, or 0201 with a card.</summary>
/// <param name="Card">Null when the card is not valid: then the swipe is refused.</param>
/// <param name="IsRepeat">0201.</param>
[GenerateSerializer, Immutable, Alias("pay-bill")]
public sealed record PayBill(
    [property: Id(0)] SwipeKey Key,
    [property: Id(1)] string Store,
    [property: Id(2)] long Bill,
    [property: Id(3)] Money Amount,
    [property: Id(4)] PresentedCard? Card,
    [property: Id(5)] string EntryMode,
    [property: Id(6)] bool IsRepeat = false);
