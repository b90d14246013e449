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
        if (atOnce)
        {
            await Run(round, stop);
        }

        await Repeat(stop => timer.WaitForNextTickAsync(stop).AsTask(), round, stop);
    }

    /// <summary>The same, whenever <paramref name="next"/> completes instead of after an interval.</summary>
    protected async Task Repeat(Func<CancellationToken, Task> next, Func<CancellationToken, Task> round, CancellationToken stop)
    {
        while (true)
        {
            await next(stop);
            await Run(round, stop);
        }
    }

    private async Task Run(Func<CancellationToken, Task> round, CancellationToken stop)
    {
        try
        {
            await round(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end: the next wait ends the work.
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
