namespace Lakala.Bench.Scale;

/// <summary>Many terminals lose their lines at once and connect again, while others pay.</summary>
internal sealed class Storm(int terminals) : IScalePart
{
    public const string PartName = "storm";

    // Each of them swipes once a second.
    private const int Payers = 100;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(30), WarmUp = TimeSpan.FromSeconds(15), Measured = TimeSpan.FromSeconds(30);

    // A swarm starts and signs on before its time begins: the storm comes in the first seconds of the measured time.
    private static readonly TimeSpan UntilStorm = WarmUp + TimeSpan.FromSeconds(3);

    public string Name => PartName;

    public long DiskBytes => 2_000_000_000;

    public async Task<IReadOnlyDictionary<string, double>> Measure(CancellationToken stop)
    {
        OpenFiles.Require(terminals + Payers);
        var bills = 2 * (int)(Payers * (WarmUp + Measured).TotalSeconds);
        await using var network = await BenchNetwork.Start(terminals + Payers, 2 * bills, ScaleBench.Say, stop);
        ScaleBench.Say($"{terminals:N0} terminals sign on");
        await using var many = await BeatingSwarm.Start(network, "many", [.. network.Seed.Terminals.Take(terminals)], Heartbeat, stop);
        ScaleBench.Say($"{Payers} others pay");
        var quiet = await Pay(network.Seed.Bills.Take(bills));
        ScaleBench.Say("the same, and the many lose their lines at once");
        var paying = Pay(network.Seed.Bills.Skip(bills));
        await Task.Delay(UntilStorm, stop);
        var storm = await many.LoseLines(stop);
        var stormy = await paying;
        return new Dictionary<string, double>
        {
            ["storm_seconds"] = storm.TotalSeconds,
            ["storm_p99_ms"] = stormy.Swarm.P99Ms,
            ["no_storm_p99_ms"] = quiet.Swarm.P99Ms,
            ["mismatches"] = quiet.Mismatches + stormy.Mismatches,
        };

        Task<MeasuredSwarm> Pay(IEnumerable<string> open) =>
            new SwarmRun([.. network.Seed.Terminals.Skip(terminals).Take(Payers)], open, WarmUp, Measured, Payers).Measure(network, stop);
    }
}
