using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Silos;

/// <param name="Body">JSON.</param>
public sealed record SiloState(string Silo, DateTimeOffset At, string Body);

/// <summary>What each silo reports about itself.</summary>
public sealed class SiloStateRows(NpgsqlDataSource database)
{
    public Task Put(SiloState state, CancellationToken stop) => database.Execute(
        """
        insert into silo_states (silo, at, body) values ($1, clock_timestamp(), $2::jsonb)
        on conflict (silo) do update set at = excluded.at, body = excluded.body
        """,
        stop,
        state.Silo,
        state.Body);

    /// <summary>Silos that have reported within the last hour.</summary>
    public Task<IReadOnlyList<SiloState>> List(CancellationToken stop) => database.List(
        "select silo, at, body::text as body from silo_states where at > statement_timestamp() - interval '1 hour' order by silo",
        static row => new SiloState(row.Get<string>("silo"), row.Get<DateTimeOffset>("at"), row.Get<string>("body")),
        stop);
}
