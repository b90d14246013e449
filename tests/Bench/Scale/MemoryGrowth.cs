using System.Globalization;

namespace Lakala.Bench.Scale;

/// <summary>How the silo's resident memory grows under a steady load.</summary>
internal sealed class MemoryGrowth(TimeSpan load) : IScalePart
{
    public const string PartName = "memory";

    private const int Terminals = 400, SwipesPerSecond = 1_000;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5), BetweenWords = TimeSpan.FromMinutes(1);

    // In the first tenth the silo's caches and the heap take their size.
    private static readonly double Settling = 0.1;

    public string Name => PartName;

    public long DiskBytes => 10_000_000_000;

    public async Task<IReadOnlyDictionary<string, double>> Measure(CancellationToken stop)
    {
        var bills = (int)((SwarmRun.UsualWarmUp + load).TotalSeconds * SwipesPerSecond * 1.1);
        await using var network = await BenchNetwork.Start(Terminals, bills, ScaleBench.Say, stop);
        await BenchNetwork.Vacuum(network, stop);
        ScaleBench.Say($"{Terminals} terminals swipe {SwipesPerSecond:N0} times a second, {load.TotalMinutes:N0} minutes");
        var swarm = new SwarmRun([.. network.Seed.Terminals.Take(Terminals)], network.Seed.Bills, SwarmRun.UsualWarmUp, load, SwipesPerSecond).Measure(network, stop);
        var points = await Watch(network.Silo.Id, stop);
        var swipes = await swarm;
        return new Dictionary<string, double>
        {
            ["memory_growth_mb_per_hour"] = ResidentMemory.Slope(points),
            ["memory_mb"] = points[^1].Megabytes,
            ["half_load_p50_ms"] = swipes.Swarm.P50Ms,
            ["half_load_p99_ms"] = swipes.Swarm.P99Ms,
            ["mismatches"] = swipes.Mismatches,
        };
    }

    private async Task<List<(double Hours, double Megabytes)>> Watch(int silo, CancellationToken stop)
    {
        await Task.Delay(SwarmRun.UsualWarmUp + (load * Settling), stop);
        var points = new List<(double Hours, double Megabytes)>();
        var (begun, said) = (TimeProvider.System.GetTimestamp(), TimeSpan.Zero);
        for (var at = TimeSpan.Zero; at < load * (1 - Settling); at = TimeProvider.System.GetElapsedTime(begun))
        {
            points.Add((at.TotalHours, ResidentMemory.ReadBytes(silo) / 1_048_576.0));
            if (at - said > BetweenWords)
            {
                said = at;
                ScaleBench.Say(string.Create(CultureInfo.InvariantCulture, $"  {at:mm\\:ss}, the silo has {points[^1].Megabytes:N0} MB"));
            }

            await Task.Delay(Pause, stop);
        }

        return points;
    }
}
