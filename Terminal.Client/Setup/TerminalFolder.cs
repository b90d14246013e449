using System.Text.Json;
using Lakala.Terminal.Client.Words;
using Lakala.Wire.Files;
using Lakala.Wire.Keys;

namespace Lakala.Terminal.Client.Setup;

/// <summary>A terminal's folder: setup, master key and journal. One process uses it at a time.</summary>
public sealed class TerminalFolder : IDisposable
{
    private const string Terminals = "terminals", SetupFile = "terminal.json", ClerksFile = "clerks.json", ParametersFile = "parameters.json", LogFile = "line.log", ReportFile = "batch-report.json", MasterKeyFile = "master.key", JournalFile = "journal", LockFile = "lock";

    private readonly FileStream _lock;

    private TerminalFolder(string path, TerminalSetup setup, FileStream held) => (Path, Setup, _lock) = (path, setup, held);

    public string Path { get; }

    public TerminalSetup Setup { get; }

    public string Journal => System.IO.Path.Combine(Path, JournalFile);

    public string Clerks => System.IO.Path.Combine(Path, ClerksFile);

    public string Parameters => System.IO.Path.Combine(Path, ParametersFile);

    /// <summary>The log with technical messages about the line.</summary>
    public string Log => System.IO.Path.Combine(Path, LogFile);

    public string Report => System.IO.Path.Combine(Path, ReportFile);

    public string Ca => System.IO.Path.Combine(Path, Setup.Ca);

    /// <param name="home">The folder that holds <c>terminals</c>.</param>
    /// <param name="id">Null for the first terminal there is.</param>
    /// <exception cref="TerminalSetupException">There is none, it is not set up, or another process uses it.</exception>
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
            throw new TerminalSetupException(id is null ? SetupTexts.NoTerminals(terminals) : SetupTexts.NoSuchTerminal(id, terminals), null);
        }

        var setup = ReadSetup(setupFile);
        return new TerminalFolder(path!, setup, Lock(path!, setup.Language));
    }

    /// <exception cref="TerminalSetupException">It cannot be read, or others can read it too.</exception>
    public MasterKey ReadMasterKey()
    {
        var file = System.IO.Path.Combine(Path, MasterKeyFile);
        if (!File.Exists(file))
        {
            throw new TerminalSetupException(SetupTexts.Missing(file), Setup.Language);
        }

        if (PrivateFile.IsOpenToOthers(file))
        {
            throw new TerminalSetupException(SetupTexts.ReadByOthers(file), Setup.Language);
        }

        return KeyFile.Parse(File.ReadAllText(file)) is { } key
            ? ClearKey.Spend(key, static key => new MasterKey(key))
            : throw new TerminalSetupException(SetupTexts.NoKey(file), Setup.Language);
    }

    public void Dispose() => _lock.Dispose();

    private static TerminalSetup ReadSetup(string file)
    {
        try
        {
            var setup = JsonSerializer.Deserialize(File.ReadAllBytes(file), SetupJson.Default.TerminalSetup);
            return setup?.Fault() is { } fault ? throw new TerminalSetupException(SetupTexts.Wrong(file, fault), setup.Language is "en" or "zh" ? setup.Language : null)
                : setup ?? throw new TerminalSetupException(SetupTexts.Empty(file), null);
        }
        catch (JsonException fault)
        {
            // A misspelt member would silently leave its setting at the default.
            var isSetting = SetupJson.Default.TerminalSetup.Properties.Any(setting => fault.Path is null || fault.Path == "$." + setting.Name || fault.Path.StartsWith($"$.{setting.Name}[", StringComparison.Ordinal));
            throw new TerminalSetupException(isSetting || fault.Path == "$" ? SetupTexts.WrongAt(file, fault.Path) : SetupTexts.NoSuchSetting(file, fault.Path), null);
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
            throw new TerminalSetupException(SetupTexts.InUse(System.IO.Path.GetFileName(path)), language);
        }
    }
}
