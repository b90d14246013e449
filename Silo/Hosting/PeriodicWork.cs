using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Silo.Hosting;

/// <summary>Work that is repeated while the silo runs: a round that fails is logged with its reason, and the next round comes.</summary>
public abstract class PeriodicWork(TimeProvider time, ILogger log) : BackgroundService
{
    /// <summary>The log text of a failed round, before the reason.</summary>
    protected abstract string FailureText { get; }

    /// <summary>Runs the round after every interval. Separate calls delay each other neither by their work nor by their faults.</summary>
    /// <param name="atOnce">True: the first round does not wait for the interval.</param>
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
