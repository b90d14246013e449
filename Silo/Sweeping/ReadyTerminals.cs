using Lakala.Silo.Gateway;
using Lakala.Silo.Hosting;
using Lakala.Storage.Stores;

namespace Lakala.Silo.Sweeping;

/// <summary>
/// Records periodically, in one statement, which terminals this silo has heard, so that every silo, and a shopper who searches
/// for a store, can see which are ready.
/// </summary>
internal sealed class ReadyTerminals(LineWatch lines, StoreFinder stores, TimeProvider time, ILogger<ReadyTerminals> log) : PeriodicWork(time, log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time = time;
    private long _since = time.GetTimestamp();

    protected override string FailureText => "The terminals that were heard could not be recorded, the next round tries again";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Repeat(Interval, WriteDown, stoppingToken);

    private async Task WriteDown(CancellationToken stop)
    {
        var now = _time.GetTimestamp();
        var heard = lines.HeardSince(_since);
        if (heard.Count > 0)
        {
            await stores.Heard([.. heard.Keys], [.. heard.Values.Select(at => _time.GetElapsedTime(at, now))], stop);
        }

        _since = now;
    }
}
