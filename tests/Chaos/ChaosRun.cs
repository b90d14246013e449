using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Lakala.Chaos.Audit;
using Lakala.Local;
using Npgsql;

namespace Lakala.Chaos;

/// <summary>The result of a run.</summary>
/// <param name="Swipes">Attempts that reached the books of the terminals.</param>
/// <param name="Unresolved">Sales whose outcome is unknown at the terminal at the end.</param>
/// <param name="Refunded">Refunds that the bank has credited.</param>
/// <param name="RefundedByApi">Refunds that the merchant has ordered, and got an answer.</param>
/// <param name="RefundedAtCounter">Refunds that were ordered at a counter.</param>
/// <param name="RefundedByClaims">Refunds with which claims have ended.</param>
/// <param name="Released">Releases of held money.</param>
/// <param name="Confirmed">Shoppers who have confirmed with a one-time code, and got an answer.</param>
/// <param name="Claims">All claims, which have ended: the number in each state.</param>
/// <param name="VisitsGivenUp">Requests of shoppers, and about their claims, that got no answer for long.</param>
/// <param name="Faults">The number of each kind.</param>
/// <param name="ResolveP99Ms">The time from the end of a fault that left a sale open to its outcome at the terminal, in milliseconds.</param>
public sealed record ChaosFigures(
    int Seed,
    int Swipes,
    int Approved,
    int Declined,
    int Reversed,
    int Unresolved,
    int Refunded,
    int RefundsDeclined,
    int RefundedByApi,
    int RefundedAtCounter,
    int RefundedByClaims,
    int Released,
    int Confirmed,
    IReadOnlyDictionary<string, int> Claims,
    int VisitsGivenUp,
    IReadOnlyDictionary<string, int> Faults,
    IReadOnlyList<string> Violations,
    double ResolveP99Ms);

/// <summary>
/// Three silos, the bank, PostgreSQL, two servers of the merchant and a swarm of terminals, all real programs with a fault proxy in
/// front of each line. Faults happen all the time; then they are healed, the queues empty, and the books are compared.
/// </summary>
public sealed class ChaosRun(int seed, TimeSpan length)
{
    private const int Silos = 3, Terminals = 16, LeastMoves = 200;

    // Twelve digits, which do not occur by chance.
    internal const string CanaryPin = "739184620517";

    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(10), Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LengthOfLeastMoves = TimeSpan.FromSeconds(180);
    private static readonly TimeSpan LongestResolve = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SettleBound = TimeSpan.FromSeconds(180), QueueBound = TimeSpan.FromSeconds(240);
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>The amount of remaining work.</summary>
    internal const string OpenInQueues =
        """
        select (select count(*) from attempts where state in ('SENT', 'REVERSING'))
             + (select count(*) from reversals where acknowledged_at is null)
             + (select count(*) from refunds where state in ('QUEUED', 'REQUESTED', 'SENT'))
             + (select count(*) from trades where greatest(due_at, leased_until) < statement_timestamp() + interval '1 minute' and due_at is not null and frozen_by is null)
             + (select count(*) from claims c where c.state not in ('AGREED', 'JUDGED', 'WITHDRAWN')
                  and not exists (select from trades t where t.bill = c.bill and t.frozen_by is not null))
             + (select count(*) from deliveries where state = 'PENDING')
             + (select count(*) from entries, folded where xact >= upto) + (select count(*) from old_postings)
        """;

    private readonly ConcurrentDictionary<(LocalLine Line, int Silo), FaultProxy> _proxies = new();
    private readonly TimeProvider _time = TimeProvider.System;

    public async Task<int> Run(string? jsonFile, CancellationToken stop)
    {
        Say($"seed {seed}, {length.TotalSeconds:0} s of faults");
        var state = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "chaos"));
        try
        {
            await using var network = await LocalNetwork.Start(state, Options(), stop);
            return await Run(network, jsonFile, stop);
        }
        finally
        {
            foreach (var proxy in _proxies.Values)
            {
                await proxy.DisposeAsync();
            }
        }
    }

    private LocalNetworkOptions Options() => new()
    {
        Silos = Silos,
        Terminals = Terminals,
        ProgramsSwipe = true,
        Route = (line, silo, port) =>
            _proxies.GetOrAdd((line, silo), _ => new FaultProxy(port, line == LocalLine.Bank ? Passage.Frames : Passage.Bytes)).Port,
        Silo = new Dictionary<string, string>
        {
            // The run does not wait fifteen hours for a merchant's server.
            ["Notices__LongestPause"] = "00:00:02",
            // Nor days for a shopper, or for the answer to her claim.
            ["Trades__ShortestShipTime"] = "00:00:01",
            ["Trades__ShortestConfirmTime"] = "00:00:01",
            ["Trades__LongestClaimTime"] = "00:00:05",
            // One merchant has the bills of all stores.
            ["MerchantApi__BillsPerMinute"] = "1000000",
            ["MerchantApi__WritesPerMinute"] = "1000000",
            ["MerchantApi__MailsPerDay"] = "1000000",

            // A bill that is refunded, claimed and shipped within seconds has more to tell its shopper than one in days.
            ["MerchantApi__NoticesPerAddressPerHour"] = "1000",
            ["MerchantApi__NoticesPerAddressPerDay"] = "1000",
        },
        Progress = Say,
    };

    private async Task<int> Run(LocalNetwork network, string? jsonFile, CancellationToken stop)
    {
        var random = new Random(seed);
        await using var shop = await Shop.Open(network, random, stop);

        // By them the auditor checks that no notice came before its commit, and in which order money moved.
        var cluster = network.Postgres.Cluster ?? throw new SetupException("the database is to be crashed: unset ConnectionStrings__Lakala");
        await cluster.KeepCommitTimes(stop);
        var tills = network.Seed.Terminals.SkipLast(1).Select(terminal => new Till(network, terminal, shop, random)).ToArray();
        var director = new Director(network, [.. Enumerable.Range(0, Silos).Select(Lines)], tills);
        try
        {
            var unresolved = await Break(shop, tills, director, stop);
            var isEmpty = await UntilQueuesAreEmpty(network, shop, stop);
            Say(isEmpty ? "the queues are empty; the books are compared" : $"the queues are not empty after {QueueBound.TotalSeconds:0} s");
            var evidence = await EvidenceReader.Read(await Sources(network, shop, tills, stop), stop);
            return await Report(evidence, tills, director.Happened, unresolved, shop.GivenUp, jsonFile);
        }
        finally
        {
            await Task.WhenAll(tills.Select(async till => await till.DisposeAsync()));
        }
    }

    private SiloLines Lines(int silo) =>
        new(_proxies[(LocalLine.Terminals, silo)], _proxies[(LocalLine.Bank, silo)], _proxies[(LocalLine.Database, silo)]);

    /// <returns>The number of tills with a sale whose outcome is unknown.</returns>
    private async Task<int> Break(Shop shop, Till[] tills, Director director, CancellationToken stop)
    {
        using var closing = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var closed = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var reporting = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var ordering = shop.Order(closing.Token);
        var delivering = shop.Deliver(closing.Token);
        var selling = tills.Select(till => till.Run(closing.Token, closed.Token)).ToArray();
        var telling = Tell(tills, director, reporting.Token);
        try
        {
            await UntilOneHasSold(tills, stop);
            await director.Run(FaultPlan.Draw(seed, length), stop);
            await director.Heal(stop);
            Say("healed; terminals settle what is open");
            shop.Heal();
            await closing.CancelAsync();
            closed.CancelAfter(SettleBound);
            await Task.WhenAll(selling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            await closing.CancelAsync();
            await closed.CancelAsync();
            await reporting.CancelAsync();
            await Task.WhenAll([ordering, delivering, telling, .. selling]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await ordering;
        await delivering;
        foreach (var fault in selling.Where(till => till.IsFaulted).SelectMany(till => till.Exception!.InnerExceptions))
        {
            Say($"a till broke: {fault}");
        }

        return tills.Where((till, place) => till.IsBusy || selling[place].IsFaulted).Count();
    }

    // Silos that are killed before they have started sell nothing: faults of a network that is not up yet prove little.
    private async Task UntilOneHasSold(Till[] tills, CancellationToken stop)
    {
        var begun = _time.GetTimestamp();
        while (!tills.Any(till => till.Resolved.Any(sale => sale.Outcome == "approved")))
        {
            if (_time.GetElapsedTime(begun) > SettleBound)
            {
                throw new SetupException($"nothing was sold in {SettleBound.TotalSeconds:0} s, before any fault");
            }

            await Task.Delay(Poll, _time, stop);
        }

        Say("the first sale is paid; the faults begin");
    }

    private async Task Tell(Till[] tills, Director director, CancellationToken stop)
    {
        var begun = _time.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(ReportEvery, _time, stop);
                var resolved = tills.SelectMany(till => till.Resolved).ToArray();
                var now = _time.GetUtcNow();
                var oldest = tills.Select(till => till.OpenSince).Min() is { } since ? (now - since).TotalSeconds : 0;
                Say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{_time.GetElapsedTime(begun).TotalSeconds,4:0} s  {resolved.Length,6} sales, {resolved.Count(one => one.Outcome == "approved"),6} paid; {director.Happened.Count,3} faults; open {tills.Count(till => till.IsBusy),2}, oldest {oldest,3:0} s"));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Everything was sent.
        }
    }

    private async Task<bool> UntilQueuesAreEmpty(LocalNetwork network, Shop shop, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(network.ConnectionString);
        var begun = _time.GetTimestamp();
        while (_time.GetElapsedTime(begun) < QueueBound)
        {
            await shop.EndClaims(stop);
            await using var command = database.CreateCommand(OpenInQueues);
            if (await command.ExecuteScalarAsync(stop) is 0L)
            {
                return true;
            }

            await Task.Delay(Poll, _time, stop);
        }

        return false;
    }

    internal static async Task<EvidenceSources> Sources(LocalNetwork network, Shop shop, IReadOnlyList<Till> tills, CancellationToken stop) => new()
    {
        ConnectionString = network.ConnectionString,
        Bank = network.BankHttp,
        BankFolder = Path.Combine(network.Home, "bank"),
        Home = network.Home,
        Paper = tills.ToDictionary(till => till.Terminal, till => till.Paper),
        Receivers = shop.Receivers,
        Acknowledged = shop.Acknowledged,
        Secrets = await SecretSearch.For(network.Seed, network.Cards, network.Secrets, [CanaryPin], stop),
    };

    private async Task<int> Report(Evidence evidence, Till[] tills, IReadOnlyList<Fault> faults, int unresolved, int givenUp, string? jsonFile)
    {
        var violations = Auditor.Check(evidence);
        var attempts = evidence.Database.Attempts;
        var resolve = ResolveTimes(tills.SelectMany(till => till.Resolved), faults);
        var figures = new ChaosFigures(
            seed,
            evidence.Terminals.Sum(terminal => terminal.Pending.Count),
            attempts.Count(attempt => attempt.State == "APPROVED"),
            attempts.Count(attempt => attempt.State == "DECLINED"),
            attempts.Count(attempt => attempt.State == "REVERSED"),
            unresolved,
            evidence.Database.Refunds.Count(refund => refund.State == "DONE"),
            evidence.Database.Refunds.Count(refund => refund.State == "DECLINED"),
            evidence.Acknowledged.Refunds.Count,
            evidence.Database.RefundKeys.Count(row => row.Refund is not null),
            evidence.Database.Claims.Count(claim => claim.Refund is not null),
            evidence.Database.Trades.Sum(trade => trade.Releases),
            evidence.Acknowledged.Confirmations.Count,
            evidence.Database.Claims.GroupBy(claim => claim.State).OrderBy(state => state.Key, StringComparer.Ordinal).ToDictionary(state => state.Key, state => state.Count()),
            givenUp,
            faults.GroupBy(fault => fault.Kind).OrderBy(kind => kind.Key).ToDictionary(kind => Name(kind.Key), kind => kind.Count()),
            [.. violations.Select(violation => violation.ToString())],
            Share(resolve, 0.99));
        Show(figures, evidence, resolve);
        AuditReport.Print(evidence, violations, Console.Out);
        if (jsonFile is not null)
        {
            await File.WriteAllTextAsync(jsonFile, JsonSerializer.Serialize(figures, Json) + "\n");
        }

        var fault = Fault(figures, evidence, faults, length);
        return violations.Count == 0 && fault is null ? 0 : Fail(fault);
    }

    // Books that agree prove little if nothing happened.
    private static string? Fault(ChaosFigures figures, Evidence evidence, IReadOnlyList<Fault> faults, TimeSpan length) =>
        figures.Unresolved > 0 ? $"{figures.Unresolved} terminals do not know what became of a sale"
        : figures.Approved == 0 ? "nothing was sold"
        : WhyTooFew(figures.Refunded, figures.Released, length) is { } tooFew ? tooFew
        : figures.Confirmed == 0 ? "nothing was confirmed"
        : figures.Claims.Count == 0 ? "nothing was claimed"
        : Auditor.FindGaps(evidence) is [var gap, ..] ? $"statement {gap.Statement} was not checked: {gap.What}"
        : figures.ResolveP99Ms > LongestResolve.TotalMilliseconds ? $"sales took longer than {LongestResolve.TotalSeconds:0} s to be resolved"
        : evidence.Terminals.Sum(terminal => terminal.TornReports) > faults.Count(fault => fault.Kind == FaultKind.TerminalKilled)
            ? "more lines of the terminals' paper are unreadable than terminals were killed"
        : null;

    /// <summary>A run of three minutes or longer has 200 refunds and 200 releases at least; a shorter one its share of them, and one at least.</summary>
    /// <param name="refunded">Refunds that the bank has credited.</param>
    /// <param name="released">Releases of held money.</param>
    /// <returns>Null: they are enough.</returns>
    internal static string? WhyTooFew(int refunded, int released, TimeSpan length)
    {
        var least = Math.Clamp((int)(LeastMoves * (length / LengthOfLeastMoves)), 1, LeastMoves);
        return refunded < least ? $"the bank has credited {refunded} refunds, fewer than {least}"
            : released < least ? $"held money was released {released} times, fewer than {least}"
            : null;
    }

    private static int Fail(string? fault)
    {
        if (fault is not null)
        {
            Console.WriteLine($"FAILED: {fault}");
        }

        return 1;
    }

    /// <summary>
    /// For each sale that was still open when a fault ended: from the end of the first such fault to the sale's outcome, in
    /// milliseconds. Further faults count in full, except a database that no silo can reach: meanwhile nothing can be resolved, so
    /// the time counts from its return.
    /// </summary>
    internal static double[] ResolveTimes(IEnumerable<Resolution> sales, IReadOnlyList<Fault> faults) =>
    [
        .. sales.Select(sale =>
            {
                var outlived = faults.Where(fault => fault.Ended >= sale.Begun && fault.Ended < sale.Resolved).ToArray();
                var away = outlived.Where(fault => fault.Kind is FaultKind.DatabaseAway or FaultKind.DatabaseCrashed);
                return outlived.Length == 0
                    ? -1
                    : (sale.Resolved - away.Select(fault => fault.Ended).Append(outlived.Min(fault => fault.Ended)).Max()).TotalMilliseconds;
            })
            .Where(time => time >= 0)
            .Order(),
    ];

    private static double Share(double[] sorted, double share) => sorted.Length == 0 ? 0 : sorted[(int)Math.Ceiling((sorted.Length - 1) * share)];

    private static void Show(ChaosFigures figures, Evidence evidence, double[] resolve)
    {
        Console.WriteLine();
        Console.WriteLine($"seed {figures.Seed}: ./lakala chaos --seed {figures.Seed}");
        Console.WriteLine("faults");
        foreach (var (kind, count) in figures.Faults)
        {
            Console.WriteLine($"  {kind,-24}{count,8}");
        }

        Console.WriteLine($"swipes in the terminals' journals {figures.Swipes,8}");
        foreach (var state in evidence.Database.Attempts.GroupBy(attempt => attempt.State).OrderBy(state => state.Key, StringComparer.Ordinal))
        {
            Console.WriteLine($"  {state.Key,-24}{state.Count(),8}");
        }

        Console.WriteLine($"  {"unresolved",-24}{figures.Unresolved,8}");
        Console.WriteLine($"refunds that the bank has credited{figures.Refunded,8}, refused {figures.RefundsDeclined}; ordered by the API {figures.RefundedByApi}, at a counter {figures.RefundedAtCounter}, by claims {figures.RefundedByClaims}");
        Console.WriteLine($"releases of held money            {figures.Released,8}; confirmed by the shopper {figures.Confirmed}");
        Console.WriteLine($"claims                            {figures.Claims.Values.Sum(),8}: {string.Join(", ", figures.Claims.Select(state => $"{state.Key} {state.Value}"))}; requests given up {figures.VisitsGivenUp}");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"sales that a fault left open {resolve.Length,8}; resolved after its end in p50 {Share(resolve, 0.5) / 1000:0.0} s, p99 {Share(resolve, 0.99) / 1000:0.0} s, longest {Share(resolve, 1) / 1000:0.0} s"));
    }

    private static string Name(FaultKind kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());

    private void Say(string step) => Console.WriteLine($"  {step}");
}
