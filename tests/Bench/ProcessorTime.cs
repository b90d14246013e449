namespace Lakala.Bench;

/// <summary>The processor time of a program and of its children, those that run and those that have ended, as Linux counts it.</summary>
internal static class ProcessorTime
{
    // The unit of /proc/PID/stat, proc(5): 1/100 s on every machine that .NET runs on.
    private const double TicksPerSecond = 100;

    // Places behind the program's name in /proc/PID/stat.
    private const int Parent = 1, User = 11, ChildrenSystem = 14;

    public static TimeSpan Of(int process) => TimeSpan.FromSeconds(
        Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(static name => int.TryParse(name, out _))
            .Sum(name => ReadTicks(name!, process)) / TicksPerSecond);

    /// <summary>The seconds of processor time that each program takes within a span of time.</summary>
    /// <param name="after">The time until the span begins.</param>
    public static async Task<IReadOnlyDictionary<string, double>> Measure(
        IReadOnlyDictionary<string, int> programs, TimeSpan after, TimeSpan span, TimeProvider time, CancellationToken stop)
    {
        await Task.Delay(after, time, stop);
        var before = programs.ToDictionary(program => program.Key, program => Of(program.Value));
        await Task.Delay(span, time, stop);
        return programs.ToDictionary(program => program.Key, program => (Of(program.Value) - before[program.Key]).TotalSeconds);
    }

    // Zero for a process that is neither the program nor its child, or that has just ended.
    private static long ReadTicks(string name, int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{name}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return int.Parse(name) == process || int.Parse(fields[Parent]) == process ? fields[User..(ChildrenSystem + 1)].Sum(long.Parse) : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
