using System.CommandLine;
using Lakala.Bench;
using Lakala.Local;

var json = new Option<FileInfo?>("--json") { Description = "Write the figures to this file too." };
var seconds = new Option<int>("--seconds") { Description = "How long the swarm is measured.", DefaultValueFactory = _ => 30 };
var terminals = new Option<int>("--terminals") { Description = "How many terminals swipe at once.", DefaultValueFactory = _ => 400 };
var command = new RootCommand("Settled swipes per second, beside what pgbench does on the same server in the same run.") { json, seconds, terminals };
command.SetAction(async (parsed, stop) =>
{
    try
    {
        var bench = new SwipeBench(parsed.GetValue(terminals), TimeSpan.FromSeconds(parsed.GetValue(seconds)));
        return await bench.Run(parsed.GetValue(json)?.FullName, stop);
    }
    catch (SetupException fault)
    {
        Console.Error.WriteLine($"lakala: {fault.Message}");
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();
