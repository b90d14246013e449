using Lakala.Grains.Tenders;
using Npgsql;

namespace Lakala.Silo;

/// <summary>Ready means that a swipe can be settled now.</summary>
public static class Health
{
    public static async Task<IResult> Check(NpgsqlDataSource database, IBankLine bank, IHostApplicationLifetime life, CancellationToken stop)
    {
        var isDatabaseUp = await Answers(database, stop);
        var isReady = isDatabaseUp && bank.IsUp && !life.ApplicationStopping.IsCancellationRequested;
        return Results.Json(
            new { status = isReady ? "ready" : "not ready", database = UpOrDown(isDatabaseUp), bank_line = UpOrDown(bank.IsUp) },
            statusCode: isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static string UpOrDown(bool isUp) => isUp ? "up" : "down";

    private static async Task<bool> Answers(NpgsqlDataSource database, CancellationToken stop)
    {
        try
        {
            await using var command = database.CreateCommand("select 1");
            command.CommandTimeout = 2;
            await command.ExecuteScalarAsync(stop);
            return true;
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            return false;
        }
    }
}
