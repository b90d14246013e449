namespace Lakala.Storage;

/// <summary>What became of a notice.</summary>
public enum DeliveryState
{
    /// <summary>It is tried when it is due.</summary>
    Pending,

    /// <summary>The receiver has it.</summary>
    Accepted,

    /// <summary>There was nothing left to tell, or nobody.</summary>
    Skipped,

    /// <summary>Given up, until somebody has it sent again.</summary>
    Parked,
}
