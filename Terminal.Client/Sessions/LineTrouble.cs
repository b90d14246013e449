using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Lakala.Wire.Terminal;
using Lakala.Wire.Tls;

namespace Lakala.Terminal.Client.Sessions;

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

    /// <summary>What a clerk can do about the line; what the server itself has said comes first.</summary>
    public string InWordsOf(Texts texts, TerminalSetup setup, DateTimeOffset now) => Answer?.ClerkText
        ?? string.Format(CultureInfo.InvariantCulture, texts.LineFaults[Fault], setup.Terminal, setup.Store, Minute(now), Minute(GoodFrom), Minute(GoodUntil));

    private static string Minute(DateTimeOffset? time) =>
        time is { } known ? BeijingTime.Convert(known).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) : "";

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
