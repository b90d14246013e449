using System.Globalization;
using Lakala.Local;

namespace Lakala.Bench;

/// <summary>The figures of a run.</summary>
/// <param name="Ratio">Settled swipes for each of pgbench's transactions.</param>
/// <param name="BalanceP50Ms">From a payment to the available balance.</param>
/// <param name="Mismatches">Approvals in a journal without a PAID bill and a debit in the bank's book, and the other way round.</param>
/// <param name="CpuUsPerSwipe">Microseconds of a processor, user and system, of each program for a settled swipe.</param>
public sealed record BenchFigures(
    double SettledPerSecond,
    double PgbenchTps,
    double Ratio,
    double P50Ms,
    double P99Ms,
    double BalanceP50Ms,
    double BalanceP99Ms,
    long Mismatches,
    IReadOnlyDictionary<string, double> CpuUsPerSwipe);

/// <summary>A swarm of terminals pays as fast as it can; before it, on the same server, pgbench.</summary>
public sealed class SwipeBench(int terminals, int silos, TimeSpan measured)
{
    /// <param name="jsonFile">The file for the figures.</param>
    /// <param name="profile">True: the processor time of each program is printed too.</param>
    public async Task<int> Run(string? jsonFile, bool profile, CancellationToken stop)
    {
        await using var network = await BenchNetwork.Start(terminals, SwarmRun.CountBills(measured), Say, stop, silos);
        double tps;
        MeasuredSwarm swipes;
        try
        {
            Say($"pgbench, {Pgbench.UsualTime.TotalSeconds:0} s");
            tps = await Pgbench.Run(network.Postgres, Pgbench.UsualTime, stop);
            await BenchNetwork.Vacuum(network, stop);
            Say($"{terminals} terminals swipe, {SwarmRun.UsualWarmUp.TotalSeconds:0} s to warm up and {measured.TotalSeconds:0} s measured, then the books are compared");
            swipes = await new SwarmRun([.. network.Seed.Terminals.SkipLast(1)], network.Seed.Bills, SwarmRun.UsualWarmUp, measured).Measure(network, stop);
        }
        finally
        {
            await Pgbench.Drop(network.Postgres);
        }

        var (swarm, balances) = (swipes.Swarm, await BalanceDelay.Read(network, stop));
        var figures = new BenchFigures(
            swarm.SettledPerSecond,
            tps,
            swarm.SettledPerSecond / tps,
            swarm.P50Ms,
            swarm.P99Ms,
            balances.P50Ms,
            balances.P99Ms,
            swipes.Mismatches,
            swipes.CpuUsPerSwipe);
        Show(figures, swipes);
        if (profile)
        {
            ShowProfile(figures.CpuUsPerSwipe);
        }

        if (jsonFile is not null)
        {
            await File.WriteAllTextAsync(jsonFile, LocalFiles.Serialise(figures) + "\n", stop);
        }

        return figures.Mismatches == 0 ? 0 : 1;
    }

    private static void Show(BenchFigures figures, MeasuredSwarm swipes)
    {
        var other = swipes.Swarm.Declined + swipes.Swarm.Refused + swipes.Swarm.Unknown;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

            settled swipes   {figures.SettledPerSecond,10:N0} /s
            pgbench TPC-B    {figures.PgbenchTps,10:N0} /s
            ratio            {figures.Ratio,10:N2}
            p50              {figures.P50Ms,10:N1} ms
            p99              {figures.P99Ms,10:N1} ms
            balance p50      {figures.BalanceP50Ms,10:N0} ms
            balance p99      {figures.BalanceP99Ms,10:N0} ms

            approvals held   {swipes.Approvals,10:N0}
            other outcomes   {other,10:N0}
            mismatches       {figures.Mismatches,10:N0}
            """));
        foreach (var (error, count) in swipes.Swarm.Errors)
        {
            Console.WriteLine($"  {count} x {error}");
        }
    }

    private static void ShowProfile(IReadOnlyDictionary<string, double> microseconds)
    {
        Console.WriteLine();
        Console.WriteLine("processor time of a settled swipe, user and system");
        foreach (var (program, each) in microseconds.OrderByDescending(program => program.Value))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {program,-14} {each,10:N1} us"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {"in all",-14} {microseconds.Values.Sum(),10:N1} us"));
    }

    private static void Say(string step) => Console.WriteLine($"  {step}");
}
