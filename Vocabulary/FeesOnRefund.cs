namespace Lakala.Vocabulary;

/// <summary>What becomes of the fee of a bill when its money is refunded, as the merchant API names it.</summary>
public static class FeesOnRefund
{
    /// <summary>It goes back to the merchant with the refund.</summary>
    public const string Returned = "returned";

    /// <summary>It stays with store and platform.</summary>
    public const string Kept = "kept";
}
