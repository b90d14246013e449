using System.Globalization;
using Lakala.Local;
using Npgsql;

namespace Lakala.Bench.Scale;

/// <summary>
/// Terminals pay open bills among few that were paid before, and then among many. In both cases there are as many open bills, spread
/// over the tables.
/// </summary>
internal sealed class ManyBills(int bills, TimeSpan time) : IScalePart
{
    public const string PartName = "bills";

    private const int Few = 10_000, Terminals = 400, PastTerminals = 1_000;

    // A paid bill with all its rows and indexes, and the server's log meanwhile.
    private const long BytesOfBill = 3_000, BytesBesides = 8_000_000_000;

    private const string Tables = "bills, attempts, entries, events, deliveries";
    private const string LogBytes = "pg_current_wal_lsn() - '0/0'", DatabaseBytes = "pg_database_size(current_database())";

    private static readonly TimeSpan BetweenWords = TimeSpan.FromSeconds(15);

    public string Name => PartName;

    public long DiskBytes => (bills * BytesOfBill) + BytesBesides;

    public async Task<IReadOnlyDictionary<string, double>> Measure(CancellationToken stop)
    {
        await using var network = await BenchNetwork.Start(Terminals + PastTerminals, 0, ScaleBench.Say, stop);
        using var merchant = new MerchantClient(network.Http, network.Seed.ApiKey);
        var (paid, open) = (await BillTemplates.Pay(network, merchant, stop), await BillTemplates.Create(merchant, "open", escrow: null, stop));
        var past = network.Seed.Terminals.Skip(Terminals).Take(PastTerminals).Select(terminal => terminal.Id);
        await using var copies = new BillCopies(network.ConnectionString, paid, open, [.. past]);
        var few = await MeasureAmong(network, copies, 0, Math.Min(Few, bills / 2), stop);
        var many = await MeasureAmong(network, copies, Math.Min(Few, bills / 2), bills, stop);
        ScaleBench.Say("the books");
        var books = await network.Books(stop);
        if (books.ExitCode != 0)
        {
            Console.WriteLine(books.Output);
        }

        return new Dictionary<string, double>
        {
            ["bills"] = bills,
            ["settled_per_second_few_bills"] = few.Swipes.Swarm.SettledPerSecond,
            ["settled_per_second_many_bills"] = many.Swipes.Swarm.SettledPerSecond,
            ["ten_million_to_ten_thousand"] = many.Swipes.Swarm.SettledPerSecond / few.Swipes.Swarm.SettledPerSecond,
            ["cpu_us_per_swipe_few_bills"] = few.Swipes.CpuUsPerSwipe.Values.Sum(),
            ["cpu_us_per_swipe_many_bills"] = many.Swipes.CpuUsPerSwipe.Values.Sum(),
            ["log_bytes_per_swipe_few_bills"] = few.LogBytesPerSwipe,
            ["log_bytes_per_swipe_many_bills"] = many.LogBytesPerSwipe,
            ["disk_bytes_per_paid_bill"] = many.DiskBytesPerBill,
            ["mismatches"] = few.Swipes.Mismatches + many.Swipes.Mismatches + (books.ExitCode == 0 ? 0 : 1),
        };
    }

    private async Task<Measured> MeasureAmong(LocalNetwork network, BillCopies copies, int from, int to, CancellationToken stop)
    {
        var (begun, said) = (TimeProvider.System.GetTimestamp(), TimeProvider.System.GetTimestamp());
        ScaleBench.Say(string.Create(CultureInfo.InvariantCulture, $"{to:N0} paid bills in the tables"));
        var disk = await Ask(network, DatabaseBytes, stop);
        var open = await copies.Add(to - from, SwarmRun.CountBills(time), Progress, stop);
        var diskBytesPerBill = (double)(await Ask(network, DatabaseBytes, stop) - disk) / (to - from);
        ScaleBench.Say("vacuum and a checkpoint");
        await BenchNetwork.Execute(network, $"vacuum analyze {Tables}", stop);

        // The dirty pages of the filling are not the swipes' to write.
        await BenchNetwork.Execute(network, "checkpoint", stop);
        var log = await Ask(network, LogBytes, stop);
        ScaleBench.Say($"{Terminals} terminals swipe, {SwarmRun.UsualWarmUp.TotalSeconds:0} s to warm up and {time.TotalSeconds:0} s measured");
        var swipes = await new SwarmRun([.. network.Seed.Terminals.Take(Terminals)], open, SwarmRun.UsualWarmUp, time).Measure(network, stop);
        ScaleBench.Say(string.Create(CultureInfo.InvariantCulture, $"{swipes.Swarm.SettledPerSecond:N0} settled swipes a second, {swipes.CpuUsPerSwipe.Values.Sum():N0} us each"));
        return new Measured(swipes, (double)(await Ask(network, LogBytes, stop) - log) / swipes.Approvals, diskBytesPerBill);

        void Progress(int done)
        {
            if (TimeProvider.System.GetElapsedTime(said) > BetweenWords)
            {
                said = TimeProvider.System.GetTimestamp();
                var left = TimeProvider.System.GetElapsedTime(begun) * ((double)(to - from - done) / done);
                ScaleBench.Say(string.Create(CultureInfo.InvariantCulture, $"  {from + done:N0} of {to:N0}, {left:mm\\:ss} left"));
            }
        }
    }

    private static async Task<long> Ask(LocalNetwork network, string what, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(network.ConnectionString);
        await using var command = database.CreateCommand($"select ({what})::bigint");
        return (long)(await command.ExecuteScalarAsync(stop))!;
    }

    /// <param name="DiskBytesPerBill">Of all paid bills that were added, with the open ones among them.</param>
    private sealed record Measured(MeasuredSwarm Swipes, double LogBytesPerSwipe, double DiskBytesPerBill);
}
