using Lakala.Silo.Hosting;
using Lakala.Storage.Fleet;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops.Swipes;

/// <summary>Counts the swipes of the latest minutes, for the charts.</summary>
internal sealed class SwipeHistory : PeriodicWork
{
    private static readonly TimeSpan SlowInterval = TimeSpan.FromMinutes(1);

    private readonly SwipeMinuteRows _minutes;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _time;
    private long? _slowAt;

    public SwipeHistory(SwipeMinuteRows minutes, IOptions<OpsOptions> options, TimeProvider time, ILogger<SwipeHistory> log)
        : base(time, log) => (_minutes, _interval, _time) = (minutes, options.Value.Interval, time);

    protected override string FailureText => "The swipes could not be counted, the next round tries again";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Repeat(_interval, Count, stoppingToken, atOnce: true);

    // The minute that runs, and now and then those that may still change.
    private async Task Count(CancellationToken stop)
    {
        var isSlowOne = _slowAt is not { } at || _time.GetElapsedTime(at) >= SlowInterval;
        await _minutes.Count(isSlowOne ? SwipeMinuteRows.Unsettled : _interval * 2, stop);
        if (isSlowOne)
        {
            _slowAt = _time.GetTimestamp();
        }
    }
}
