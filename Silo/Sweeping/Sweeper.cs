using Lakala.Silo.Hosting;

namespace Lakala.Silo.Sweeping;

/// <summary>Runs each kind of sweep when it is due.</summary>
public sealed class Sweeper(SweepRounds rounds, TradeSweeps trades, ClaimSweeps claims, DueWatch due, TimeProvider time, ILogger<Sweeper> log) : PeriodicWork(time, log)
{
    protected override string FailureText => "The sweep failed and will be tried again";

    // Separate loops: an expiry that waits for a grain must not delay a reversal.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(
            Repeat(stop => due.Until(static work => work.Attempts, stop), rounds.ReverseOverdue, stoppingToken),
            Repeat(stop => due.Until(static work => work.Expiries, stop), rounds.Expire, stoppingToken),
            Repeat(stop => due.Until(static work => work.Reminders, stop), rounds.Remind, stoppingToken),
            Repeat(stop => due.Until(static work => work.Trades, stop), trades.EndTimers, stoppingToken),
            Repeat(stop => due.Until(static work => work.Claims, stop), claims.EndTimes, stoppingToken));
}
