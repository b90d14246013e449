using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Swipes;

/// <summary>The final answer of a key that never became an attempt: REFUSED, or VOID for an unknown key.</summary>
public sealed record CloseKey(Guid Id, SwipeKey Key, AttemptState State, string ResponseCode, Refusal? Reason, long? Bill, Money? Amount, string? MaskedPan);

/// <summary>Inserts the row, unless the key has one: then that row is the answer.</summary>
public sealed class CloseKeys : BatchStatement<CloseKey, AttemptRow>
{
    public override string Name => "close_keys";

    public override BatchInput<CloseKey> Input { get; } = new BatchInput<CloseKey>()
        .Column("terminal_id", "text", static c => c.Key.Terminal)
        .Column("batch", "int", static c => c.Key.Batch)
        .Column("stan", "int", static c => c.Key.Stan)
        .Column("id", "uuid", static c => c.Id)
        .Column("state", "text", static c => StateNames.Format(c.State))
        .Column("response_code", "text", static c => c.ResponseCode)
        .Column("reason", "smallint", static c => (short?)c.Reason)
        .Column("bill", "bigint", static c => c.Bill)
        .Column("amount", "bigint", static c => c.Amount?.Minor)
        .Column("currency", "text", static c => c.Amount?.Currency)
        .Column("masked_pan", "text", static c => c.MaskedPan);

    public override string Sql =>
        $"""
        with input as materialized (
          select * from {Input.Rows}
        ), closed as (
          insert into attempts (terminal_id, batch, stan, id, state, response_code, reason, bill, amount, currency, masked_pan, settled_at)
          select terminal_id, batch, stan, id, state, response_code, reason, bill, amount, currency, masked_pan, clock_timestamp()
          from input order by terminal_id, batch, stan
          on conflict do nothing
          returning id
        )
        select i.ord, i.id in (select id from closed) as is_closed, k.*
        from input i
        left join lateral (select {AttemptRow.Columns} from {AttemptRow.From}
          where a.terminal_id = i.terminal_id and a.batch = i.batch and a.stan = i.stan) k on true
        """;

    public override AttemptRow? Read(NpgsqlDataReader row, CloseKey item) =>
        row.Get<bool>("is_closed")
            ? new AttemptRow(item.Key, item.Id, item.State, item.Bill, item.Amount, item.MaskedPan, null, null, default,
                default, null, item.ResponseCode, item.Reason, null, null, null)
            : AttemptRow.Read(row);
}
