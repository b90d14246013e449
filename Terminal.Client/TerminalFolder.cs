using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Wire.Keys;

namespace Lakala.Terminal.Client;

/// <summary>The terminal cannot be used as it is set up; the message says what to do.</summary>
public sealed class SetupException(string message, string? language = null) : Exception(message)
{
    /// <param name="language">The terminal's; null while it is not known.</param>
    public SetupException(TwoTexts texts, string? language)
        : this(texts.In(language), language)
    {
    }

    /// <summary>In which the message is, when it is in one.</summary>
    public string? Language => language;
}

/// <summary>A terminal's <c>terminal.json</c>.</summary>
/// <param name="Ca">PEM file of the authority that the server's certificate must come from; relative to the terminal's folder.</param>
/// <param name="Terminal">8 characters.</param>
/// <param name="Store">15 characters.</param>
/// <param name="Language">Of the server's texts: <c>en</c> or <c>zh</c>.</param>
/// <param name="ConnectTimeoutSeconds">For connecting and signing on in all.</param>
/// <param name="AnswerTimeoutSeconds">After which the terminal asks again. Longer than the server's longest way to an answer.</param>
/// <param name="GiveUpSeconds">From the 0200 on: when the clerk is told that the outcome is unknown.</param>
/// <param name="Printer">Of the clerk's screen: <c>none</c>, <c>tcp:HOST:PORT</c>, <c>device:PATH</c> or <c>file:PATH</c>.</param>
/// <param name="PrinterStatus">False: the printer gives no status and is not asked; what it has taken counts as printed.</param>
/// <param name="Tamper">File in which a driver says 1 once the case has been opened. Null: this machine cannot tell.</param>
/// <param name="ClerkSignIn">Whether the clerk's screen asks who is there.</param>
/// <param name="ClerkOfflineHours">For how long a clerk whom the server has verified may sign in without it.</param>
/// <param name="Others">Further servers of the network, each <c>host:port</c>: whichever answers will do.</param>
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

    // Not public: what a program computes is no setting, and a file that names it is told so.
    internal TimeSpan ConnectTimeout => TimeSpan.FromSeconds(ConnectTimeoutSeconds);

    internal bool HasPrinter => Printer != ReceiptPrinter.None;

    internal TimeSpan AnswerTimeout => TimeSpan.FromSeconds(AnswerTimeoutSeconds);

    internal TimeSpan GiveUp => TimeSpan.FromSeconds(GiveUpSeconds);

    /// <summary>What is wrong with it; null when nothing is.</summary>
    public string? Fault() =>
        string.IsNullOrEmpty(Host) ? "host is missing"
        : Port is <= 0 or > 65535 ? "port is not 1 to 65535"
        : (Others ?? []).Any(other => Address(other) is null) ? "others are not all host:port"
        : string.IsNullOrEmpty(Ca) ? "ca is missing"
        : Terminal is not { Length: 8 } ? "terminal has not 8 characters"
        : Store is not { Length: 15 } ? "store has not 15 characters"
        : Language is not ("en" or "zh") ? "language is neither en nor zh"
        : ReceiptPrinter.Fault(Printer) is { } printer ? printer
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

/// <summary>What a terminal keeps on disk: its setup, its master key and its journal. One process uses it at a time.</summary>
public sealed class TerminalFolder : IDisposable
{
    private const string Terminals = "terminals", SetupFile = "terminal.json", ClerksFile = "clerks.json", ParametersFile = "parameters.json", LogFile = "line.log", ReportFile = "batch-report.json", KeyFile = "master.key", JournalFile = "journal", LockFile = "lock";

    private readonly FileStream _lock;

    private TerminalFolder(string path, TerminalSetup setup, FileStream held) => (Path, Setup, _lock) = (path, setup, held);

    public string Path { get; }

    public TerminalSetup Setup { get; }

    public string Journal => System.IO.Path.Combine(Path, JournalFile);

    public string Clerks => System.IO.Path.Combine(Path, ClerksFile);

    public string Parameters => System.IO.Path.Combine(Path, ParametersFile);

    /// <summary>What was wrong with the line, in the machine's words.</summary>
    public string Log => System.IO.Path.Combine(Path, LogFile);

    public string Report => System.IO.Path.Combine(Path, ReportFile);

    public string Ca => System.IO.Path.Combine(Path, Setup.Ca);

    /// <param name="home">The folder that holds <c>terminals</c>.</param>
    /// <param name="id">Null for the first terminal there is.</param>
    /// <exception cref="SetupException">There is none, it is not set up, or another process uses it.</exception>
    public static TerminalFolder Take(string home, string? id)
    {
        var terminals = System.IO.Path.Combine(home, Terminals);
        var path = id is not null
            ? System.IO.Path.Combine(terminals, id)
            : Directory.Exists(terminals)
                ? Directory.GetDirectories(terminals).Order(StringComparer.Ordinal).FirstOrDefault()
                : null;
        var setupFile = path is null ? null : System.IO.Path.Combine(path, SetupFile);
        if (!File.Exists(setupFile))
        {
            throw new SetupException(id is null ? SetupTexts.NoTerminals(terminals) : SetupTexts.NoSuchTerminal(id, terminals), null);
        }

        var setup = ReadSetup(setupFile);
        return new TerminalFolder(path!, setup, Lock(path!, setup.Language));
    }

    /// <exception cref="SetupException">It cannot be read, or others can read it too.</exception>
    public MasterKey ReadMasterKey()
    {
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        var file = System.IO.Path.Combine(Path, KeyFile);
        if (!File.Exists(file))
        {
            throw new SetupException(SetupTexts.Missing(file), Setup.Language);
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & Others) != 0)
        {
            throw new SetupException(SetupTexts.ReadByOthers(file), Setup.Language);
        }

        return ParseMasterKey(File.ReadAllText(file)) ?? throw new SetupException(SetupTexts.NoKey(file), Setup.Language);
    }

    /// <summary>Null when the text is no key; a fault of its own could quote it.</summary>
    public static MasterKey? ParseMasterKey(string text)
    {
        try
        {
            return Convert.FromHexString(text.Trim()) is { Length: MasterKey.KeyLength } key ? new MasterKey(key) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    public void Dispose() => _lock.Dispose();

    private static TerminalSetup ReadSetup(string file)
    {
        try
        {
            var setup = JsonSerializer.Deserialize(File.ReadAllBytes(file), SetupJson.Default.TerminalSetup);
            return setup?.Fault() is { } fault ? throw new SetupException(SetupTexts.Wrong(file, fault), setup.Language is "en" or "zh" ? setup.Language : null)
                : setup ?? throw new SetupException(SetupTexts.Empty(file), null);
        }
        catch (JsonException fault)
        {
            // A member that is misspelt would leave its setting at the default in silence.
            var isSetting = SetupJson.Default.TerminalSetup.Properties.Any(setting => fault.Path is null || fault.Path == "$." + setting.Name || fault.Path.StartsWith($"$.{setting.Name}[", StringComparison.Ordinal));
            throw new SetupException(isSetting || fault.Path == "$" ? SetupTexts.WrongAt(file, fault.Path) : SetupTexts.NoSuchSetting(file, fault.Path), null);
        }
    }

    private static FileStream Lock(string path, string language)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(path, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new SetupException(SetupTexts.InUse(System.IO.Path.GetFileName(path)), language);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(TerminalSetup))]
internal sealed partial class SetupJson : JsonSerializerContext;
