using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>Whether the database answers at all.</summary>
public static class DatabaseProbe
{
    /// <param name="patience">For the answer, in whole seconds; a connection is waited for as its string says.</param>
    public static async Task<bool> Answers(NpgsqlDataSource database, TimeSpan patience)
    {
        try
        {
            await using var command = database.CreateCommand("select 1");
            command.CommandTimeout = (int)patience.TotalSeconds;
            await command.ExecuteScalarAsync();
            return true;
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            return false;
        }
    }
}
