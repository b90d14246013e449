using System.Data;
using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>A lock of PostgreSQL that all processes of the project know by its number. It ends with the session, or when it is disposed of.</summary>
internal sealed class AdvisoryLock : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly long _number;

    private AdvisoryLock(NpgsqlConnection connection, long number) => (_connection, _number) = (connection, number);

    /// <summary>Waits for as long as it takes.</summary>
    public static async Task<AdvisoryLock> Take(NpgsqlConnection connection, long number)
    {
        var command = new NpgsqlCommand("select pg_advisory_lock($1)", connection).With(number);
        command.CommandTimeout = 0;
        await command.Execute(CancellationToken.None);
        return new AdvisoryLock(connection, number);
    }

    /// <returns>Null: somebody else has it.</returns>
    public static async Task<AdvisoryLock?> TryTake(NpgsqlConnection connection, long number, CancellationToken stop) =>
        await connection.First("select pg_try_advisory_lock($1) as is_taken", static row => row.Get<bool>("is_taken"), stop, number)
            ? new AdvisoryLock(connection, number)
            : null;

    // A session that is gone holds no lock any more.
    public async ValueTask DisposeAsync()
    {
        if (_connection.FullState == ConnectionState.Open)
        {
            await _connection.Execute("select pg_advisory_unlock($1)", CancellationToken.None, _number);
        }
    }
}
