using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Lakala.Local;

/// <summary>
/// The record of a running process in a file, so that a later run can end it. The start time distinguishes it from another
/// process that has got the same id since.
/// </summary>
public sealed record ProcessRecord(int Id, long StartTicks, int StopSignal)
{
    public const int HangUp = 1, Interrupt = 2, Quit = 3, Kill = 9, Terminate = 15, Continue = 18, Pause = 19;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public static ProcessRecord FromProcess(int id, int stopSignal) => new(id, ReadStat(id)?.StartTicks ?? 0, stopSignal);

    public static void Write(string file, ProcessRecord record) =>
        File.WriteAllText(file, string.Create(CultureInfo.InvariantCulture, $"{record.Id} {record.StartTicks} {record.StopSignal}\n"));

    /// <summary>Reads the record; null when the file is incomplete, as after a crash.</summary>
    public static ProcessRecord? Read(string file)
    {
        var parts = File.ReadAllText(file).Split(' ', StringSplitOptions.TrimEntries);
        return parts.Length == 3
            && int.TryParse(parts[0], CultureInfo.InvariantCulture, out var id)
            && long.TryParse(parts[1], CultureInfo.InvariantCulture, out var start)
            && int.TryParse(parts[2], CultureInfo.InvariantCulture, out var signal)
            ? new ProcessRecord(id, start, signal)
            : null;
    }

    /// <summary>True while it runs; a zombie does not count as running.</summary>
    public bool IsRunning => ReadStat(Id) is var (state, start) && start == StartTicks && state is not ('Z' or 'X');

    public void Signal(int signal)
    {
        if (IsRunning)
        {
            // The process has ended meanwhile, as wanted.
            _ = kill(Id, signal);
        }
    }

    /// <summary>Asks the process to end, and kills it if it has not ended within <paramref name="patience"/>.</summary>
    /// <returns>True when it ended by itself.</returns>
    public async Task<bool> End(TimeSpan patience)
    {
        Signal(StopSignal);
        if (await HasEnded(patience))
        {
            return true;
        }

        Signal(Kill);
        return await HasEnded(patience) ? false : throw new SetupException($"process {Id} cannot be ended");
    }

    private async Task<bool> HasEnded(TimeSpan patience)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (IsRunning)
        {
            if (TimeProvider.System.GetElapsedTime(start) > patience)
            {
                return false;
            }

            await Task.Delay(Poll);
        }

        return true;
    }

    private static (char State, long StartTicks)? ReadStat(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            // The second field is the program's name in brackets and may contain any characters.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], long.Parse(fields[19], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null;
        }
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [SuppressMessage("Style", "IDE1006", Justification = "The C library's own name.")]
    private static extern int kill(int id, int signal);
}
