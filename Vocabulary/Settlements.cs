namespace Lakala.Vocabulary;

/// <summary>When the merchant gets the money of a paid bill, as the merchant API names it.</summary>
public static class Settlements
{
    /// <summary>At once.</summary>
    public const string Direct = "direct";

    /// <summary>It is held until the shopper has the goods.</summary>
    public const string Escrow = "escrow";
}
