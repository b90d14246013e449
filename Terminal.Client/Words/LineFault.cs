namespace Lakala.Terminal.Client.Words;

/// <summary>Why a terminal's line is down, by what somebody at the counter can do about it.</summary>
public enum LineFault
{
    /// <summary>Nothing answers at the server's address, or not in time.</summary>
    NoAnswer,
    NameUnknown,
    Refused,
    NoNetwork,
    Cut,

    /// <summary>The server's certificate is not valid at the time of this machine's clock.</summary>
    WrongClock,

    /// <summary>The server's certificate is not signed by the terminal's CAs, or names another host.</summary>
    Untrusted,

    /// <summary>No answer under this terminal's master key.</summary>
    SignOnUnanswered,

    /// <summary>The server knows the master key, and refuses the terminal.</summary>
    SignOnRefused,
}
