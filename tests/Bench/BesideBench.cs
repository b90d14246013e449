using System.Globalization;
using Lakala.Local;

namespace Lakala.Bench;

/// <summary>Of this checkout to the other, in all pairs of turns.</summary>
/// <param name="From">A quarter of the pairs is below.</param>
/// <param name="To">A quarter of the pairs is above.</param>
public sealed record BesideRatio(double Middle, double From, double To)
{
    internal static BesideRatio Of(IEnumerable<double> pairs)
    {
        double[] sorted = [.. pairs.Order()];
        return new BesideRatio(At(0.5), At(0.25), At(0.75));

        double At(double part)
        {
            var (below, rest) = ((int)(part * (sorted.Length - 1)), part * (sorted.Length - 1) % 1);
            return rest == 0 ? sorted[below] : (sorted[below] * (1 - rest)) + (sorted[below + 1] * rest);
        }
    }
}

/// <summary>The figures of a comparison.</summary>
/// <param name="Settled">Swipes in a second.</param>
/// <param name="Cpu">Processor time of all programs for a settled swipe.</param>
/// <param name="CpuUsPerSwipe">Of this checkout: microseconds of a processor, of each program for a settled swipe.</param>
public sealed record BesideFigures(
    BesideRatio Settled,
    BesideRatio Cpu,
    IReadOnlyDictionary<string, BesideRatio> CpuByProgram,
    IReadOnlyDictionary<string, double> CpuUsPerSwipe,
    IReadOnlyDictionary<string, double> OtherCpuUsPerSwipe,
    long Mismatches);

/// <summary>
/// The programs of two checkouts, both alive all the time, take swipes by turns of some seconds: what a shared machine does meanwhile, which may be
/// more than versions differ by, counts for both.
/// </summary>
/// <param name="other">The root folder of another checkout, built.</param>
/// <param name="swipesPerSecond">Of all terminals together; null: as many as they can. At a pace both commit batches of one size: when each is as fast as
/// it can, what disturbs one makes its batches smaller and each swipe dearer.</param>
public sealed class BesideBench(string other, int terminals, int turns, TimeSpan measured, double? swipesPerSecond)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    // The compiler of .NET and the caches of the server get their work done.
    private static readonly TimeSpan FirstTurn = TimeSpan.FromSeconds(20);

    private int BillsOfATurn => Bills(measured);

    private int BillsOfTheFirst => Bills(FirstTurn);

    public async Task<int> Run(string? jsonFile, CancellationToken stop)
    {
        var bills = BillsOfTheFirst + (turns * BillsOfATurn);
        Say($"this checkout, with {bills:N0} bills");
        await using var mine = await Start(bills, null, stop);
        Say($"{other}, with as many");
        await using var theirs = await Start(bills, other, stop);
        Say($"{terminals} terminals swipe by turns: {turns} of {measured.TotalSeconds:0} s for each checkout, after a long one to warm up");
        var first = new[] { await First(mine, stop), await First(theirs, stop) };
        var pairs = new List<(MeasuredSwarm Mine, MeasuredSwarm Theirs)>();
        for (var turn = 0; turn < turns; turn++)
        {
            // By turns in the order, too, so that a slow drift counts for both.
            var early = await Turn(turn % 2 == 0 ? mine : theirs, turn, stop);
            var late = await Turn(turn % 2 == 0 ? theirs : mine, turn, stop);
            var pair = turn % 2 == 0 ? (Mine: early, Theirs: late) : (Mine: late, Theirs: early);
            pairs.Add(pair);
            Say(string.Create(
                CultureInfo.InvariantCulture,
                $"turn {turn + 1}: {pair.Mine.Swarm.SettledPerSecond:N0} and {pair.Theirs.Swarm.SettledPerSecond:N0} a second, {All(pair.Mine):N0} and {All(pair.Theirs):N0} us, ratio {All(pair.Mine) / All(pair.Theirs):N3}"));
        }

        var figures = new BesideFigures(
            Ratio(pairs, static run => run.Swarm.SettledPerSecond),
            Ratio(pairs, All),
            pairs[0].Mine.CpuUsPerSwipe.Keys.ToDictionary(program => program, program => Ratio(pairs, run => run.CpuUsPerSwipe[program])),
            Mean([.. pairs.Select(static pair => pair.Mine)]),
            Mean([.. pairs.Select(static pair => pair.Theirs)]),
            first.Sum(static run => run.Mismatches) + pairs.Sum(static pair => pair.Mine.Mismatches + pair.Theirs.Mismatches));
        Show(figures);
        if (jsonFile is not null)
        {
            await File.WriteAllTextAsync(jsonFile, LocalFiles.Serialise(figures) + "\n", stop);
        }

        return figures.Mismatches == 0 ? 0 : 1;
    }

    private async Task<LocalNetwork> Start(int bills, string? checkout, CancellationToken stop)
    {
        var network = await BenchNetwork.Start(terminals, bills, Say, stop, checkout: checkout);
        try
        {
            // Otherwise the one would write whole pages to its log for a while, and then the other.
            await BenchNetwork.Vacuum(network, stop);
            await BenchNetwork.Execute(network, "checkpoint", stop);
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    // A swarm whose bills are all paid fails; one at a pace may be a little faster for a moment.
    private int Bills(TimeSpan time) => (int)((WarmUp + time).TotalSeconds * (swipesPerSecond * 2 ?? SwarmRun.ManyPerSecond));

    private Task<MeasuredSwarm> First(LocalNetwork network, CancellationToken stop) =>
        new SwarmRun(Paying(network), network.Seed.Bills.Take(BillsOfTheFirst), WarmUp, FirstTurn, swipesPerSecond).Measure(network, stop);

    private Task<MeasuredSwarm> Turn(LocalNetwork network, int turn, CancellationToken stop) =>
        new SwarmRun(Paying(network), network.Seed.Bills.Skip(BillsOfTheFirst + (turn * BillsOfATurn)).Take(BillsOfATurn), WarmUp, measured, swipesPerSecond).Measure(network, stop);

    private static IReadOnlyList<SeededTerminal> Paying(LocalNetwork network) => [.. network.Seed.Terminals.SkipLast(1)];

    private static double All(MeasuredSwarm run) => run.CpuUsPerSwipe.Values.Sum();

    private static BesideRatio Ratio(List<(MeasuredSwarm Mine, MeasuredSwarm Theirs)> pairs, Func<MeasuredSwarm, double> figure) =>
        BesideRatio.Of(pairs.Select(pair => figure(pair.Mine) / figure(pair.Theirs)));

    private static Dictionary<string, double> Mean(IReadOnlyList<MeasuredSwarm> runs) => runs[0].CpuUsPerSwipe.Keys.ToDictionary(
        program => program, program => runs.Sum(run => run.Swarm.CpuSeconds[program]) / runs.Sum(static run => run.Swarm.Settled) * 1e6);

    private static void Show(BesideFigures figures)
    {
        Console.WriteLine();
        Console.WriteLine("processor time of a swipe    this      other    ratio in the middle pair, and in half of the pairs");
        foreach (var (program, each) in figures.CpuUsPerSwipe.OrderByDescending(static program => program.Value))
        {
            Row(program, each, figures.OtherCpuUsPerSwipe[program], figures.CpuByProgram[program]);
        }

        Row("in all", figures.CpuUsPerSwipe.Values.Sum(), figures.OtherCpuUsPerSwipe.Values.Sum(), figures.Cpu);
        Console.WriteLine($"settled swipes                                  {Text(figures.Settled)}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"mismatches {figures.Mismatches,18:N0}"));
    }

    private static void Row(string program, double mine, double theirs, BesideRatio ratio) => Console.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"  {program,-18} {mine,8:N1} us {theirs,8:N1} us    {Text(ratio)}"));

    private static string Text(BesideRatio ratio) => string.Create(CultureInfo.InvariantCulture, $"{ratio.Middle:N3}   {ratio.From:N3} to {ratio.To:N3}");

    private static void Say(string step) => Console.WriteLine($"  {step}");
}
