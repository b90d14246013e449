namespace Lakala.Rules.Ledger;

/// <summary>What becomes of the fee when money of a bill is refunded whose shares merchant, store and platform have already.</summary>
public enum FeeOnRefund
{
    /// <summary>Store and platform give back their parts of it.</summary>
    Returned,

    /// <summary>Store and platform keep their parts: the merchant bears the whole refund.</summary>
    Kept,
}
