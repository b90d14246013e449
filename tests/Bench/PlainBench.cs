using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using Lakala.Local;

namespace Lakala.Bench;

/// <summary>The figures of a run.</summary>
/// <param name="Ratio">Settled swipes of Lakala for each one of the plain way.</param>
/// <param name="RatioToPgbench">The plain way's swipes for each of pgbench's transactions.</param>
/// <param name="CpuUsPerSwipe">Microseconds of a processor for a swipe of the plain way, by program.</param>
/// <param name="ServersCpuRatio">The processor time of all programs but the clients, for a swipe of the plain way, to Lakala's.</param>
/// <param name="Mismatches">Of Lakala's books.</param>
public sealed record PlainFigures(
    double PlainPerSecond,
    double SettledPerSecond,
    double PgbenchTps,
    double Ratio,
    double RatioToPgbench,
    double P50Ms,
    double P99Ms,
    IReadOnlyDictionary<string, double> CpuUsPerSwipe,
    double ServersCpuRatio,
    long Mismatches);

/// <summary>
/// The plain way (tests/Plain) beside Lakala and pgbench, one after another on the same PostgreSQL, each with the same number of
/// clients at once.
/// </summary>
public sealed class PlainBench(int clients, TimeSpan measured)
{
    private const string Database = "plain", Clients = "clients";

    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(3);

    private long _lastBill;

    public async Task<int> Run(string? jsonFile, CancellationToken stop)
    {
        await using var network = await BenchNetwork.Start(clients, SwarmRun.CountBills(measured), Say, stop);
        double tps;
        PlainRun plain;
        MeasuredSwarm swipes;
        try
        {
            Say($"pgbench, {Pgbench.UsualTime.TotalSeconds:0} s");
            tps = await Pgbench.Run(network.Postgres, Pgbench.UsualTime, stop);
            Say($"the plain way, {clients} clients, {SwarmRun.UsualWarmUp.TotalSeconds:0} s to warm up and {measured.TotalSeconds:0} s measured");
            plain = await MeasurePlain(network, stop);
            await BenchNetwork.Vacuum(network, stop);
            Say($"Lakala, {clients} terminals, the same times, then the books are compared");
            swipes = await new SwarmRun([.. network.Seed.Terminals.SkipLast(1)], network.Seed.Bills, SwarmRun.UsualWarmUp, measured).Measure(network, stop);
        }
        finally
        {
            await Pgbench.Drop(network.Postgres);
            await network.Postgres.DropDatabase(Database, CancellationToken.None);
        }

        var cpu = plain.CpuSeconds.ToDictionary(program => program.Key, program => program.Value * 1e6 / plain.Milliseconds.Length);
        var (perSecond, settled) = (plain.Milliseconds.Length / measured.TotalSeconds, swipes.Swarm.SettledPerSecond);
        var figures = new PlainFigures(
            perSecond,
            settled,
            tps,
            settled / perSecond,
            perSecond / tps,
            Quantile(plain.Milliseconds, 0.5),
            Quantile(plain.Milliseconds, 0.99),
            cpu,
            OfServers(cpu) / OfServers(swipes.CpuUsPerSwipe),
            swipes.Mismatches);
        Show(figures, swipes);
        if (jsonFile is not null)
        {
            await File.WriteAllTextAsync(jsonFile, LocalFiles.Serialise(figures) + "\n", stop);
        }

        return swipes.Mismatches == 0 ? 0 : 1;
    }

    private async Task<PlainRun> MeasurePlain(LocalNetwork network, CancellationToken stop)
    {
        // Its own server may be somebody's, with the database of a run that was killed.
        await network.Postgres.DropDatabase(Database, stop);
        var (ports, database) = (FreePorts.Take(2), await network.Postgres.CreateDatabase(Database, stop));
        var address = new Uri($"http://localhost:{ports[0]}");
        await using var program = network.StartProgram("plain", [Repository.Program("Plain")], new Dictionary<string, string>([LocalNetwork.RoomyYoungGeneration])
        {
            ["ConnectionStrings__Plain"] = database,
            ["Http__Port"] = ports[0].ToString(CultureInfo.InvariantCulture),
            ["Cluster__SiloPort"] = ports[1].ToString(CultureInfo.InvariantCulture),
        });
        using var http = new HttpClient { BaseAddress = address };
        await program.WaitUntilHealthy(http, new Uri(address, "/healthz"), StartBound, stop);
        var programs = new Dictionary<string, int>(BenchNetwork.Server(network)) { ["silo"] = program.Id, [Clients] = Environment.ProcessId };
        var begin = Stopwatch.GetTimestamp() + (long)(SwarmRun.UsualWarmUp.TotalSeconds * Stopwatch.Frequency);
        var end = begin + (long)(measured.TotalSeconds * Stopwatch.Frequency);
        var used = ProcessorTime.Measure(programs, SwarmRun.UsualWarmUp, measured, TimeProvider.System, stop);
        var latencies = await Task.WhenAll(network.Seed.Terminals.Take(clients).Select(terminal => Task.Run(() => PayUntil(http, terminal.Id, begin, end, stop), stop)));
        return new PlainRun([.. latencies.SelectMany(each => each).Order()], await used);
    }

    private async Task<List<double>> PayUntil(HttpClient http, string terminal, long begin, long end, CancellationToken stop)
    {
        var latencies = new List<double>();
        while (Stopwatch.GetTimestamp() < end)
        {
            var begun = Stopwatch.GetTimestamp();
            using var answer = await http.PostAsJsonAsync("/swipes", new { terminal, bill = Interlocked.Increment(ref _lastBill), amount = SwarmRun.Amount }, stop);
            if (!answer.IsSuccessStatusCode || !await answer.Content.ReadFromJsonAsync<bool>(stop))
            {
                throw new SetupException($"the plain program answers {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(stop)}");
            }

            var done = Stopwatch.GetTimestamp();
            if (done >= begin && done < end)
            {
                latencies.Add(Stopwatch.GetElapsedTime(begun, done).TotalMilliseconds);
            }
        }

        return latencies;
    }

    private static double Quantile(double[] sorted, double share) => sorted.Length == 0 ? 0 : sorted[(int)((sorted.Length - 1) * share)];

    private static void Show(PlainFigures figures, MeasuredSwarm swipes)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

                                    plain       Lakala
            swipes         {figures.PlainPerSecond,14:N0} {figures.SettledPerSecond,12:N0} /s
            p50            {figures.P50Ms,14:N1} {swipes.Swarm.P50Ms,12:N1} ms
            p99            {figures.P99Ms,14:N1} {swipes.Swarm.P99Ms,12:N1} ms
            to pgbench     {figures.RatioToPgbench,14:N2} {figures.SettledPerSecond / figures.PgbenchTps,12:N2}
            servers' time  {OfServers(figures.CpuUsPerSwipe),14:N0} {OfServers(swipes.CpuUsPerSwipe),12:N0} us of a processor for a swipe
            clients' time  {OfClients(figures.CpuUsPerSwipe),14:N0} {OfClients(swipes.CpuUsPerSwipe),12:N0} us
            mismatches     {"",14} {figures.Mismatches,12:N0}

            Lakala settles {figures.Ratio:N1} swipes for each of the plain way, which has no TLS, MAC, PIN, bank, ledger and notices.
            """));
    }

    private static double OfServers(IReadOnlyDictionary<string, double> cpu) => cpu.Values.Sum() - OfClients(cpu);

    private static double OfClients(IReadOnlyDictionary<string, double> cpu) => cpu.Where(program => program.Key is Clients or "swarm").Sum(program => program.Value);

    private static void Say(string step) => Console.WriteLine($"  {step}");

    /// <param name="Milliseconds">Of each swipe in the measured time, sorted.</param>
    private sealed record PlainRun(double[] Milliseconds, IReadOnlyDictionary<string, double> CpuSeconds);
}
