using System.Globalization;
using Lakala.Local;

namespace Lakala.Bench.Scale;

/// <summary>How the costs grow: with the bills in the tables, the terminals on the line, and the time.</summary>
public sealed class ScaleBench
{
    private const long Gigabyte = 1_000_000_000;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(60);

    private readonly IScalePart[] _parts;

    /// <param name="bills">In the tables at most.</param>
    /// <param name="terminals">Idle, or that reconnect.</param>
    /// <param name="minutes">Of load while the silo's memory is watched.</param>
    /// <param name="measured">Of each measurement of throughput.</param>
    /// <param name="only">Names of parts; empty: all.</param>
    public ScaleBench(int bills, int terminals, int minutes, TimeSpan measured, IReadOnlyCollection<string> only)
    {
        IScalePart[] all = [new ManyBills(bills, measured), new IdleTerminals(terminals), new Storm(terminals), new FirstSwipe(), new MemoryGrowth(TimeSpan.FromMinutes(minutes)), new Trades(measured)];
        _parts = [.. all.Where(part => only.Count == 0 || only.Contains(part.Name))];
    }

    /// <summary>Names of the parts, in their order.</summary>
    public static readonly string[] Names = [ManyBills.PartName, IdleTerminals.PartName, Storm.PartName, FirstSwipe.PartName, MemoryGrowth.PartName, Trades.PartName];

    /// <param name="jsonFile">Written after each part.</param>
    public async Task<int> Run(string? jsonFile, CancellationToken stop)
    {
        RequireDisk(_parts.Max(part => part.DiskBytes));
        var begun = TimeProvider.System.GetTimestamp();
        using var bound = new CancellationTokenSource(Longest);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, bound.Token);
        var figures = new Dictionary<string, double>();
        foreach (var part in _parts)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{part.Name}, after {TimeProvider.System.GetElapsedTime(begun):hh\\:mm\\:ss}"));
            try
            {
                foreach (var (name, figure) in await part.Measure(either.Token))
                {
                    figures[name] = figures.GetValueOrDefault(name) + figure;
                }
            }
            catch (OperationCanceledException) when (bound.IsCancellationRequested)
            {
                throw new SetupException($"not all is measured after {Longest.TotalMinutes:0} minutes: measure {part.Name} by itself, with --only {part.Name}");
            }

            if (jsonFile is not null)
            {
                await File.WriteAllTextAsync(jsonFile, LocalFiles.Serialise(figures) + "\n", stop);
            }
        }

        Console.WriteLine();
        foreach (var (name, figure) in figures)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-32}{figure,14:N2}"));
        }

        return figures.GetValueOrDefault("mismatches") == 0 ? 0 : 1;
    }

    /// <summary>Progress of a part.</summary>
    internal static void Say(string step) => Console.WriteLine($"  {step}");

    private static void RequireDisk(long bytes)
    {
        Directory.CreateDirectory(Repository.Home);
        var free = new DriveInfo(Repository.Home).AvailableFreeSpace;
        if (free < bytes)
        {
            throw new SetupException(string.Create(
                CultureInfo.InvariantCulture,
                $"{Repository.Home} has {free / Gigabyte} GB free, and {Math.Max(1, bytes / Gigabyte)} GB are needed: set LAKALA_HOME to a larger disk, or ask for fewer --bills"));
        }
    }
}
