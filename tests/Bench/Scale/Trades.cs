using System.Globalization;
using Lakala.Local;
using Npgsql;

namespace Lakala.Bench.Scale;

/// <summary>
/// What comes after the swipe: the cost of a swipe whose money is held, of many releases that are due at once while terminals pay, and of a refund.
/// </summary>
internal sealed class Trades(TimeSpan time) : IScalePart
{
    public const string PartName = "trades";

    private const int Terminals = 400, PastTerminals = 100, Releases = 100_000, SwipesBeside = 100;

    // Refunds and swipes are compared at a pace at which none waits for another.
    private const int RefundsPerSecond = 50, RefundsAtOnce = 16;

    private const int ShipSeconds = 259_200, ConfirmSeconds = 864_000;

    private const string Due = "select count(*) from trades where state = 'SHIPPED' and due_at <= statement_timestamp()";

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10), Paced = TimeSpan.FromSeconds(40), Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan SweepBound = TimeSpan.FromMinutes(10);

    public string Name => PartName;

    public long DiskBytes => 8_000_000_000;

    public async Task<IReadOnlyDictionary<string, double>> Measure(CancellationToken stop)
    {
        await using var network = await BenchNetwork.Start(Terminals + PastTerminals, 0, ScaleBench.Say, stop);
        await using var database = NpgsqlDataSource.Create(network.ConnectionString);
        using var merchant = new MerchantClient(network.Http, network.Seed.ApiKey);
        var (direct, escrow) = await MakeBills(network, merchant, stop);

        // In this order a slow drift of the machine counts for both.
        var swipes = new List<MeasuredSwarm>();
        foreach (var (bills, kind, half) in new[] { (direct, "direct", 0), (escrow, "held", 0), (escrow, "held", 1), (direct, "direct", 1) })
        {
            swipes.Add(await new SwarmRun(Paying(network), bills.Chunk(PerRun).ElementAt(half), WarmUp, time).Measure(network, stop));
            ScaleBench.Say(string.Create(CultureInfo.InvariantCulture, $"{kind}: {swipes[^1].Swarm.SettledPerSecond:N0} a second, {Servers(swipes[^1]):N0} us of silo and PostgreSQL each"));
        }

        var spare = direct.Skip(2 * PerRun).ToArray();
        var (released, seconds, beside) = await Release(network, database, spare[..(spare.Length / 2)], stop);
        var refund = await Refund(network, database, merchant, stop);
        var slow = await new SwarmRun(Paying(network), spare[(spare.Length / 2)..], WarmUp, Paced, RefundsPerSecond).Measure(network, stop);
        var idle = await ReadIdle(network, stop);
        var (refundTime, swipeTime) = ((refund - idle) / Refunds * 1e6, (slow.Swarm.CpuSeconds[BenchNetwork.ServerName] - idle) / slow.Swarm.Settled * 1e6);
        var books = await network.Books(stop);
        return new Dictionary<string, double>
        {
            ["direct_servers_us"] = (Servers(swipes[0]) + Servers(swipes[3])) / 2,
            ["held_servers_us"] = (Servers(swipes[1]) + Servers(swipes[2])) / 2,
            ["held_to_direct"] = (Servers(swipes[1]) + Servers(swipes[2])) / (Servers(swipes[0]) + Servers(swipes[3])),
            ["releases"] = released,
            ["release_seconds"] = seconds,
            ["swipes_beside_p50_ms"] = beside.Swarm.P50Ms,
            ["swipes_beside_p99_ms"] = beside.Swarm.P99Ms,
            ["refund_database_us"] = refundTime,
            ["swipe_database_us"] = swipeTime,
            ["refund_to_swipe_database"] = refundTime / swipeTime,
            ["mismatches"] = swipes.Append(beside).Append(slow).Sum(run => run.Mismatches) + (books.ExitCode == 0 ? 0 : 1),
        };
    }

    private static int Refunds => (int)Paced.TotalSeconds * RefundsPerSecond;

    private int PerRun => (int)((WarmUp + time).TotalSeconds * SwarmRun.ManyPerSecond);

    private static IReadOnlyList<SeededTerminal> Paying(LocalNetwork network) => [.. network.Seed.Terminals.Take(Terminals)];

    private static double Servers(MeasuredSwarm swipes) => swipes.CpuUsPerSwipe.Where(program => program.Key != "bank").Sum(program => program.Value);

    private async Task<(IReadOnlyList<string> Direct, IReadOnlyList<string> Escrow)> MakeBills(LocalNetwork network, MerchantClient merchant, CancellationToken stop)
    {
        ScaleBench.Say(string.Create(CultureInfo.InvariantCulture, $"{4 * PerRun:N0} open bills, half of them with money that will be held"));
        var paid = await BillTemplates.Pay(network, merchant, stop);

        // The payments that are copied are told apart by their terminal.
        string[][] past = [.. network.Seed.Terminals.Skip(Terminals).Take(PastTerminals).Select(terminal => terminal.Id).Chunk(PastTerminals / 2)];
        var direct = await Copy(past[0], null, (2 * PerRun) + (int)(2 * (SweepBound + WarmUp).TotalSeconds * SwipesBeside));
        var escrow = await Copy(past[1], (ShipSeconds, ConfirmSeconds), 2 * PerRun);
        await BenchNetwork.Execute(network, "vacuum analyze bills, attempts, entries, events, deliveries, trades", stop);
        await BenchNetwork.Execute(network, "checkpoint", stop);
        return (direct, escrow);

        async Task<IReadOnlyList<string>> Copy(string[] terminals, (int, int)? times, int count)
        {
            var open = await BillTemplates.Create(merchant, times is null ? "direct" : "escrow", times, stop);
            await using var copies = new BillCopies(network.ConnectionString, paid, open, terminals);
            return await copies.Add(1, count, static _ => { }, stop);
        }
    }

    /// <summary>Lets the time to confirm end for many trades at once. Their goods are shipped by SQL: the API would take longer than all else here.</summary>
    private static async Task<(long Released, double Seconds, MeasuredSwarm Beside)> Release(
        LocalNetwork network, NpgsqlDataSource database, IEnumerable<string> bills, CancellationToken stop)
    {
        await using var ship = database.CreateCommand(
            $"""
            update trades set state = 'SHIPPED', method = 'express', carrier = 'SF Express', tracking_number = 'SF1', shipped_at = statement_timestamp(),
              due_at = statement_timestamp() + interval '1 hour'
            where bill in (select bill from trades where state = 'HELD' limit {Releases})
            """);
        ship.CommandTimeout = (int)SweepBound.TotalSeconds;
        var count = await ship.ExecuteNonQueryAsync(stop);
        await BenchNetwork.Execute(network, "vacuum analyze trades", stop);
        await BenchNetwork.Execute(network, "checkpoint", stop);
        ScaleBench.Say(string.Create(CultureInfo.InvariantCulture, $"{count:N0} releases are due at once, while terminals pay {SwipesBeside} times a second"));
        var swarm = new SwarmRun(Paying(network), bills, WarmUp, TimeSpan.FromMinutes(1), SwipesBeside).Measure(network, stop);
        await Task.Delay(WarmUp, stop);
        await BenchNetwork.Execute(network, "update trades set due_at = statement_timestamp() where state = 'SHIPPED'", stop);
        var begun = TimeProvider.System.GetTimestamp();
        while (await Count(database, Due, stop) is > 0 and var left)
        {
            if (TimeProvider.System.GetElapsedTime(begun) > SweepBound)
            {
                throw new SetupException(string.Create(CultureInfo.InvariantCulture, $"{left:N0} releases are still due after {SweepBound.TotalMinutes:N0} minutes. Does the silo run?"));
            }

            await Task.Delay(Poll, stop);
        }

        var seconds = TimeProvider.System.GetElapsedTime(begun).TotalSeconds;
        return (count, seconds, await swarm);
    }

    /// <returns>PostgreSQL's processor time in seconds for all refunds, and for what else it does meanwhile.</returns>
    private static async Task<double> Refund(LocalNetwork network, NpgsqlDataSource database, MerchantClient merchant, CancellationToken stop)
    {
        ScaleBench.Say(string.Create(CultureInfo.InvariantCulture, $"{Refunds:N0} refunds of direct bills, {RefundsPerSecond} a second"));

        var warmUp = (int)WarmUp.TotalSeconds * RefundsPerSecond;

        // Not the copies of a paid bill, which the bank does not know.
        var bills = await List(
            database,
            $"select number from bills where state = 'PAID' and order_id like 'open-%' and number not in (select bill from trades) limit {warmUp + Refunds}",
            stop);
        await Order(bills.Take(warmUp));
        var server = BenchNetwork.Server(network).Single().Value;
        var before = ProcessorTime.Of(server);
        await Order(bills.Skip(warmUp));
        return (ProcessorTime.Of(server) - before).TotalSeconds;

        async Task Order(IEnumerable<string> some)
        {
            var begun = TimeProvider.System.GetTimestamp();
            await Parallel.ForEachAsync(
                some.Index(),
                new ParallelOptions { MaxDegreeOfParallelism = RefundsAtOnce, CancellationToken = stop },
                async (refund, cancel) =>
                {
                    var early = TimeSpan.FromSeconds((double)refund.Index / RefundsPerSecond) - TimeProvider.System.GetElapsedTime(begun);
                    await Task.Delay(early > TimeSpan.Zero ? early : TimeSpan.Zero, cancel);
                    await merchant.RefundBill(refund.Item, SwarmRun.Amount / 2, refund.Item, cancel);
                });
            while (await Count(database, "select count(*) from refunds where state in ('QUEUED', 'REQUESTED', 'SENT')", stop) > 0)
            {
                await Task.Delay(Poll, stop);
            }
        }
    }

    private static async Task<double> ReadIdle(LocalNetwork network, CancellationToken stop) =>
        (await ProcessorTime.Measure(new Dictionary<string, int>(BenchNetwork.Server(network)), TimeSpan.Zero, Paced, TimeProvider.System, stop))[BenchNetwork.ServerName];

    private static async Task<long> Count(NpgsqlDataSource database, string sql, CancellationToken stop)
    {
        await using var command = database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(stop))!;
    }

    private static async Task<IReadOnlyList<string>> List(NpgsqlDataSource database, string sql, CancellationToken stop)
    {
        await using var command = database.CreateCommand(sql);
        await using var rows = await command.ExecuteReaderAsync(stop);
        var bills = new List<string>();
        while (await rows.ReadAsync(stop))
        {
            bills.Add(rows.GetInt64(0).ToString("D14", CultureInfo.InvariantCulture));
        }

        return bills;
    }
}
