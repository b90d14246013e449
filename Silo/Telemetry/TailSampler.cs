using System.Diagnostics;
using System.Diagnostics.Metrics;
using Lakala.Rules.Attempts;
using Lakala.Storage;
using Lakala.Vocabulary;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Lakala.Silo.Telemetry;

/// <summary>Which traces are kept.</summary>
public sealed class TraceOptions
{
    /// <summary>The share of all traces, 0 to 1, that is kept whatever their outcome.</summary>
    public double Share { get; set; } = 0.01;

    /// <summary>A trace with a longer span is always kept.</summary>
    public TimeSpan SlowAfter { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Traces held at once until they are complete; above it only the local root of a trace is decided.</summary>
    public int MaxTraces { get; set; } = 4_096;

    /// <summary>Spans held of one trace; above it only its local root is held.</summary>
    public int MaxSpans { get; set; } = 128;

    /// <summary>A trace that is not complete after this time is decided as far as it is.</summary>
    public TimeSpan LongestHeld { get; set; } = TimeSpan.FromMinutes(1);

    public sealed class Validator : IValidateOptions<TraceOptions>
    {
        public ValidateOptionsResult Validate(string? name, TraceOptions options) =>
            options.Share is not (>= 0 and <= 1) ? ValidateOptionsResult.Fail($"Traces:Share must be 0 to 1; it is {options.Share}.")
            : options.SlowAfter <= TimeSpan.Zero || options.LongestHeld <= options.SlowAfter
                ? ValidateOptionsResult.Fail(
                    $"Traces: 0 < SlowAfter < LongestHeld must hold, but they are {options.SlowAfter} and {options.LongestHeld}.")
            : options.MaxTraces < 1 || options.MaxSpans < 1
                ? ValidateOptionsResult.Fail("Traces:MaxTraces and Traces:MaxSpans must be at least 1.")
            : ValidateOptionsResult.Success;
    }
}

/// <summary>
/// Tail sampling: holds the spans of a trace until this silo's part of it has ended, and then keeps those of swipes that were
/// slow, failed or were reversed, and a share of the others. A late span, or one above a bound, is decided alone.
/// </summary>
/// <remarks>
/// A local root has no parent or a parent in another process. A call between two grains of this silo also marks its parent as
/// remote. So a trace is complete when the last of its local roots ends.
/// </remarks>
public sealed class TailSampler : CompositeProcessor<Activity>
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly string Reversing = StateNames.Format(AttemptState.Reversing);
    private static readonly string Reversed = StateNames.Format(AttemptState.Reversed);

    private readonly TraceOptions _options;
    private readonly TimeProvider _time;
    private readonly TraceIdRatioBasedSampler _share;
    private readonly Counter<long> _cut;
    private readonly Lock _lock = new();
    private readonly Dictionary<ActivityTraceId, Held> _held = [];
    private long _looked;

    /// <param name="next">The exporter's processor.</param>
    public TailSampler(BaseProcessor<Activity> next, TraceOptions options, IMeterFactory meters, TimeProvider time)
        : base([next])
    {
        _options = options;
        _time = time;
        _share = new TraceIdRatioBasedSampler(options.Share);
        _looked = time.GetTimestamp();
        _cut = meters.Create(Instrumentation.Name).CreateCounter<long>("lakala.traces.cut");
    }

    public override void OnStart(Activity data)
    {
        if (data.Parent is not null)
        {
            return;
        }

        List<Held> old;
        lock (_lock)
        {
            old = TakeOld();
            if (_held.TryGetValue(data.TraceId, out var held))
            {
                held.OpenRoots++;
            }
            else if (_held.Count < _options.MaxTraces)
            {
                _held.Add(data.TraceId, new Held(_time.GetTimestamp()));
            }
            else
            {
                Cut("traces");
            }
        }

        foreach (var held in old)
        {
            // It is slow: the bound of the age is above the bound of slow spans.
            LetThrough(held.Spans);
        }
    }

    public override void OnEnd(Activity data)
    {
        var isRoot = data.Parent is null;
        var isWanted = IsWanted(data);
        Held? held;
        lock (_lock)
        {
            if (_held.TryGetValue(data.TraceId, out held))
            {
                held.IsWanted |= isWanted;
                if (!isRoot || --held.OpenRoots > 0)
                {
                    Hold(held, data);
                    return;
                }

                _held.Remove(data.TraceId);
            }
        }

        if (isWanted || held is { IsWanted: true } || IsInShare(data.TraceId))
        {
            LetThrough(held?.Spans ?? []);
            base.OnEnd(data);
        }
    }

    /// <summary>Forgets a local root that has begun but will not be traced.</summary>
    public void Forget(Activity root)
    {
        lock (_lock)
        {
            if (root.Parent is null && _held.TryGetValue(root.TraceId, out var held) && --held.OpenRoots == 0)
            {
                _held.Remove(root.TraceId);
            }
        }
    }

    // A trace that is not complete when the silo ends has no outcome.
    protected override bool OnShutdown(int timeoutMilliseconds)
    {
        List<Held> open;
        lock (_lock)
        {
            open = [.. _held.Values];
            _held.Clear();
        }

        foreach (var held in open)
        {
            LetThrough(held.Spans);
        }

        return base.OnShutdown(timeoutMilliseconds);
    }

    private bool IsWanted(Activity span) =>
        span.Duration > _options.SlowAfter
        || span.Status == ActivityStatusCode.Error
        || span.GetTagItem(Instrumentation.CodeTag) is ResponseCodes.NoAnswer or ResponseCodes.TryLater or ResponseCodes.BankNotReachable or ResponseCodes.Fault
        || (span.GetTagItem(Instrumentation.StateTag) is string state && (state == Reversing || state == Reversed));

    // By the trace id alone, so that all silos decide the same.
    private bool IsInShare(ActivityTraceId trace) =>
        _share.ShouldSample(new SamplingParameters(default, trace, "", ActivityKind.Internal)).Decision == SamplingDecision.RecordAndSample;

    private void Hold(Held held, Activity span)
    {
        if (held.Spans.Count < _options.MaxSpans)
        {
            held.Spans.Add(span);
        }
        else if (!held.IsCut)
        {
            held.IsCut = true;
            Cut("spans");
        }
    }

    private List<Held> TakeOld()
    {
        if (_time.GetElapsedTime(_looked) < LookInterval)
        {
            return [];
        }

        _looked = _time.GetTimestamp();
        var old = new List<Held>();
        foreach (var (trace, held) in _held)
        {
            if (_time.GetElapsedTime(held.Since, _looked) >= _options.LongestHeld)
            {
                _held.Remove(trace);
                old.Add(held);
                Cut("age");
            }
        }

        return old;
    }

    private void LetThrough(List<Activity> spans)
    {
        foreach (var span in spans)
        {
            base.OnEnd(span);
        }
    }

    private void Cut(string bound) => _cut.Add(1, new KeyValuePair<string, object?>("bound", bound));

    private sealed class Held(long since)
    {
        public long Since { get; } = since;

        public List<Activity> Spans { get; } = [];

        public int OpenRoots { get; set; } = 1;

        public bool IsWanted { get; set; }

        public bool IsCut { get; set; }
    }
}
