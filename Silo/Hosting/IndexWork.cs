using Lakala.Storage.Postgres;

namespace Lakala.Silo.Hosting;

/// <summary>Builds the indexes that a migration leaves to the silos, from the start on.</summary>
public sealed class IndexWork(LateIndexes indexes, TimeProvider time, ILogger<IndexWork> log) : PeriodicWork(time, log)
{
    private static readonly TimeSpan BetweenRounds = TimeSpan.FromMinutes(10);

    protected override string FailureText => "Indexes cannot be built, the next round tries again";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Repeat(BetweenRounds, Build, stoppingToken, atOnce: true);

    private async Task Build(CancellationToken stop)
    {
        if (await indexes.Build(stop) is > 0 and var built)
        {
            log.LogInformation("{Count} indexes have been built beside the traffic.", built);
        }
    }
}
