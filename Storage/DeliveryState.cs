namespace Lakala.Storage;

/// <summary>The states of a delivery.</summary>
public enum DeliveryState
{
    /// <summary>It is tried when it is due.</summary>
    Pending,

    /// <summary>The receiver has accepted it.</summary>
    Accepted,

    /// <summary>It was no longer needed, had no receiver, or was above a limit.</summary>
    Skipped,

    /// <summary>Given up, until the merchant or an operator sends it again.</summary>
    Parked,
}
