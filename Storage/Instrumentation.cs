using System.Diagnostics;

namespace Lakala.Storage;

/// <summary>The name of the project's traces and metrics.</summary>
public static class Instrumentation
{
    public const string Name = "Lakala";

    /// <summary>Field 39 of the answer to the terminal.</summary>
    public const string CodeTag = "lakala.code";

    /// <summary>The state of the row under the swipe's key at that time.</summary>
    public const string StateTag = "lakala.state";

    public static readonly ActivitySource Source = new(Name);

    /// <summary>The id of the present trace; null when it is not recorded.</summary>
    public static string? TraceId => Activity.Current is { Recorded: true } span ? span.TraceId.ToHexString() : null;

    /// <summary>Starts a span in the trace of the swipe whose row has this trace id; in a new trace if the row has none.</summary>
    /// <remarks>The row has the trace's id and no span's, so the span is one more root of the trace.</remarks>
    public static Activity? Continue(string name, ActivityKind kind, string? traceId) => Source.StartActivity(
        name,
        kind,
        traceId is null ? default : new ActivityContext(ActivityTraceId.CreateFromString(traceId), default, ActivityTraceFlags.Recorded, isRemote: true));
}
