using System.Globalization;
using System.Net;
using System.Text.Json.Serialization;

namespace Lakala.Terminal.Client.Setup;

/// <summary>A terminal's <c>terminal.json</c>.</summary>
/// <param name="Ca">PEM file of the CAs that may sign the server's certificate; relative to the terminal's folder.</param>
/// <param name="Terminal">8 characters.</param>
/// <param name="Store">15 characters.</param>
/// <param name="Language">The language of texts: <c>en</c> or <c>zh</c>.</param>
/// <param name="ConnectTimeoutSeconds">For connecting and signing on together.</param>
/// <param name="AnswerTimeoutSeconds">After which the terminal asks again. Longer than the server's longest time for an answer.</param>
/// <param name="GiveUpSeconds">From the 0200 until the screen says that the outcome is unknown.</param>
/// <param name="Printer">The printer of the clerk's screen: <c>none</c>, <c>tcp:HOST:PORT</c>, <c>device:PATH</c> or <c>file:PATH</c>.</param>
/// <param name="PrinterStatus">False: the printer gives no status and is not asked; a receipt counts as printed once it is sent.</param>
/// <param name="Tamper">File into which a driver writes 1 once the case has been opened. Null: this machine has no sensor.</param>
/// <param name="ClerkSignIn">True: a clerk must sign in at the screen.</param>
/// <param name="ClerkOfflineHours">The time for which a clerk whom the server has verified may sign in without it.</param>
/// <param name="Others">Further servers of the network, each <c>host:port</c>; any of them will do.</param>
public sealed record TerminalSetup(
    string Host,
    int Port,
    string Ca,
    string Terminal,
    string Store,
    string Language,
    double ConnectTimeoutSeconds = 10,
    double AnswerTimeoutSeconds = 30,
    double GiveUpSeconds = 90,
    IReadOnlyList<string>? Others = null,
    string Printer = "none",
    string? Tamper = null,
    bool ClerkSignIn = true,
    double ClerkOfflineHours = 12,
    bool PrinterStatus = true)
{
    private const double MaxSeconds = 3600;
    private const double MaxOfflineHours = 72;

    /// <summary>Every server, in the order in which they are tried.</summary>
    internal IReadOnlyList<DnsEndPoint> Gateways => Addresses(Others ?? []);

    /// <param name="others">Beside its own, each <c>host:port</c>.</param>
    public IReadOnlyList<DnsEndPoint> Addresses(IEnumerable<string> others) =>
        [.. new[] { new DnsEndPoint(Host, Port) }.Concat(others.Select(other => Address(other)!)).Distinct()];

    // Not public: it is computed, so a file that names it as a setting is refused.
    internal TimeSpan ConnectTimeout => TimeSpan.FromSeconds(ConnectTimeoutSeconds);

    internal bool HasPrinter => Printer != PrinterSetting.None;

    internal TimeSpan AnswerTimeout => TimeSpan.FromSeconds(AnswerTimeoutSeconds);

    internal TimeSpan GiveUp => TimeSpan.FromSeconds(GiveUpSeconds);

    /// <summary>The error of the setup; null when it is valid.</summary>
    public string? Fault() =>
        string.IsNullOrEmpty(Host) ? "host is missing"
        : Port is <= 0 or > 65535 ? "port is not 1 to 65535"
        : (Others ?? []).Any(other => Address(other) is null) ? "others are not all host:port"
        : string.IsNullOrEmpty(Ca) ? "ca is missing"
        : Terminal is not { Length: 8 } ? "terminal must have 8 characters"
        : Store is not { Length: 15 } ? "store must have 15 characters"
        : Language is not ("en" or "zh") ? "language is neither en nor zh"
        : PrinterSetting.Fault(Printer) is { } printer ? printer
        : ClerkOfflineHours is < 0 or > MaxOfflineHours ? $"clerk_offline_hours is not 0 to {MaxOfflineHours}"
        : !Within(ConnectTimeoutSeconds) || !Within(AnswerTimeoutSeconds) || !Within(GiveUpSeconds) ? $"a time-out is not above 0 and at most {MaxSeconds} s"
        : null;

    /// <returns>Null when the text is not <c>host:port</c>.</returns>
    internal static DnsEndPoint? Address(string? text) =>
        text?.LastIndexOf(':') is > 0 and var colon && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0
            ? new DnsEndPoint(text[..colon].Trim('[', ']'), port)
            : null;

    private static bool Within(double seconds) => seconds is > 0 and <= MaxSeconds;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(TerminalSetup))]
internal sealed partial class SetupJson : JsonSerializerContext;
