using Lakala.Silo.Hosting;

namespace Lakala.Silo.Sweeping;

/// <summary>Runs every kind of sweep once a second.</summary>
public sealed class Sweeper(SweepRounds rounds, TimeProvider time, ILogger<Sweeper> log) : PeriodicWork(time, log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override string FailureText => "The sweep failed and will be tried again";

    // Separate loops: an expiry that waits for a grain must not delay a reversal.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(
            Repeat(Interval, rounds.ReverseOverdue, stoppingToken),
            Repeat(Interval, rounds.Expire, stoppingToken),
            Repeat(Interval, rounds.Remind, stoppingToken));
}
