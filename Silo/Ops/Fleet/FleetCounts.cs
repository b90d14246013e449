using Lakala.Storage.Fleet;
using Npgsql;

namespace Lakala.Silo.Ops.Fleet;

public sealed record FleetCounted(DateTimeOffset At, FleetSummary Summary);

/// <summary>
/// The fleet's counts, shared by all who look: however many they are, the terminals are read once in a few seconds, and not at all
/// while nobody looks.
/// </summary>
internal sealed class FleetCounts(FleetQueries fleet, TimeProvider time, ILogger<FleetCounts> log)
{
    private const int Stores = 20;

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5), Stale = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private Task<FleetCounted>? _counting;
    private FleetCounted? _latest;

    /// <summary>Not older than ten seconds; what is older than five has it counted anew for whoever asks next.</summary>
    public async Task<FleetCounted> Latest(CancellationToken stop)
    {
        if (_latest is not { } latest || time.GetUtcNow() - latest.At >= Stale)
        {
            return await Count().WaitAsync(stop);
        }

        if (time.GetUtcNow() - latest.At >= Fresh)
        {
            _ = Count().ContinueWith(
                failed => log.LogWarning("The fleet could not be counted: {Reason}", failed.Exception!.GetBaseException().Message),
                stop,
                TaskContinuationOptions.OnlyOnFaulted,
                TaskScheduler.Default);
        }

        return latest;
    }

    /// <summary>Counts now, or waits for who is at it.</summary>
    /// <exception cref="NpgsqlException">It cannot be done now.</exception>
    public Task<FleetCounted> Count()
    {
        lock (_lock)
        {
            return _counting is { IsCompleted: false } counting ? counting : _counting = Run();
        }

        async Task<FleetCounted> Run()
        {
            var at = time.GetUtcNow();
            return _latest = new FleetCounted(at, await fleet.Summary(Stores, CancellationToken.None));
        }
    }
}
