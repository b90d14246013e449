using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Notices;

/// <summary>The outcome of one try.</summary>
/// <param name="Tries">The number of the claimed try: an earlier try than the latest records nothing.</param>
/// <param name="RetryIn">Set exactly when there is a further try.</param>
/// <param name="IsUncertain">True: the receiver may have the notice although the try failed.</param>
public sealed record TriedNotice(
    Guid EventId, string Receiver, int Tries, string State, TimeSpan? RetryIn, int? Status, string? Error, bool IsUncertain = false);

public sealed record NoticeRecorded(bool Done);

/// <summary>Records tries; one whose lease has ended, and that another silo has claimed, changes nothing.</summary>
public sealed class RecordNotices : BatchStatement<TriedNotice, NoticeRecorded>
{
    public override string Name => "record_notices";

    public override string Sql =>
        """
        with input as materialized (
          select * from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::interval[], $6::int[], $7::text[], $8::bool[])
            with ordinality as t(event_id, receiver, tries, state, retry_in, status, error, is_uncertain, ord)
        ), locked as materialized (
          select d.event_id, d.receiver
          from input i join deliveries d on d.event_id = i.event_id and d.receiver = i.receiver
          order by d.event_id, d.receiver for no key update of d
        ), recorded as (
          update deliveries d
          set state = i.state, due_at = coalesce(clock_timestamp() + i.retry_in, d.due_at), last_status = i.status, last_error = i.error,
              was_uncertain = d.was_uncertain or i.is_uncertain,
              finished_at = case when i.state <> 'PENDING' then clock_timestamp() end
          from input i
          where (select count(*) from locked) > 0
            and d.event_id = i.event_id and d.receiver = i.receiver and d.state = 'PENDING' and d.tries = i.tries
          returning i.ord
        )
        select i.ord, i.ord in (select ord from recorded) from input i
        """;

    public override IEnumerable<NpgsqlParameter> Parameters() =>
    [
        new NpgsqlParameter<Guid[]>(), new NpgsqlParameter<string[]>(), new NpgsqlParameter<int[]>(), new NpgsqlParameter<string[]>(),
        new NpgsqlParameter<TimeSpan?[]>(), new NpgsqlParameter<int?[]>(), new NpgsqlParameter<string?[]>(), new NpgsqlParameter<bool[]>(),
    ];

    public override void Bind(NpgsqlParameterCollection parameters, ReadOnlySpan<TriedNotice> batch)
    {
        Set(parameters, 0, Column(batch, static t => t.EventId));
        Set(parameters, 1, Column(batch, static t => t.Receiver));
        Set(parameters, 2, Column(batch, static t => t.Tries));
        Set(parameters, 3, Column(batch, static t => t.State));
        Set(parameters, 4, Column(batch, static t => t.RetryIn));
        Set(parameters, 5, Column(batch, static t => t.Status));
        Set(parameters, 6, Column(batch, static t => t.Error));
        Set(parameters, 7, Column(batch, static t => t.IsUncertain));
    }

    public override NoticeRecorded Read(NpgsqlDataReader row, TriedNotice command) => new(row.GetBoolean(1));
}
