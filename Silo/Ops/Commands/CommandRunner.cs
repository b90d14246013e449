using Lakala.Silo.Hosting;
using Lakala.Storage.Terminals;

namespace Lakala.Silo.Ops.Commands;

/// <summary>Has commands carried out when they are due, and gives up what terminals have not done.</summary>
internal sealed class CommandRunner(TerminalCommands commands, CommandRows rows, TimeProvider time, ILogger<CommandRunner> log) : PeriodicWork(time, log)
{
    private const int GivenUpAtOnce = 10_000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1), SlowInterval = TimeSpan.FromMinutes(1);

    protected override string FailureText => "The commands that are due could not be carried out, the next round tries again";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        Repeat(Interval, commands.RunDue, stoppingToken, atOnce: true),
        Repeat(SlowInterval, stop => rows.GiveUp(GivenUpAtOnce, stop), stoppingToken, atOnce: true));
}
