using Lakala.Local;

namespace Lakala.Bench;

/// <summary>What a swarm has done in its measured time.</summary>
/// <param name="Approvals">All that the terminals' journals hold.</param>
/// <param name="Mismatches">Approvals in a journal without a PAID bill and a debit in the bank's book, and the other way round.</param>
internal sealed record MeasuredSwarm(SwarmResult Swarm, int Approvals, long Mismatches)
{
    /// <summary>Microseconds of a processor, user and system, of each program for a settled swipe.</summary>
    public IReadOnlyDictionary<string, double> CpuUsPerSwipe =>
        Swarm.CpuSeconds.ToDictionary(program => program.Key, program => program.Value * 1e6 / Swarm.Settled);
}

/// <summary>
/// A swarm of terminals in its own process against silo, bank and PostgreSQL, with TLS, MAC and PIN. Afterwards three books are
/// compared: the terminals' journals, ours and the bank's.
/// </summary>
/// <param name="Bills">Open, each of <see cref="Amount"/>, and enough for the whole time.</param>
/// <param name="SwipesPerSecond">Of all terminals together. Null: as many as they can.</param>
internal sealed record SwarmRun(
    IReadOnlyList<SeededTerminal> Terminals, IEnumerable<string> Bills, TimeSpan WarmUp, TimeSpan Measured, double? SwipesPerSecond = null)
{
    /// <summary>Of every bill, in minor units.</summary>
    public const long Amount = 1_000;

    /// <summary>More than any machine of ours settles: so many bills are enough.</summary>
    public const int MostPerSecond = 14_000;

    /// <summary>More than the machine of docs/performance.md settles, for benches with many runs: each open bill is a row to load.</summary>
    public const int ManyPerSecond = 7_000;

    public static readonly TimeSpan UsualWarmUp = TimeSpan.FromSeconds(20);

    /// <summary>The number of bills for a run as fast as the terminals can.</summary>
    public static int CountBills(TimeSpan measured) => (int)((UsualWarmUp + measured).TotalSeconds * MostPerSecond);

    /// <exception cref="SetupException">The swarm has failed.</exception>
    public async Task<MeasuredSwarm> Measure(LocalNetwork network, CancellationToken stop)
    {
        // A real terminal has its own disk; here hundreds share one, so their journals are in memory.
        var journals = Directory.CreateTempSubdirectory("lakala-bench-");
        if (Directory.Exists("/dev/shm"))
        {
            journals.Delete();
            journals = Directory.CreateDirectory(Path.Combine("/dev/shm", journals.Name));
        }

        try
        {
            var (plan, result) = (Path.Combine(journals.FullName, "plan.json"), Path.Combine(journals.FullName, "result.json"));
            LocalFiles.Write(plan, new
            {
                network.Terminal.Host,
                Ports = network.Gateways,
                network.Terminal.Ca,
                Terminals,
                Bills = InAnyOrder(),
                Amount,
                Cards = network.Cards.Where(card => card is { Expected: "approved", RefundAnswers: null }),
                JournalFolder = journals.FullName,
                WarmupSeconds = WarmUp.TotalSeconds,
                Seconds = Measured.TotalSeconds,
                Programs = new Dictionary<string, int>(
                    [.. BenchNetwork.Server(network), .. network.Silos.Select(static silo => new KeyValuePair<string, int>(silo.Name, silo.Process.Id)), new("bank", network.Bank.Id)]),
                SwipesPerSecond,
            });
            await Tool.RunOrFail(
                [network.Program("Bench"), "swarm", "--plan", plan, "--result", result],
                new Dictionary<string, string>([LocalNetwork.RoomyYoungGeneration]),
                cancel: stop);
            var figures = SwarmResult.Read(result) ?? throw new SetupException("the swarm has left no result");
            var approvals = await LocalFiles.Read<Approval[]>(figures.Approvals) ?? throw new SetupException("the swarm has left no approvals");
            return new MeasuredSwarm(figures, approvals.Length, await BookComparison.CountMismatches(network, Terminals, approvals, stop));
        }
        finally
        {
            journals.Delete(recursive: true);
        }
    }

    // Shoppers do not come to the stores in the order in which they ordered.
    private string[] InAnyOrder()
    {
        var shuffled = Bills.ToArray();
        Random.Shared.Shuffle(shuffled);
        return shuffled;
    }
}
