namespace Lakala.Vocabulary.Tests;

public sealed class MoneyTests
{
    [Theory]
    [InlineData(0, "CNY", false)]
    [InlineData(1, "CNY", true)]
    [InlineData(999_999_999_999, "CNY", true)]
    [InlineData(1_000_000_000_000, "CNY", false)]
    [InlineData(-1, "CNY", false)]
    [InlineData(1, "USD", false)]
    [InlineData(1, "cny", false)]
    [InlineData(1, "", false)]
    public void A_bill_is_made_over_such_amounts_alone(long minor, string currency, bool isBillable) =>
        new Money(minor, currency).IsBillable.Should().Be(isBillable);

    [Theory]
    [InlineData(0, "0.00")]
    [InlineData(5, "0.05")]
    [InlineData(-5, "-0.05")]
    [InlineData(123_450, "1,234.50")]
    [InlineData(999_999_999_999, "9,999,999,999.99")]
    public void People_read_amounts_with_their_thousands(long minor, string text) => Money.Figure(minor).Should().Be(text);

    [Theory]
    [InlineData(0, "CNY 0.00")]
    [InlineData(5, "CNY 0.05")]
    [InlineData(12_800, "CNY 128.00")]
    [InlineData(999_999_999_999, "CNY 9999999999.99")]
    [InlineData(-5, "CNY -0.05")]
    [InlineData(-12_850, "CNY -128.50")]
    public void Money_prints_with_its_currency(long minor, string text) => new Money(minor, Money.Cny).ToString().Should().Be(text);
}
