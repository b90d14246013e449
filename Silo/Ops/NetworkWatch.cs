using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Grains.Notices;
using Lakala.Grains.Swipes;
using Lakala.Silo.Gateway;
using Lakala.Silo.Hosting;
using Lakala.Silo.Notices;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Fleet;
using Lakala.Storage.Postgres;
using Lakala.Storage.Terminals;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops;

/// <summary>The operators' side of a silo.</summary>
public sealed class OpsOptions
{
    /// <summary>How often alarms are looked at, and each silo tells how it is.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether administrators find the Orleans dashboard under <c>/ops/orleans</c>. It looks at every call of a grain, which costs.</summary>
    public bool OrleansDashboard { get; set; }

    /// <summary>Where alarms are posted to. Empty: nowhere.</summary>
    public string AlarmUrl { get; set; } = "";

    /// <summary>An owner-only file with the 32 bytes in hex with which they are signed.</summary>
    public string AlarmSecretFile { get; set; } = "";

    /// <summary>Where alarms say the runbook is; a section's name is added. Empty: this instance's own, under <c>/ops/runbook</c>.</summary>
    public string RunbookUrl { get; set; } = "";

    public sealed class Validator : IValidateOptions<OpsOptions>
    {
        private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(100), Most = TimeSpan.FromSeconds(30);

        public ValidateOptionsResult Validate(string? name, OpsOptions options) =>
            options.Interval < Least || options.Interval > Most ? ValidateOptionsResult.Fail($"Ops:Interval is from {Least} to {Most}, not {options.Interval}.")
            : options.AlarmUrl.Length > 0 && !IsHttp(options.AlarmUrl) ? ValidateOptionsResult.Fail("Ops:AlarmUrl is an http or https address.")
            : options.AlarmUrl.Length > 0 && ThisMachine.IsPlainElsewhere(new Uri(options.AlarmUrl))
                ? ValidateOptionsResult.Fail("Ops:AlarmUrl is http to another machine: alarms name terminals and stores. Say https.")
            : options.RunbookUrl.Length > 0 && !IsHttp(options.RunbookUrl) ? ValidateOptionsResult.Fail("Ops:RunbookUrl is an http or https address.")
            : options.AlarmUrl.Length > 0 != options.AlarmSecretFile.Length > 0
                ? ValidateOptionsResult.Fail("Ops:AlarmUrl and Ops:AlarmSecretFile come together.")
            : ValidateOptionsResult.Success;

        private static bool IsHttp(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";
    }
}

/// <summary>How a silo is, as it tells the others.</summary>
/// <param name="BankDownSeconds">0: the line is up.</param>
/// <param name="QueueFill">Of its fullest commit queue, from 0 to 1.</param>
public sealed record SiloReport(
    string Version, DateTimeOffset StartedAt, int BankDownSeconds, double QueueFill, string FullestQueue, int Lines, int MemoryMegabytes);

/// <summary>
/// Carries out operators' commands when they are due, tells how this silo is, and has alarms and the history of swipes brought up
/// to date by one silo at a time.
/// </summary>
internal sealed class NetworkWatch : PeriodicWork
{
    private const int AtOnce = 10_000;

    private static readonly TimeSpan CommandInterval = TimeSpan.FromSeconds(1), SlowInterval = TimeSpan.FromMinutes(1);
    private static readonly string Version = typeof(NetworkWatch).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private readonly OperatorDesk _desk;
    private readonly CommandRows _commands;
    private readonly AlarmRows _alarms;
    private readonly NetworkQueries _network;
    private readonly FleetCounts _fleet;
    private readonly IBankLine _bank;
    private readonly LineWatch _lines;
    private readonly OperatorTarget _target;
    private readonly NoticeSignal _notices;
    private readonly OpsOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly string _silo;
    private readonly string _runbook;
    private readonly DateTimeOffset _startedAt;
    private long _bankSeen;
    private long? _slowAt;
    private IReadOnlyList<(string Kind, int Count)> _raised = [];
    private FleetCount? _counts;

    public NetworkWatch(
        OperatorDesk desk,
        CommandRows commands,
        AlarmRows alarms,
        NetworkQueries network,
        FleetCounts fleet,
        IBankLine bank,
        LineWatch lines,
        OperatorTarget target,
        NoticeSignal notices,
        ILocalSiloDetails silo,
        IOptions<OpsOptions> options,
        IOptions<HttpOptions> pages,
        IMeterFactory meters,
        TimeProvider time,
        ILogger<NetworkWatch> log)
        : base(time, log)
    {
        (_desk, _commands, _alarms, _network, _fleet, _bank, _lines, _target, _notices) = (desk, commands, alarms, network, fleet, bank, lines, target, notices);
        (_options, _time, _log) = (options.Value, time, log);
        _runbook = _options.RunbookUrl.Length > 0 ? _options.RunbookUrl.TrimEnd('/') : $"{pages.Value.PublicUrl}{OpsPages.Root}/runbook";
        _silo = silo.SiloAddress.Endpoint.ToString();
        (_startedAt, _bankSeen) = (time.GetUtcNow(), time.GetTimestamp());
        var meter = meters.Create(Instrumentation.Name);
        meter.CreateObservableGauge("lakala.alarms", () => AlarmKind.All.Select(kind => new Measurement<int>(
            _raised.FirstOrDefault(raised => raised.Kind == kind.Kind).Count, new KeyValuePair<string, object?>("kind", kind.Kind))));
        meter.CreateObservableGauge("lakala.terminals", () => _counts is not { } counts ? [] : new[]
        {
            Of("ready", counts.Ready), Of("attention", counts.Attention), Of("silent", counts.Silent), Of("never_seen", counts.NeverSeen),
        });

        static Measurement<int> Of(string state, int count) => new(count, new KeyValuePair<string, object?>("state", state));
    }

    protected override string FailureText => "The network could not be looked at, the next round will";

    // Apart from each other: many commands hold up no alarm.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Repeat(CommandInterval, _desk.RunDue, stoppingToken, atOnce: true), Repeat(_options.Interval, Look, stoppingToken, atOnce: true));

    private async Task Look(CancellationToken stop)
    {
        await _network.Tell(new SiloState(_silo, default, JsonSerializer.Serialize(Report(), SiloReportJson.Default.SiloReport)), stop);
        var isSlowOne = _slowAt is not { } at || _time.GetElapsedTime(at) >= SlowInterval;
        await _alarms.Alone(
            async () =>
            {
                // The minute that runs, and now and then those that may still change.
                await _network.CountMinutes(isSlowOne ? NetworkQueries.Unsettled : _options.Interval * 2, stop);
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
                    await _commands.GiveUp(AtOnce, stop);
                    await _alarms.Forget(AtOnce, stop);
                }
            },
            stop);
        _raised = await _alarms.Counts(stop);
        if (isSlowOne)
        {
            _counts = (await _fleet.Count().WaitAsync(stop)).Summary.All;
            _slowAt = _time.GetTimestamp();
        }
    }

    private SiloReport Report()
    {
        if (_bank.IsUp)
        {
            _bankSeen = _time.GetTimestamp();
        }

        var (queue, fill) = CommitQueues.Fullest() ?? ("", 0);
        return new SiloReport(
            Version,
            _startedAt,
            _bank.IsUp ? 0 : Math.Max(1, (int)_time.GetElapsedTime(_bankSeen).TotalSeconds),
            Math.Round(fill, 4),
            queue,
            _lines.Count,
            (int)(Environment.WorkingSet / (1024 * 1024)));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SiloReport))]
internal sealed partial class SiloReportJson : JsonSerializerContext;
