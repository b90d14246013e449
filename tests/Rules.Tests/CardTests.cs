using Lakala.Rules.Attempts;

namespace Lakala.Rules.Tests;

/// <summary>Every print of a card is masked.</summary>
public sealed class CardTests
{
    private const string CardNumber = "6222021234567894";
    private const string Masked = "622202******7894";

    private static readonly PinKey Key = new("T0000001", 7, [0xFE, 0xDC, 0xBA]);
    private static readonly PresentedCard Card = new(Masked, CardNumber + "=30122010000000000", [0xCA, 0xFE, 0xBA, 0xBE], Key);

    private sealed record Carrier(PresentedCard Card, PinKey Key);

    [Fact]
    public void A_presented_card_prints_first_six_and_last_four_digits_alone()
    {
        foreach (var print in new[]
        {
            Card.ToString(),
            $"{Card}",
            string.Format(null, "{0}", Card),
            new Carrier(Card, Key).ToString(),
            $"{(Card, Key)}",
            string.Join(' ', new object[] { Card, Key }),
        })
        {
            print.Should().Contain(Masked).And.NotContainAny(CardNumber, "3012201", "CAFEBABE", "FEDCBA", "202, 254", "System.Byte");
        }
    }

    [Fact]
    public void A_PIN_key_prints_its_name_alone() => Key.ToString().Should().Be("PIN key of T0000001, key set 7");
}
