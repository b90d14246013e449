using System.CommandLine;
using System.Security.Cryptography;
using Lakala.Chaos;
using Lakala.Local;

var seconds = new Option<int>("--seconds") { Description = "How long faults happen.", DefaultValueFactory = _ => 180 };
var seed = new Option<int?>("--seed") { Description = "From which everything is drawn; a random one when left out." };
var json = new Option<FileInfo?>("--json") { Description = "Write the figures to this file too." };
var command = new RootCommand("Breaks everything but the money: a cluster under faults, then the four books compared.") { seconds, seed, json };
command.SetAction(async (parsed, stop) =>
{
    try
    {
        var run = new ChaosRun(parsed.GetValue(seed) ?? RandomNumberGenerator.GetInt32(int.MaxValue), TimeSpan.FromSeconds(parsed.GetValue(seconds)));
        return await run.Run(parsed.GetValue(json)?.FullName, stop);
    }
    catch (SetupException fault)
    {
        Console.Error.WriteLine($"lakala: {fault.Message}");
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();
