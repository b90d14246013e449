using Lakala.Rules.Attempts;
using Lakala.Vocabulary;

namespace Lakala.Grains.Swipes;

/// <summary>One swipe as its terminal sends it, 0200 or live 0201.</summary>
/// <param name="Card">Null when the card's number is no card number: then it is refused.</param>
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
