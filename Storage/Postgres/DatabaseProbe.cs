using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>Tests whether the database answers.</summary>
public static class DatabaseProbe
{
    /// <param name="patience">The time for the answer, in whole seconds; the connection has the time-out of its string.</param>
    public static async Task<bool> Answers(NpgsqlDataSource database, TimeSpan patience)
    {
        try
        {
            var command = database.CreateCommand("select 1");
            command.CommandTimeout = (int)patience.TotalSeconds;
            await command.Execute(CancellationToken.None);
            return true;
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            return false;
        }
    }
}
