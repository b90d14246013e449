using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Grains.Swipes;
using Lakala.Silo.Gateway;
using Lakala.Silo.Hosting;
using Lakala.Storage.Postgres;
using Lakala.Storage.Silos;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops.Network;

/// <summary>How a silo is, as it reports to the others.</summary>
/// <param name="BankDownSeconds">0: the line is up.</param>
/// <param name="QueueFill">Of its fullest commit queue, from 0 to 1.</param>
public sealed record SiloReport(
    string Version, DateTimeOffset StartedAt, int BankDownSeconds, double QueueFill, string FullestQueue, int Lines, int MemoryMegabytes);

/// <summary>Reports how this silo is.</summary>
internal sealed class SiloReporter : PeriodicWork
{
    private static readonly string Version = typeof(SiloReporter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private readonly SiloStateRows _states;
    private readonly IBankLine _bank;
    private readonly LineWatch _lines;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _time;
    private readonly string _silo;
    private readonly DateTimeOffset _startedAt;
    private long _bankSeen;

    public SiloReporter(
        SiloStateRows states, IBankLine bank, LineWatch lines, ILocalSiloDetails silo, IOptions<OpsOptions> options, TimeProvider time, ILogger<SiloReporter> log)
        : base(time, log)
    {
        (_states, _bank, _lines, _interval, _time) = (states, bank, lines, options.Value.Interval, time);
        _silo = silo.SiloAddress.Endpoint.ToString();
        (_startedAt, _bankSeen) = (time.GetUtcNow(), time.GetTimestamp());
    }

    protected override string FailureText => "The state of this silo could not be reported, the next round tries again";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Repeat(_interval, Report, stoppingToken, atOnce: true);

    private Task Report(CancellationToken stop) =>
        _states.Put(new SiloState(_silo, default, JsonSerializer.Serialize(Read(), SiloReportJson.Default.SiloReport)), stop);

    private SiloReport Read()
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
