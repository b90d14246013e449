using System.CommandLine;
using Lakala.Bench;
using Lakala.Bench.Scale;
using Lakala.Local;

var json = new Option<FileInfo?>("--json") { Description = "Write the figures to this file too." };
var seconds = new Option<int>("--seconds") { Description = "How long the swarm is measured.", DefaultValueFactory = _ => 30 };
var terminals = new Option<int>("--terminals") { Description = "How many terminals swipe at once.", DefaultValueFactory = _ => 400 };
var silos = new Option<int>("--silos") { Description = "How many silos serve them.", DefaultValueFactory = _ => 1 };
var profile = new Option<bool>("--profile") { Description = "Print the processor time that each program takes for a swipe." };
var command = new RootCommand("Settled swipes per second, beside what pgbench does on the same server in the same run.") { json, seconds, terminals, silos, profile };
command.SetAction((parsed, stop) => Told(() =>
    new SwipeBench(parsed.GetValue(terminals), parsed.GetValue(silos), TimeSpan.FromSeconds(parsed.GetValue(seconds))).Run(
        parsed.GetValue(json)?.FullName, parsed.GetValue(profile), stop)));

var all = new Option<int>("--terminals") { Description = "How many terminals are in the database.", DefaultValueFactory = _ => 100_000 };
var beating = new Option<int>("--beating") { Description = "How many of them say once a minute that they are there.", DefaultValueFactory = _ => 10_000 };
var fleet = new System.CommandLine.Command("fleet", "What watching a large fleet costs: the operators' pages, and heartbeats") { json, seconds, all, beating };
fleet.SetAction((parsed, stop) => Told(() =>
    new FleetBench(parsed.GetValue(all), parsed.GetValue(beating), TimeSpan.FromSeconds(parsed.GetValue(seconds))).Run(parsed.GetValue(json)?.FullName, stop)));
command.Add(fleet);
var silent = new Option<int>("--sockets") { Description = "How many connections say nothing.", DefaultValueFactory = _ => 2_000 };
var sockets = new System.CommandLine.Command("sockets", "What connections that say nothing cost the terminals: sign-on times, and swipes per second") { seconds, terminals, silent };
sockets.SetAction((parsed, stop) => Told(() =>
    new SocketsBench(parsed.GetValue(terminals), parsed.GetValue(silent), TimeSpan.FromSeconds(parsed.GetValue(seconds))).Run(stop)));
command.Add(sockets);
var plain = new System.CommandLine.Command("plain", "The plain way to take a swipe with Orleans, beside Lakala and pgbench") { json, seconds, terminals };
plain.SetAction((parsed, stop) => Told(() =>
    new PlainBench(parsed.GetValue(terminals), TimeSpan.FromSeconds(parsed.GetValue(seconds))).Run(parsed.GetValue(json)?.FullName, stop)));
command.Add(plain);
var other = new Argument<DirectoryInfo>("checkout") { Description = "The folder of a checkout of another version, built." }.AcceptExistingOnly();
var turns = new Option<int>("--turns") { Description = "How often each of the two has its turn.", DefaultValueFactory = _ => 12 };
var turnSeconds = new Option<int>("--seconds") { Description = "How long a turn is measured.", DefaultValueFactory = _ => 8 };
var pace = new Option<int>("--pace") { Description = "How many swipes a second; 0: as many as they can.", DefaultValueFactory = _ => 1_000 };
var beside = new System.CommandLine.Command("beside", "What a swipe costs here and in another version, which take swipes by turns") { other, json, turns, turnSeconds, pace, terminals };
beside.SetAction((parsed, stop) => Told(() => new BesideBench(
    parsed.GetRequiredValue(other).FullName,
    parsed.GetValue(terminals),
    parsed.GetValue(turns),
    TimeSpan.FromSeconds(parsed.GetValue(turnSeconds)),
    parsed.GetValue(pace) is > 0 and var swipes ? swipes : null).Run(parsed.GetValue(json)?.FullName, stop)));
command.Add(beside);
var bills = new Option<int>("--bills") { Description = "How many paid bills are in the tables at most.", DefaultValueFactory = _ => 10_000_000 };
var many = new Option<int>("--terminals") { Description = "How many terminals are idle, or connect again at once.", DefaultValueFactory = _ => 10_000 };
var minutes = new Option<int>("--minutes") { Description = "How long the silo's memory is watched.", DefaultValueFactory = _ => 20 };
var only = new Option<string[]>("--only") { Description = $"Measure only these parts: {string.Join(", ", ScaleBench.Names)}.", AllowMultipleArgumentsPerToken = true };
only.AcceptOnlyFromAmong(ScaleBench.Names);
var scale = new System.CommandLine.Command("scale", "How the costs grow with bills, terminals and time, in an hour at most") { json, seconds, bills, many, minutes, only };
scale.SetAction((parsed, stop) => Told(() => new ScaleBench(
    parsed.GetValue(bills), parsed.GetValue(many), parsed.GetValue(minutes), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(only) ?? []).Run(
        parsed.GetValue(json)?.FullName, stop)));
command.Add(scale);
var plan = new Option<FileInfo>("--plan") { Description = "What the terminals do", Required = true };
var result = new Option<FileInfo>("--result") { Description = "Where the figures go", Required = true };
var swarm = new System.CommandLine.Command("swarm", "Many terminals at once: the process of its own in which the others have them swipe") { plan, result };
swarm.Hidden = true;
swarm.SetAction((parsed, stop) => Told(async () =>
{
    using var many = new Swarm(SwarmPlan.Read(parsed.GetRequiredValue(plan).FullName), TimeProvider.System);
    await many.Run(parsed.GetRequiredValue(result).FullName, stop);
    return 0;
}));
command.Add(swarm);
return await command.Parse(args).InvokeAsync();

static async Task<int> Told(Func<Task<int>> run)
{
    try
    {
        return await run();
    }
    catch (SetupException fault)
    {
        Console.Error.WriteLine($"lakala: {fault.Message}");
        return 1;
    }
}
