using System.Numerics;
using CsCheck;
using Lakala.Rules.Ledger;
using Lakala.Vocabulary;

namespace Lakala.Rules.Tests;

/// <summary>Amounts and how they are shared out, against arithmetic that knows no overflow.</summary>
public sealed class MoneyTests
{
    private static readonly Gen<(long Amount, Rates Rates)> Payments = Gen.Select(
        Gen.OneOf(Gen.Long[1, Money.MaxBillAmount], Gen.Long[1, 20_000], Gen.Const(1L), Gen.Const(Money.MaxBillAmount)),
        Gen.Select(Gen.Int[0, 10_000], Gen.Int[0, 100], (fee, commission) => new Rates(fee, commission)));

    [Fact]
    public void Shares_sum_to_the_amount_and_nobody_pays() => Payments.Sample(
        payment =>
        {
            var shares = Postings.Share(payment.Amount, payment.Rates);
            return shares is { Merchant: >= 0, Store: >= 0, Platform: >= 0 } && shares.Merchant + shares.Store + shares.Platform == payment.Amount;
        },
        iter: 100_000);

    [Fact]
    public void The_fee_is_rounded_half_up_and_the_commission_down() => Payments.Sample(
        payment =>
        {
            var fee = (BigInteger)decimal.Round((decimal)payment.Amount * payment.Rates.FeeBasisPoints / 10_000m, MidpointRounding.AwayFromZero);
            var commission = BigInteger.Divide(fee * payment.Rates.CommissionPercent, 100);
            return Postings.Share(payment.Amount, payment.Rates)
                == new Shares((long)(payment.Amount - fee), (long)commission, (long)(fee - commission));
        },
        iter: 100_000);

    [Theory]
    [InlineData(1_000, 60, 20, 994, 1, 5)]
    [InlineData(125, 40, 0, 124, 0, 1)]
    [InlineData(124, 40, 0, 124, 0, 0)]
    [InlineData(1, 5_000, 100, 0, 1, 0)]
    [InlineData(1, 4_999, 100, 1, 0, 0)]
    [InlineData(999_999_999_999, 10_000, 33, 0, 329_999_999_999, 670_000_000_000)]
    [InlineData(999_999_999_999, 0, 100, 999_999_999_999, 0, 0)]
    public void These_payments_are_shared_out_so(long amount, int feeBasisPoints, int commissionPercent, long merchant, long store, long platform) =>
        Postings.Share(amount, new Rates(feeBasisPoints, commissionPercent)).Should().Be(new Shares(merchant, store, platform));

    [Theory]
    [InlineData("2030-11-24T15:59:59Z", "2030-11-24")]
    [InlineData("2030-11-24T16:00:00Z", "2030-11-25")]
    [InlineData("2030-12-31T17:00:00+01:00", "2031-01-01")]
    public void The_books_have_the_calendar_of_China(string at, string date) =>
        BeijingTime.BusinessDate(DateTimeOffset.Parse(at, null)).Should().Be(DateOnly.Parse(date, null));

    [Fact]
    public void Accounts_are_named_so()
    {
        Postings.Merchant("shop").Should().Be("merchant:shop");
        Postings.Store("STORE0000000001").Should().Be("store:STORE0000000001");
        (Postings.BankClearing, Postings.Platform).Should().Be(("bank_clearing", "platform"));
    }

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
