using System.Globalization;
using System.Text.Json;
using Lakala.Local;
using Npgsql;

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

/// <summary>
/// A swarm of terminals against silo, bank and PostgreSQL, all real processes on this machine with TLS, MAC and PIN; first, on
/// the same server, pgbench. Afterwards three books are compared: the terminals' journals, ours and the bank's.
/// </summary>
public sealed class SwipeBench(int terminals, TimeSpan measured)
{
    internal const int MostPerSecond = 14_000;
    private const long Amount = 1_000;

    internal static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Yardstick = TimeSpan.FromSeconds(30);
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <param name="jsonFile">The file for the figures.</param>
    /// <param name="profile">True: the processor time of each program is printed too.</param>
    public async Task<int> Run(string? jsonFile, bool profile, CancellationToken stop)
    {
        var state = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "bench"));
        await using var network = await LocalNetwork.Start(
            state,
            new LocalNetworkOptions
            {
                Terminals = terminals,
                Bills = (int)((WarmUp + measured).TotalSeconds * MostPerSecond),
                BankFsync = false,
                ThrowawayDatabase = true,
                ProgramsSwipe = true,
                Silo = new Dictionary<string, string> { ["Notices__Dispatch"] = "false" },
                Progress = Say,
            },
            stop);

        // So that every settled swipe writes its delivery row. The cost of sending notices is not measured.
        using var merchant = new MerchantClient(network.Http, network.Seed.ApiKey);
        await merchant.CreateWebhookEndpoint(new Uri("http://127.0.0.1:9/notices"), stop);

        double tps;
        SwarmResult result;
        IReadOnlyList<Approval> approvals;
        try
        {
            Say($"pgbench, {Yardstick.TotalSeconds:0} s");
            tps = await Pgbench.Run(network.Postgres, Yardstick, stop);
            await Vacuum(network, stop);
            Say($"{terminals} terminals swipe, {WarmUp.TotalSeconds:0} s to warm up and {measured.TotalSeconds:0} s measured");
            (result, approvals) = await Swarm(network, network.Seed.Bills, stop);
        }
        finally
        {
            await Pgbench.Drop(network.Postgres);
        }

        var balances = await BalanceDelay.Read(network, stop);
        Say("the books are compared");
        var mismatches = await BookComparison.CountMismatches(network, approvals, stop);

        var figures = new BenchFigures(
            result.SettledPerSecond,
            tps,
            result.SettledPerSecond / tps,
            result.P50Ms,
            result.P99Ms,
            balances.P50Ms,
            balances.P99Ms,
            mismatches,
            result.CpuSeconds.ToDictionary(program => program.Key, program => program.Value * 1e6 / result.Settled));
        Show(figures, result, approvals.Count);
        if (profile)
        {
            ShowProfile(figures.CpuUsPerSwipe);
        }

        if (jsonFile is not null)
        {
            await File.WriteAllTextAsync(jsonFile, JsonSerializer.Serialize(figures, Json) + "\n", stop);
        }

        return mismatches == 0 ? 0 : 1;
    }

    // As pgbench does after it has filled its tables: otherwise the first minute would pay for work that the filling left.
    internal static async Task Vacuum(LocalNetwork network, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(network.ConnectionString);
        await using var command = database.CreateCommand("vacuum analyze bills");
        command.CommandTimeout = 60;
        await command.ExecuteNonQueryAsync(stop);
    }

    internal async Task<(SwarmResult Result, IReadOnlyList<Approval> Approvals)> Swarm(LocalNetwork network, IEnumerable<string> bills, CancellationToken stop)
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
                network.Terminal.Port,
                network.Terminal.Ca,
                Terminals = network.Seed.Terminals.SkipLast(1),
                Bills = InAnyOrder(bills),
                Amount,
                Cards = network.Cards.Where(card => card.Expected == "approved"),
                JournalFolder = journals.FullName,
                WarmupSeconds = (int)WarmUp.TotalSeconds,
                Seconds = (int)measured.TotalSeconds,
                Programs = Programs(network),
            });
            await Tool.RunOrFail(
                [Repository.Program("Bench"), "swarm", "--plan", plan, "--result", result],
                new Dictionary<string, string>([LocalNetwork.RoomyYoungGeneration]),
                cancel: stop);
            var figures = SwarmResult.Read(result) ?? throw new SetupException("the swarm has left no result");
            var approvals = await LocalFiles.Read<Approval[]>(figures.Approvals) ?? throw new SetupException("the swarm has left no approvals");
            return (figures, approvals);
        }
        finally
        {
            journals.Delete(recursive: true);
        }
    }

    // A PostgreSQL that somebody else runs is not seen.
    private static Dictionary<string, int> Programs(LocalNetwork network)
    {
        var programs = new Dictionary<string, int> { ["silo"] = network.Silo.Id, ["bank"] = network.Bank.Id };
        if (network.Postgres.Cluster?.Process is { } postgres)
        {
            programs["PostgreSQL"] = postgres;
        }

        return programs;
    }

    // Shoppers do not come to the stores in the order in which they ordered.
    private static string[] InAnyOrder(IEnumerable<string> bills)
    {
        var shuffled = bills.ToArray();
        Random.Shared.Shuffle(shuffled);
        return shuffled;
    }

    private static void Show(BenchFigures figures, SwarmResult swarm, int approvals)
    {
        var other = swarm.Declined + swarm.Refused + swarm.Unknown;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

            settled swipes   {figures.SettledPerSecond,10:N0} /s
            pgbench TPC-B    {figures.PgbenchTps,10:N0} /s
            ratio            {figures.Ratio,10:N2}
            p50              {figures.P50Ms,10:N1} ms
            p99              {figures.P99Ms,10:N1} ms
            balance p50      {figures.BalanceP50Ms,10:N0} ms
            balance p99      {figures.BalanceP99Ms,10:N0} ms

            approvals held   {approvals,10:N0}
            other outcomes   {other,10:N0}
            mismatches       {figures.Mismatches,10:N0}
            """));
        foreach (var (error, count) in swarm.Errors)
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
