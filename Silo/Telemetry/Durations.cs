using System.Diagnostics.Metrics;
using Lakala.Storage;
using OpenTelemetry.Metrics;

namespace Lakala.Silo.Telemetry;

/// <summary>Bucket boundaries of all duration histograms, in seconds.</summary>
internal static class Durations
{
    // From a commit's millisecond to a terminal's time-out, with each timer of a swipe among them. The library's defaults begin with
    // 5 and are for milliseconds: every swipe would be in the first bucket, and quantiles would mean nothing.
    private static readonly double[] Seconds =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2, 3, 5, 7.5, 10, 15, 20, 30];

    public static MetricStreamConfiguration? Buckets(Instrument instrument) =>
        instrument is Histogram<double> { Unit: "s" } && instrument.Meter.Name == Instrumentation.Name
            ? new ExplicitBucketHistogramConfiguration { Boundaries = Seconds }
            : null;
}
