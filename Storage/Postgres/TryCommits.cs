using Npgsql;

namespace Lakala.Storage.Postgres;

public sealed record TryCommit;

public sealed record CommitTried;

/// <summary>
/// Tests whether swipes can be committed: it takes the locks of a swipe on tables, and on no row, and makes an equally durable
/// commit. It waits where swipes would wait, behind a migration or for the standby, and fails where they would fail.
/// </summary>
public sealed class TryCommits : BatchStatement<TryCommit, CommitTried>
{
    public override string Name => "try_commits";

    public override BatchInput<TryCommit> Input { get; } = new BatchInput<TryCommit>().Column("is_tried", "boolean", static _ => true);

    public override string Sql =>
        $"""
        with bill as (
          update bills set state = state where false
        ), attempt as (
          update attempts set state = state where false
        ), started as (
          insert into attempts (id) select id from attempts where false
        ), posting as (
          insert into payment_entries (number) select number from payment_entries where false
        ), event as (
          insert into events (id) select id from events where false
        ), delivery as (
          insert into deliveries (event_id) select event_id from deliveries where false
        ), reversal as (
          insert into reversals (rrn) select rrn from reversals where false
        ), written as materialized (
          select pg_logical_emit_message(true, 'lakala', '')
        )
        select i.ord from {Input.Rows} cross join written
        """;

    public override CommitTried Read(NpgsqlDataReader row, TryCommit item) => new();
}
