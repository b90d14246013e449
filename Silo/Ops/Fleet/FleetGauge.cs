using System.Diagnostics.Metrics;
using Lakala.Silo.Hosting;
using Lakala.Storage;
using Lakala.Storage.Fleet;

namespace Lakala.Silo.Ops.Fleet;

/// <summary>Counts the terminals for the metrics.</summary>
internal sealed class FleetGauge : PeriodicWork
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly FleetCounts _fleet;
    private FleetCount? _counts;

    public FleetGauge(FleetCounts fleet, IMeterFactory meters, TimeProvider time, ILogger<FleetGauge> log)
        : base(time, log)
    {
        _fleet = fleet;
        meters.Create(Instrumentation.Name).CreateObservableGauge("lakala.terminals", () => _counts is not { } counts ? [] : new[]
        {
            Of("ready", counts.Ready), Of("attention", counts.Attention), Of("silent", counts.Silent), Of("never_seen", counts.NeverSeen),
        });

        static Measurement<int> Of(string state, int count) => new(count, new KeyValuePair<string, object?>("state", state));
    }

    protected override string FailureText => "The terminals could not be counted, the next round tries again";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Repeat(Interval, async stop => _counts = (await _fleet.Count().WaitAsync(stop)).Summary.All, stoppingToken, atOnce: true);
}
