using System.Data;
using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>An advisory lock of PostgreSQL with a number that all processes of the project use. It ends with the session, or when it is disposed of.</summary>
internal sealed class AdvisoryLock : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly long _number;

    private AdvisoryLock(NpgsqlConnection connection, long number) => (_connection, _number) = (connection, number);

    /// <summary>Waits without a bound.</summary>
    public static async Task<AdvisoryLock> Take(NpgsqlConnection connection, long number)
    {
        var command = new NpgsqlCommand("select pg_advisory_lock($1)", connection).With(number);
        command.CommandTimeout = 0;
        await command.Execute(CancellationToken.None);
        return new AdvisoryLock(connection, number);
    }

    /// <returns>Null: another session has it.</returns>
    public static async Task<AdvisoryLock?> TryTake(NpgsqlConnection connection, long number, CancellationToken stop) =>
        await connection.First("select pg_try_advisory_lock($1) as is_taken", static row => row.Get<bool>("is_taken"), stop, number)
            ? new AdvisoryLock(connection, number)
            : null;

    // A session that has ended holds no lock.
    public async ValueTask DisposeAsync()
    {
        if (_connection.FullState == ConnectionState.Open)
        {
            await _connection.Execute("select pg_advisory_unlock($1)", CancellationToken.None, _number);
        }
    }
}
