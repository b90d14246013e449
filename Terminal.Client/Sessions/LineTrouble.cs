using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Lakala.Wire.Terminal;
using Lakala.Wire.Tls;

namespace Lakala.Terminal.Client.Sessions;

/// <summary>The fault of the line at the last try.</summary>
/// <param name="Detail">The technical message: for the log, never for a clerk.</param>
/// <param name="Answer">The server's refusal of a sign-on.</param>
/// <param name="GoodFrom">With a wrong clock: the time from which the server's certificate is valid.</param>
public sealed record LineTrouble(LineFault Fault, string Detail, Verdict? Answer = null, DateTimeOffset? GoodFrom = null, DateTimeOffset? GoodUntil = null)
{
    public static LineTrouble Diagnose(Exception fault)
    {
        var untimely = fault as UntimelyCertificateException;
        return new(Classify(fault), $"{fault.GetType().Name}: {fault.Message}", null, untimely?.GoodFrom, untimely?.GoodUntil);
    }

    /// <summary>The text for the clerk: what to do about the line. A text of the server comes first.</summary>
    public string InWordsOf(TerminalTexts texts, TerminalSetup setup, DateTimeOffset now) => Answer?.ClerkText
        ?? string.Format(CultureInfo.InvariantCulture, texts.LineFaults[Fault], setup.Terminal, setup.Store, Minute(now), Minute(GoodFrom), Minute(GoodUntil));

    private static string Minute(DateTimeOffset? time) =>
        time is { } known ? BeijingTime.Convert(known).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) : "";

    private static LineFault Classify(Exception fault) => fault switch
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
        { InnerException: { } inner } => Classify(inner),
        _ => LineFault.Cut,
    };
}
