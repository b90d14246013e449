using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Terminals;

/// <param name="At">The time of the report.</param>
public sealed record HealthRow(string Terminal, DateTimeOffset At, HealthState State);

public sealed record HealthKept;

/// <summary>Only inserts, except for the latest row, where the later of two reports in one batch is kept.</summary>
public sealed class ReportHealth : BatchStatement<HealthRow, HealthKept>
{
    public override string Name => "report_health";

    public override BatchInput<HealthRow> Input { get; } = new BatchInput<HealthRow>()
        .Column("terminal_id", "text", static row => row.Terminal)
        .Column("at", "timestamptz", static row => row.At.ToUniversalTime())
        .Column("in_order", "boolean", static row => row.State.IsInOrder)
        .Column("report", "text", static row => row.State.Report)
        .Column("attention", "text", static row => row.State.Attention);

    public override string Sql =>
        $"""
        with input as materialized (
          select * from {Input.Rows}
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

    public override HealthKept Read(NpgsqlDataReader row, HealthRow item) => new();
}
