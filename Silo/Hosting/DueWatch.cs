using Lakala.Storage.Due;
using Lakala.Storage.Swipes;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Hosting;

/// <summary>
/// Asks the database twice a second, in one statement, which kinds of work are due, and wakes those who do it. While nothing is due
/// nobody else asks.
/// </summary>
public sealed class DueWatch(DueRows rows, IOptions<SwipeOptions> options, TimeProvider time, ILogger<DueWatch> log) : PeriodicWork(time, log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly List<(Func<DueWork, bool> IsMine, TaskCompletionSource Found)> _waiting = [];

    /// <summary>As of the last look.</summary>
    public DueWork Latest { get; private set; } = DueWork.None;

    protected override string FailureText => "The work that is due could not be looked up, the next round tries again";

    /// <summary>Completes when a look finds such work; after it the caller does the work, and waits again.</summary>
    public Task Until(Func<DueWork, bool> isMine, CancellationToken stop)
    {
        var found = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting.Add((isMine, found));
        }

        return found.Task.WaitAsync(stop);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Repeat(Interval, Look, stoppingToken, atOnce: true);

    private async Task Look(CancellationToken stop)
    {
        Latest = await rows.Find(options.Value.SweepGrace, stop);
        lock (_lock)
        {
            _waiting.RemoveAll(waiting => waiting.IsMine(Latest) && waiting.Found.TrySetResult());
        }
    }
}
