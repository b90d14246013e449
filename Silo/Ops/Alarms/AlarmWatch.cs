using System.Diagnostics.Metrics;
using Lakala.Grains.Notices;
using Lakala.Silo.Hosting;
using Lakala.Silo.Notices;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Fleet;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops.Alarms;

/// <summary>Has alarms raised and cleared, by one silo at a time, and counts them for the metrics.</summary>
internal sealed class AlarmWatch : PeriodicWork
{
    private const int ForgottenAtOnce = 10_000;

    private static readonly TimeSpan SlowInterval = TimeSpan.FromMinutes(1);

    private readonly AlarmRows _alarms;
    private readonly OperatorTarget _target;
    private readonly NoticeSignal _notices;
    private readonly TimeSpan _interval;
    private readonly string _runbook;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private long? _slowAt;
    private IReadOnlyList<(string Kind, int Count)> _raised = [];

    public AlarmWatch(
        AlarmRows alarms,
        OperatorTarget target,
        NoticeSignal notices,
        IOptions<OpsOptions> options,
        IOptions<HttpOptions> http,
        IMeterFactory meters,
        TimeProvider time,
        ILogger<AlarmWatch> log)
        : base(time, log)
    {
        (_alarms, _target, _notices, _interval, _time, _log) = (alarms, target, notices, options.Value.Interval, time, log);
        _runbook = options.Value.RunbookUrl.Length > 0 ? options.Value.RunbookUrl.TrimEnd('/') : $"{http.Value.PublicUrl}{OpsPages.Root}/runbook";
        meters.Create(Instrumentation.Name).CreateObservableGauge("lakala.alarms", () => AlarmKind.All.Select(kind => new Measurement<int>(
            _raised.FirstOrDefault(raised => raised.Kind == kind.Kind).Count, new KeyValuePair<string, object?>("kind", kind.Kind))));
    }

    protected override string FailureText => "The alarms could not be checked, the next round tries again";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Repeat(_interval, Look, stoppingToken, atOnce: true);

    private async Task Look(CancellationToken stop)
    {
        var isSlowOne = _slowAt is not { } at || _time.GetElapsedTime(at) >= SlowInterval;
        await _alarms.Alone(
            async () =>
            {
                foreach (var alarms in (await _alarms.Look(isSlowOne, _target.IsSet, _runbook, _time.GetUtcNow(), stop)).ToLookup(alarm => (alarm.Kind, IsRaised: alarm.ClearedAt is null)))
                {
                    _log.LogWarning(
                        "Alarm {Kind}: {Count} {Change}, such as {Subject}: {Detail}",
                        alarms.Key.Kind,
                        alarms.Count(),
                        alarms.Key.IsRaised ? "raised" : "cleared",
                        alarms.First().Subject,
                        alarms.First().Detail);
                    _notices.Raise();
                }

                if (isSlowOne)
                {
                    await _alarms.Forget(ForgottenAtOnce, stop);
                }
            },
            stop);
        _raised = await _alarms.Counts(stop);
        if (isSlowOne)
        {
            _slowAt = _time.GetTimestamp();
        }
    }
}
