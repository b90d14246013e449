using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Silo.Hosting;

/// <summary>Work that comes round for as long as the silo runs: a round that fails is logged with its reason, and the next one comes.</summary>
public abstract class PeriodicWork(TimeProvider time, ILogger log) : BackgroundService
{
    /// <summary>What the log says of a round that has failed, before the reason.</summary>
    protected abstract string FailureText { get; }

    /// <summary>Runs the round after every interval. Rounds that are repeated apart hold up each other as little as their faults do.</summary>
    /// <param name="atOnce">The first round does not wait for the interval.</param>
    protected async Task Repeat(TimeSpan interval, Func<CancellationToken, Task> round, CancellationToken stop, bool atOnce = false)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (atOnce || await timer.WaitForNextTickAsync(stop))
        {
            atOnce = false;
            try
            {
                await round(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault) when (fault is NpgsqlException or DatabaseAwayException or TimeoutException)
            {
                log.LogWarning("{Failure}: {Reason}", FailureText, fault.Message);
            }
            catch (Exception fault)
            {
                log.LogError(fault, "{Failure}: {Reason}", FailureText, fault.Message);
            }
        }
    }
}
