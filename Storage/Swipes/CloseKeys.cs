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

    public override string Sql { get; } =
        $"""
        with input as materialized (
          select * from unnest($1::text[], $2::int[], $3::int[], $4::uuid[], $5::text[], $6::text[], $7::smallint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[])
            with ordinality as t(terminal_id, batch, stan, id, state, response_code, reason, bill, amount, currency, masked_pan, ord)
        ), closed as (
          insert into attempts (terminal_id, batch, stan, id, state, response_code, reason, bill, amount, currency, masked_pan, settled_at)
          select terminal_id, batch, stan, id, state, response_code, reason, bill, amount, currency, masked_pan, clock_timestamp()
          from input order by terminal_id, batch, stan
          on conflict do nothing
          returning id
        )
        select i.ord, i.id in (select id from closed), k.*
        from input i
        left join lateral (select {AttemptRow.Columns} from {AttemptRow.From}
          where a.terminal_id = i.terminal_id and a.batch = i.batch and a.stan = i.stan) k on true
        """;

    public override IEnumerable<NpgsqlParameter> Parameters() =>
    [
        new NpgsqlParameter<string[]>(), new NpgsqlParameter<int[]>(), new NpgsqlParameter<int[]>(), new NpgsqlParameter<Guid[]>(),
        new NpgsqlParameter<string[]>(), new NpgsqlParameter<string[]>(), new NpgsqlParameter<short?[]>(), new NpgsqlParameter<long?[]>(),
        new NpgsqlParameter<long?[]>(), new NpgsqlParameter<string?[]>(), new NpgsqlParameter<string?[]>(),
    ];

    public override void Bind(NpgsqlParameterCollection parameters, ReadOnlySpan<CloseKey> batch)
    {
        Set(parameters, 0, Column(batch, static c => c.Key.Terminal));
        Set(parameters, 1, Column(batch, static c => c.Key.Batch));
        Set(parameters, 2, Column(batch, static c => c.Key.Stan));
        Set(parameters, 3, Column(batch, static c => c.Id));
        Set(parameters, 4, Column(batch, static c => StateNames.Of(c.State)));
        Set(parameters, 5, Column(batch, static c => c.ResponseCode));
        Set(parameters, 6, Column(batch, static c => (short?)c.Reason));
        Set(parameters, 7, Column(batch, static c => c.Bill));
        Set(parameters, 8, Column(batch, static c => c.Amount?.Minor));
        Set(parameters, 9, Column(batch, static c => c.Amount?.Currency));
        Set(parameters, 10, Column(batch, static c => c.MaskedPan));
    }

    public override AttemptRow? Read(NpgsqlDataReader row, CloseKey command) =>
        row.GetBoolean(1)
            ? new AttemptRow(command.Key, command.Id, command.State, command.Bill, command.Amount, command.MaskedPan, null, null, default,
                default, null, command.ResponseCode, command.Reason, null, null, null)
            : AttemptRow.Read(row, 2);
}
