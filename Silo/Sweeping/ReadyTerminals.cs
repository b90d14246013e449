using Lakala.Silo.Gateway;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;
using Npgsql;

namespace Lakala.Silo.Sweeping;

/// <summary>
/// Writes down in rounds, one statement for all, which terminals this silo has heard: so every silo, and a shopper who looks
/// for a store, knows which are ready.
/// </summary>
internal sealed class ReadyTerminals(
    LineWatch lines, StoreFinder stores, HealthRows healths, TimeProvider time, ILogger<ReadyTerminals> log) : BackgroundService
{
    // Of the health's history that is too old, so much goes in each round.
    private const int ForgetAtOnce = 10_000;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Round, time);
        var since = time.GetTimestamp();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = time.GetTimestamp();
            var heard = lines.HeardSince(since);
            try
            {
                if (heard.Count > 0)
                {
                    await stores.Heard([.. heard.Keys], [.. heard.Values.Select(at => time.GetElapsedTime(at, now))], stoppingToken);
                }

                since = now;
                await healths.Forget(ForgetAtOnce, stoppingToken);
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                log.LogWarning("Which terminals are ready could not be written down, the next round will: {Reason}", fault.Message);
            }
        }
    }
}
