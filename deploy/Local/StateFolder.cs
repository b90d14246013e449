namespace Lakala.Local;

/// <summary>
/// The folder of all files of an instance. One process owns it at a time; programs that an earlier owner left
/// running are ended when the next one opens it.
/// </summary>
public sealed class StateFolder : IDisposable
{
    // As root the database server runs as another user, which must be able to enter the folder; the folders inside are closed.
    private const UnixFileMode Passable = Closed | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode Closed = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const string Owner = "owner", Lock = "lock";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly FileStream _lock;

    private StateFolder(string path, FileStream heldLock) => (Root, _lock) = (path, heldLock);

    public string Root { get; }

    /// <summary>Takes the folder, creates it if needed, and ends the programs that a crashed run left.</summary>
    /// <exception cref="SetupException">Another process uses it.</exception>
    public static async Task<StateFolder> Open(string path)
    {
        Directory.CreateDirectory(path, Passable);
        var held = TryLock(path)
            ?? throw new SetupException($"{path} is in use by a running instance; end that one with Ctrl-C or `./lakala down`");
        await EndProcesses(path);
        return Own(path, held);
    }

    /// <summary>Takes an empty folder for a run without earlier data; concurrent runs get different folders.</summary>
    public static async Task<StateFolder> OpenEmpty(string path)
    {
        for (var number = 1; number <= 16; number++)
        {
            var candidate = number == 1 ? path : $"{path}-{number}";
            Directory.CreateDirectory(candidate, Passable);
            if (TryLock(candidate) is { } held)
            {
                await EndProcesses(candidate);
                Empty(candidate);
                return Own(candidate, held);
            }
        }

        throw new SetupException($"{path} and its fifteen neighbours are all in use");
    }

    /// <summary>Ends the programs of a folder: its owner first, which ends the others in order, then the rest.</summary>
    /// <returns>The names of the ended programs.</returns>
    public static async Task<IReadOnlyList<string>> EndProcesses(string path)
    {
        var pids = Path.Combine(path, "pids");
        var files = Directory.Exists(pids) ? Directory.GetFiles(pids) : [];
        var running = files
            .Select(file => (File: file, Record: ProcessRecord.Read(file)))
            .OrderBy(entry => Path.GetFileName(entry.File) == Owner ? 0 : 1)
            .ThenByDescending(entry => entry.Record?.StartTicks);
        var ended = new List<string>();
        foreach (var (file, record) in running)
        {
            if (record is { IsRunning: true } && record.Id != Environment.ProcessId)
            {
                await record.End(Patience);
                ended.Add($"{Path.GetFileName(file)} (process {record.Id})");
            }

            File.Delete(file);
        }

        return ended;
    }

    /// <summary>A folder inside, created if needed, closed to other users.</summary>
    public string Folder(string name) => Directory.CreateDirectory(Path.Combine(Root, name), Closed).FullName;

    /// <summary>A path inside.</summary>
    public string At(string name) => Path.Combine(Root, name);

    public void Dispose()
    {
        File.Delete(Path.Combine(Root, "pids", Owner));
        _lock.Dispose();
    }

    private static StateFolder Own(string path, FileStream held)
    {
        var folder = new StateFolder(path, held);
        ProcessRecord.Write(Path.Combine(folder.Folder("pids"), Owner), ProcessRecord.FromProcess(Environment.ProcessId, ProcessRecord.Terminate));
        return folder;
    }

    // The lock stays, so that no other process empties or takes the folder meanwhile.
    private static void Empty(string path)
    {
        foreach (var folder in Directory.GetDirectories(path))
        {
            Directory.Delete(folder, recursive: true);
        }

        foreach (var file in Directory.GetFiles(path).Where(file => Path.GetFileName(file) != Lock))
        {
            File.Delete(file);
        }
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(Path.Combine(path, Lock), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
