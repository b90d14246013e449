using System.Diagnostics;

namespace Lakala.Storage;

/// <summary>The one name under which traces and metrics of this project are found.</summary>
public static class Instrumentation
{
    public const string Name = "Lakala";

    /// <summary>Field 39 of what the terminal is told.</summary>
    public const string CodeTag = "lakala.code";

    /// <summary>What stands under the swipe's key by then.</summary>
    public const string StateTag = "lakala.state";

    public static readonly ActivitySource Source = new(Name);

    /// <summary>Of what is being done now; null when nobody records it.</summary>
    public static string? TraceId => Activity.Current is { Recorded: true } span ? span.TraceId.ToHexString() : null;

    /// <summary>A span in the trace of the swipe whose row has this trace id; in a trace of its own where the row has none.</summary>
    /// <remarks>The row knows the trace and not the span, so it is one more root of the trace.</remarks>
    public static Activity? Continue(string name, ActivityKind kind, string? traceId) => Source.StartActivity(
        name,
        kind,
        traceId is null ? default : new ActivityContext(ActivityTraceId.CreateFromString(traceId), default, ActivityTraceFlags.Recorded, isRemote: true));
}
