using Lakala.Grains.Swipes;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Npgsql;

namespace Lakala.Silo.Hosting;

/// <summary>
/// Ready means that a swipe can be settled now. Anybody may ask at any rate: the database is asked at most once a
/// second.
/// </summary>
public sealed class Health(NpgsqlDataSource database, Commits commits, IBankLine bank, IHostApplicationLifetime life, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private Task<Seen>? _seen;
    private long _asked;

    public async Task<IResult> Check()
    {
        var seen = await See();
        var isReady = seen is { Answers: true, Commits: true } && bank.IsUp && !life.ApplicationStopping.IsCancellationRequested;
        return Results.Json(
            new
            {
                status = isReady ? "ready" : "not ready",
                database = UpOrDown(seen.Answers),
                commits = seen.Commits ? "up" : seen.Why,
                bank_line = UpOrDown(bank.IsUp),
            },
            statusCode: isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static string UpOrDown(bool isUp) => isUp ? "up" : "down";

    private Task<Seen> See()
    {
        lock (_lock)
        {
            if (_seen is null || (_seen.IsCompleted && time.GetElapsedTime(_asked) >= Fresh))
            {
                (_seen, _asked) = (Ask(), time.GetTimestamp());
            }

            return _seen;
        }
    }

    // Strangers can read the answer: the database's message goes only into the log.
    private async Task<Seen> Ask()
    {
        var answers = DatabaseProbe.Answers(database, Patience);
        try
        {
            await commits.TryCommits.Submit(new TryCommit()).WaitAsync(Patience, time);
            return new Seen(await answers, true, "");
        }
        catch (TimeoutException)
        {
            return new Seen(await answers, false, $"down: no answer within {Patience.TotalSeconds} s; a lock, or the standby, is waited for");
        }
        catch (Exception fault) when (fault is DatabaseAwayException or CommitUnknownException or CommitQueueFullException)
        {
            return new Seen(await answers, false, "down: the silo's log says why, after try_commits");
        }
    }

    private sealed record Seen(bool Answers, bool Commits, string Why);
}
