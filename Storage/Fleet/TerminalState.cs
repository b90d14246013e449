namespace Lakala.Storage.Fleet;

/// <summary>The state of a terminal as the network knows it.</summary>
public enum TerminalState
{
    /// <summary>It was heard within its last heartbeat interval and reports no fault: it can take a payment.</summary>
    Ready,

    /// <summary>It was heard, and reports a fault or is blocked.</summary>
    Attention,

    /// <summary>It was not heard within its last heartbeat interval.</summary>
    Silent,

    /// <summary>It has never signed on.</summary>
    NeverSeen,

    Retired,
}
