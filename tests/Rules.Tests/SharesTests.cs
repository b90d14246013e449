using System.Numerics;
using CsCheck;
using Lakala.Rules.Ledger;
using Lakala.Vocabulary;

namespace Lakala.Rules.Tests;

/// <summary>The shares of an amount, compared with arithmetic without overflow.</summary>
public sealed class SharesTests
{
    private static readonly Gen<(long Amount, Rates Rates)> Payments = Gen.Select(
        Gen.OneOf(Gen.Long[1, Money.MaxBillAmount], Gen.Long[1, 20_000], Gen.Const(1L), Gen.Const(Money.MaxBillAmount)),
        Gen.Select(Gen.Int[0, 10_000], Gen.Int[0, 100], (fee, commission) => new Rates(fee, commission)));

    [Fact]
    public void Shares_sum_to_the_amount_and_nobody_pays() => Payments.Sample(
        payment =>
        {
            var shares = Shares.Divide(payment.Amount, payment.Rates);
            return shares is { Merchant: >= 0, Store: >= 0, Platform: >= 0 } && shares.Merchant + shares.Store + shares.Platform == payment.Amount;
        },
        iter: 100_000);

    [Fact]
    public void The_fee_is_rounded_half_up_and_the_commission_down() => Payments.Sample(
        payment =>
        {
            var fee = (BigInteger)decimal.Round((decimal)payment.Amount * payment.Rates.FeeBasisPoints / 10_000m, MidpointRounding.AwayFromZero);
            var commission = BigInteger.Divide(fee * payment.Rates.CommissionPercent, 100);
            return Shares.Divide(payment.Amount, payment.Rates)
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
        Shares.Divide(amount, new Rates(feeBasisPoints, commissionPercent)).Should().Be(new Shares(merchant, store, platform));
}
