using Lakala.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Lakala.Storage.Terminals;

/// <summary>The health of terminals: the latest report of each, and their history for a bounded time.</summary>
public sealed class HealthRows(NpgsqlDataSource database, [FromKeyedServices(Database.Writers)] NpgsqlDataSource writers, ILogger<HealthRows> log) : IAsyncDisposable
{
    /// <summary>The least time between two history rows of an unchanged terminal without faults.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    public GroupCommit<HealthRow, HealthKept> Reported { get; } = new(new ReportHealth(), writers, log);

    public ValueTask DisposeAsync() => Reported.DisposeAsync();

    /// <summary>Deletes up to a number of history rows that are older than the kept time.</summary>
    /// <returns>The number of deleted rows.</returns>
    public async Task<int> Forget(int limit, CancellationToken stop)
    {
        await using var command = database.CreateCommand(
            """
            delete from terminal_health_history where ctid = any(array(
              select ctid from terminal_health_history where at < statement_timestamp() - $1 limit $2))
            """);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = Kept });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        return await command.ExecuteNonQueryAsync(stop);
    }
}

/// <param name="At">The time of the report.</param>
public sealed record HealthRow(string Terminal, DateTimeOffset At, HealthState State);

public sealed record HealthKept;

/// <summary>Only inserts, except for the latest row, where the later of two reports in one batch is kept.</summary>
public sealed class ReportHealth : BatchStatement<HealthRow, HealthKept>
{
    public override string Name => "report_health";

    public override string Sql =>
        """
        with input as materialized (
          select * from unnest($1::text[], $2::timestamptz[], $3::boolean[], $4::text[], $5::text[]) with ordinality as t(terminal_id, at, in_order, report, attention, ord)
        ), history as (
          insert into terminal_health_history (terminal_id, at, report) select terminal_id, at, report::jsonb from input
        ), latest as (
          insert into terminal_health as h (terminal_id, at, in_order, report, attention)
          select distinct on (terminal_id) terminal_id, at, in_order, report::jsonb, attention from input order by terminal_id, at desc
          on conflict (terminal_id) do update
          set at = excluded.at, in_order = excluded.in_order, report = excluded.report, attention = excluded.attention where h.at <= excluded.at
        )
        select ord from input
        """;

    public override IEnumerable<NpgsqlParameter> Parameters() =>
        [new NpgsqlParameter<string[]>(), new NpgsqlParameter<DateTimeOffset[]>(), new NpgsqlParameter<bool[]>(), new NpgsqlParameter<string[]>(),
            new NpgsqlParameter<string[]>()];

    public override void Bind(NpgsqlParameterCollection parameters, ReadOnlySpan<HealthRow> batch)
    {
        Set(parameters, 0, Column(batch, static row => row.Terminal));
        Set(parameters, 1, Column(batch, static row => row.At.ToUniversalTime()));
        Set(parameters, 2, Column(batch, static row => row.State.IsInOrder));
        Set(parameters, 3, Column(batch, static row => row.State.Report));
        Set(parameters, 4, Column(batch, static row => row.State.Attention));
    }

    public override HealthKept Read(NpgsqlDataReader row, HealthRow command) => new();
}
