using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Lakala.Local;
using Npgsql;

namespace Lakala.Bench;

/// <param name="Beating">Terminals that were heard during the measurement.</param>
/// <param name="HeartbeatCores">Processor time of the silo for each second, beyond the time without heartbeats.</param>
/// <param name="PagesMs">The slowest answer of each page, at the server, in milliseconds.</param>
public sealed record FleetFigures(int Terminals, int Beating, double IdleCores, double HeartbeatCores, IReadOnlyDictionary<string, double> PagesMs);

/// <summary>
/// The cost of monitoring: the operators' pages over a large fleet, and the silo's processor time while terminals only send
/// heartbeats.
/// </summary>
public sealed class FleetBench(int terminals, int beating, TimeSpan measured)
{
    private const int Rounds = 15;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(60), Settle = TimeSpan.FromSeconds(20);

    private static readonly string[] Pages =
    [
        "/ops", "/ops/terminals", "/ops/terminals?state=silent&sort=heard", "/ops/terminals?state=attention&region=Region+7", "/ops/terminals?q=4711",
        "/ops/terminals?sort=store&skip=50000", "/ops/terminals/T0000001", "/ops/swipes", "/ops/open", "/ops/alarms", "/ops/network", "/ops/books", "/ops/audit",
    ];

    public async Task<int> Run(string? jsonFile, CancellationToken stop)
    {
        var state = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "bench"));
        await using var network = await LocalNetwork.Start(
            state,
            new LocalNetworkOptions { Terminals = beating, ThrowawayDatabase = true, Progress = Say },
            stop);
        Say($"{terminals:N0} terminals in the database");
        await Fill(network, stop);
        Say($"an idle silo, {measured.TotalSeconds:0} s");
        await Task.Delay(Settle, stop);
        var idle = await Cores(network, measured, stop);
        Say($"{beating:N0} terminals sign on, which takes a while, and then say once in {Heartbeat.TotalSeconds} s that they are there, {measured.TotalSeconds:0} s measured");
        var (beats, heard) = await Beat(network, stop);
        Say("the pages, while they do");
        var pages = await AskPages(network, stop);
        var figures = new FleetFigures(terminals, heard, idle, beats - idle, pages);
        Show(figures);
        if (jsonFile is not null)
        {
            await File.WriteAllTextAsync(jsonFile, JsonSerializer.Serialize(figures) + "\n", stop);
        }

        return 0;
    }

    // Beside those with heartbeats: stores of 30 regions and 40 chains with two terminals each, one in ten silent, one in twenty with a fault.
    private async Task Fill(LocalNetwork network, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(network.ConnectionString);
        await using var command = database.CreateCommand(
            $$"""
            insert into stores (id, name, commission_percent, chain, region, district)
            select 'F' || lpad(n::text, 14, '0'), 'Store ' || n, 20, 'Chain ' || n % 40, 'Region ' || n % 30, 'District ' || n % 300
            from generate_series(0, {{terminals / 2}}) n;
            insert into terminals (id, store_id, master_key, signed_on_at)
            select 'F' || lpad(n::text, 7, '0'), 'F' || lpad((n / 2)::text, 14, '0'), '\x00', now() - random() * interval '1 day'
            from generate_series(1, {{terminals - beating}}) n;
            insert into terminal_lines
            select id, now() - case when random() < 0.9 then interval '-1 hour' else random() * interval '3 days' end from terminals where id like 'F%';
            insert into terminal_health (terminal_id, at, in_order, report, attention)
            select terminal_id, heard_at - interval '2 hours', true, '{"printer":"ready","paper":"ok","reader":"ok","tamper":false,"on_mains":true,"version":"1.0.0"}',
                   case when random() < 0.05 then 'paper low' else '' end
            from terminal_lines where terminal_id like 'F%';
            insert into terminal_health_history select terminal_id, at, report from terminal_health;
            insert into audit_log (who, what, subject) select 'bench', 'terminal.add', id from terminals;
            """);
        command.CommandTimeout = 300;
        await command.ExecuteNonQueryAsync(stop);
        await using var analyze = database.CreateCommand("analyze");
        await analyze.ExecuteNonQueryAsync(stop);
    }

    private async Task<(double Cores, int Heard)> Beat(LocalNetwork network, CancellationToken stop)
    {
        await using var swarm = await BeatingSwarm.Start(network, "swarm", [.. network.Seed.Terminals.Take(beating)], Heartbeat, stop);

        // A whole interval more: each has sent its health once.
        await Task.Delay(Heartbeat, stop);
        var cores = await Cores(network, measured, stop);
        return (cores, await Heard(network, stop));
    }

    private static async Task<int> Heard(LocalNetwork network, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(network.ConnectionString);
        await using var command = database.CreateCommand(
            $"select count(*)::int from terminal_lines where terminal_id like 'T%' and heard_at > now() - interval '{Heartbeat.TotalSeconds + 20} seconds'");
        return (int)(await command.ExecuteScalarAsync(stop))!;
    }

    private static async Task<double> Cores(LocalNetwork network, TimeSpan time, CancellationToken stop)
    {
        using var silo = Process.GetProcessById(network.Silo.Id);
        var (before, begun) = (silo.TotalProcessorTime, Stopwatch.GetTimestamp());
        await Task.Delay(time, stop);
        silo.Refresh();
        return (silo.TotalProcessorTime - before) / Stopwatch.GetElapsedTime(begun);
    }

    private static async Task<IReadOnlyDictionary<string, double>> AskPages(LocalNetwork network, CancellationToken stop)
    {
        using var http = new HttpClient(new SocketsHttpHandler { CookieContainer = new CookieContainer() }) { BaseAddress = network.Http };
        http.DefaultRequestHeaders.Add("Origin", network.Http.GetLeftPart(UriPartial.Authority));
        var person = network.Seed.Operators.Single(person => person.Name == "watch");
        using var signedIn = await http.PostAsync(
            new Uri("/ops/sign-in", UriKind.Relative),
            new FormUrlEncodedContent(new Dictionary<string, string> { ["name"] = person.Name, ["password"] = person.Password }),
            stop);
        signedIn.EnsureSuccessStatusCode();
        var worst = new Dictionary<string, double>();
        foreach (var page in Pages)
        {
            for (var round = 0; round < Rounds; round++)
            {
                var begun = Stopwatch.GetTimestamp();
                using var answer = await http.GetAsync(new Uri(page, UriKind.Relative), stop);
                answer.EnsureSuccessStatusCode();
                var took = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;

                // The first time includes the compilation.
                worst[page] = round == 0 ? 0 : Math.Max(worst[page], took);
            }
        }

        return worst;
    }

    private static void Show(FleetFigures figures)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

            terminals in the database   {figures.Terminals,10:N0}
            of these beating            {figures.Beating,10:N0}
            silo, nobody beats          {figures.IdleCores,10:N3} cores
            heartbeats, beyond that     {figures.HeartbeatCores,10:N3} cores

            slowest of {Rounds - 1} answers
            """));
        foreach (var (page, milliseconds) in figures.PagesMs)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {page,-52}{milliseconds,8:N0} ms"));
        }
    }

    private static void Say(string step) => Console.WriteLine($"  {step}");
}
