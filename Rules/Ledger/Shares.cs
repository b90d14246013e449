namespace Lakala.Rules.Ledger;

/// <summary>The rates at the start of an attempt, stored with it.</summary>
/// <param name="FeeBasisPoints">The platform's fee, in hundredths of a percent of the amount, 0 to 10,000.</param>
/// <param name="CommissionPercent">The store's share of that fee, 0 to 100.</param>
public readonly record struct Rates(int FeeBasisPoints, int CommissionPercent);

/// <summary>The shares of a paid amount, in minor units. They sum to the amount, and none is negative.</summary>
public readonly record struct Shares(long Merchant, long Store, long Platform)
{
    /// <summary>The fee is rounded half up, the commission down; the merchant gets the amount less the fee, the platform the fee less the commission.</summary>
    public static Shares Divide(long amount, Rates rates)
    {
        var fee = (long)(((Int128)amount * rates.FeeBasisPoints + 5_000) / 10_000);
        var commission = fee * rates.CommissionPercent / 100;
        return new Shares(amount - fee, commission, fee - commission);
    }

    public static Shares operator -(Shares one, Shares other) => new(one.Merchant - other.Merchant, one.Store - other.Store, one.Platform - other.Platform);
}
