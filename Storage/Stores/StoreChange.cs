namespace Lakala.Storage.Stores;

/// <summary>What an operator does to a store and thereby to its terminals.</summary>
public enum StoreChange
{
    /// <summary>Its terminals take no payment.</summary>
    Block,

    Unblock,

    /// <summary>It does not come back.</summary>
    Retire,
}

public static class StoreChangeText
{
    public static string Of(StoreChange change) => change.ToString().ToLowerInvariant();
}
