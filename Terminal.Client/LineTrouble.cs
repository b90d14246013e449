using System.Net.Sockets;
using System.Security.Authentication;
using Lakala.Wire.Terminal;
using Lakala.Wire.Tls;

namespace Lakala.Terminal.Client;

/// <summary>Why a terminal's line is not up, as far as somebody at the counter can act on it.</summary>
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

    /// <summary>The server's certificate does not come from the terminal's authority, or names another host.</summary>
    Untrusted,

    /// <summary>No answer under this terminal's master key.</summary>
    SignOnUnanswered,

    /// <summary>The server knows the master key, and refuses the terminal.</summary>
    SignOnRefused,
}

/// <summary>What was wrong with the line at the last try.</summary>
/// <param name="Detail">In the machine's words: for the log, never for a clerk.</param>
/// <param name="Answer">The server's, to a sign-on that it refused.</param>
/// <param name="GoodFrom">With a wrong clock: from when to when the server's certificate is good.</param>
public sealed record LineTrouble(LineFault Fault, string Detail, Verdict? Answer = null, DateTimeOffset? GoodFrom = null, DateTimeOffset? GoodUntil = null)
{
    public static LineTrouble Of(Exception fault)
    {
        var untimely = fault as UntimelyCertificateException;
        return new(FaultOf(fault), $"{fault.GetType().Name}: {fault.Message}", null, untimely?.GoodFrom, untimely?.GoodUntil);
    }

    private static LineFault FaultOf(Exception fault) => fault switch
    {
        SocketException socket => socket.SocketErrorCode switch
        {
            SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery => LineFault.NameUnknown,
            SocketError.ConnectionRefused => LineFault.Refused,
            SocketError.NetworkUnreachable or SocketError.HostUnreachable or SocketError.NetworkDown or SocketError.AddressNotAvailable => LineFault.NoNetwork,
            SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown => LineFault.Cut,
            _ => LineFault.NoAnswer,
        },

        UntimelyCertificateException => LineFault.WrongClock,
        AuthenticationException => LineFault.Untrusted,
        OperationCanceledException or TimeoutException => LineFault.NoAnswer,
        { InnerException: { } inner } => FaultOf(inner),
        _ => LineFault.Cut,
    };
}
