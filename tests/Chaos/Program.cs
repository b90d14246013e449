using System.CommandLine;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Lakala.Chaos;
using Lakala.Local;

using var ending = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, End);
var seconds = new Option<int>("--seconds") { Description = "How long faults happen.", DefaultValueFactory = _ => 180 };
var seed = new Option<int?>("--seed") { Description = "From which everything is drawn; a random one when left out." };
var json = new Option<FileInfo?>("--json") { Description = "Write the figures to this file too." };
var command = new RootCommand("Breaks everything but the money: a cluster under faults, then the four books compared.") { seconds, seed, json };
command.SetAction(async (parsed, stop) =>
{
    var run = new ChaosRun(parsed.GetValue(seed) ?? RandomNumberGenerator.GetInt32(int.MaxValue), TimeSpan.FromSeconds(parsed.GetValue(seconds)));
    return await run.Run(parsed.GetValue(json)?.FullName, stop);
});

// The library gives a command two seconds to end, and fails at a second Ctrl+C: the processes of the run would stay.
var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
try
{
    return await command.Parse(args).InvokeAsync(configuration, ending.Token);
}
catch (SetupException fault)
{
    Console.Error.WriteLine($"lakala: {fault.Message}");
    return 1;
}
catch (OperationCanceledException) when (ending.IsCancellationRequested)
{
    return 130;
}

// However often it is asked, it ends its processes in order, and then itself.
void End(PosixSignalContext signal)
{
    signal.Cancel = true;
    if (!ending.IsCancellationRequested)
    {
        Console.WriteLine("  the run ends, and its processes with it");
        ending.Cancel();
    }
}
