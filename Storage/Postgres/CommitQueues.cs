using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Lakala.Storage.Postgres;

/// <summary>The fill of the queues of this process's group-commit writers, from 0 to 1.</summary>
public static class CommitQueues
{
    private static readonly ConcurrentDictionary<Queue, bool> All = new();
    private static readonly Meter Meter = new(Instrumentation.Name);

    static CommitQueues() => Meter.CreateObservableGauge(
        "lakala.commit.queue_fill_ratio",
        static () => All.Keys.Select(static queue => new Measurement<double>(queue.Fill(), new KeyValuePair<string, object?>("statement", queue.Statement))));

    /// <returns>The fullest one; null: there is none.</returns>
    public static (string Statement, double Fill)? Fullest() => All.Keys
        .Select(static queue => ((string, double)?)(queue.Statement, queue.Fill())).MaxBy(static queue => queue!.Value.Item2);

    internal static IDisposable Watch(string statement, Func<double> fill)
    {
        var queue = new Queue(statement, fill);
        All[queue] = true;
        return queue;
    }

    private sealed class Queue(string statement, Func<double> fill) : IDisposable
    {
        public string Statement => statement;

        public double Fill() => fill();

        public void Dispose() => All.TryRemove(this, out _);
    }
}
