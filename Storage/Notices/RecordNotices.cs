using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Notices;

/// <summary>The outcome of one try.</summary>
/// <param name="Tries">The number of the claimed try: an earlier try than the latest records nothing.</param>
/// <param name="RetryIn">Set exactly when there is a further try.</param>
/// <param name="IsUncertain">True: the receiver may have the notice although the try failed.</param>
public sealed record TriedNotice(
    Guid EventId, string Receiver, int Tries, DeliveryState State, TimeSpan? RetryIn, int? Status, string? Error, bool IsUncertain = false);

public sealed record NoticeRecorded(bool Done);

/// <summary>Records tries; one whose lease has ended, and that another silo has claimed, changes nothing.</summary>
public sealed class RecordNotices : BatchStatement<TriedNotice, NoticeRecorded>
{
    public override string Name => "record_notices";

    public override BatchInput<TriedNotice> Input { get; } = new BatchInput<TriedNotice>()
        .Column("event_id", "uuid", static t => t.EventId)
        .Column("receiver", "text", static t => t.Receiver)
        .Column("tries", "int", static t => t.Tries)
        .Column("state", "text", static t => StateNames.Format(t.State))
        .Column("retry_in", "interval", static t => t.RetryIn)
        .Column("status", "int", static t => t.Status)
        .Column("error", "text", static t => t.Error)
        .Column("is_uncertain", "bool", static t => t.IsUncertain);

    public override string Sql =>
        $"""
        with input as materialized (
          select * from {Input.Rows}
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
        select i.ord, i.ord in (select ord from recorded) as is_done from input i
        """;

    public override NoticeRecorded Read(NpgsqlDataReader row, TriedNotice item) => new(row.Get<bool>("is_done"));
}
