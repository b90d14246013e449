using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Swipes;

/// <summary>C1: starts an attempt for one run of a handler.</summary>
/// <param name="Id">Random, made by this run; only a run that finds SENT with its own id may call the bank.</param>
/// <param name="TraceId">32 hex digits; null when it is not traced.</param>
public sealed record StartAttempt(
    Guid Id, SwipeKey Key, long Rrn, long Bill, Money Amount, string MaskedPan, string Store, string? TraceId = null);

/// <summary>The outcome of C1 for one item.</summary>
public abstract record StartOutcome
{
    private StartOutcome()
    {
    }

    /// <summary>SENT under our id, the bill PAYING: durable. The bank may be called.</summary>
    /// <param name="Bill">The bill, now PAYING.</param>
    /// <param name="StartedAt">The stored time: the bank gets the same time now and in a reversal.</param>
    public sealed record Started(BillRow Bill, Rates Rates, DateTimeOffset StartedAt) : StartOutcome;

    public sealed record KeyKnown(AttemptRow Row) : StartOutcome;

    /// <summary>Nothing was stored. The bill, if there is one, is as the guard read it.</summary>
    public sealed record Refused(Refusal Reason, BillRow? Bill) : StartOutcome;
}

/// <summary>
/// C1 over a batch. The guarded update of a bill is its lock, in the order of the bills' numbers, so that two batches do not deadlock. The
/// attempt is inserted under its key in the same commit: if another session has inserted the key meanwhile, all is rolled back and the
/// items run again.
/// </summary>
/// <remarks>The merchant is read afterwards: while the planner believes that there are few bills, it would find them by their merchant.</remarks>
public sealed class StartAttempts(TimeSpan commitDeadline) : BatchStatement<StartAttempt, StartOutcome>
{
    public override string Name => "start_attempts";

    public override BatchInput<StartAttempt> Input { get; } = new BatchInput<StartAttempt>()
        .Column("id", "uuid", static c => c.Id)
        .Column("terminal_id", "text", static c => c.Key.Terminal)
        .Column("batch", "int", static c => c.Key.Batch)
        .Column("stan", "int", static c => c.Key.Stan)
        .Column("rrn", "bigint", static c => c.Rrn)
        .Column("bill", "bigint", static c => c.Bill)
        .Column("amount", "bigint", static c => c.Amount.Minor)
        .Column("currency", "text", static c => c.Amount.Currency)
        .Column("masked_pan", "text", static c => c.MaskedPan)
        .Column("store_id", "text", static c => c.Store)
        .SparseColumn("trace_id", "uuid", static c => c.TraceId is { } id ? Guid.ParseExact(id, "N") : (Guid?)null)
        .Constant("commit_deadline", commitDeadline);

    public override string Sql =>
        $"""
        with keys as (
          select distinct on (terminal_id, batch, stan) * from {Input.Rows} order by terminal_id, batch, stan, ord
        ), input as materialized (
          select * from keys order by bill
        ), paying as (
          update bills b set state = 'PAYING'
          from input i join stores s on s.id = i.store_id
          where b.number = i.bill
            and b.state = 'OPEN' and (b.expires_at > clock_timestamp() or b.held_until > clock_timestamp())
            and b.amount = i.amount and b.currency = i.currency
            and not exists (select from batches c where c.terminal_id = i.terminal_id and c.batch = i.batch)
            and not exists (select from attempts a where a.terminal_id = i.terminal_id and a.batch = i.batch and a.stan = i.stan)
          returning i.ord, i.id, i.terminal_id, i.batch, i.stan, i.rrn, i.masked_pan, i.store_id, i.trace_id, s.commission_percent, b.*
        ), priced as materialized (
          select b.ord, b.id, b.terminal_id, b.batch, b.stan, b.rrn, b.masked_pan, b.store_id, b.trace_id, b.commission_percent,
                 m.fee_basis_points, {BillRows.OwnColumns}
          from paying b join merchants m on m.id = b.merchant_id
        ), started as (
          insert into attempts (terminal_id, batch, stan, id, state, bill, amount, currency, masked_pan, store_id, rrn,
                                fee_basis_points, commission_percent, started_at, deadline, trace_id)
          select terminal_id, batch, stan, id, 'SENT', number, amount, currency, masked_pan, store_id, rrn,
                 fee_basis_points, commission_percent, statement_timestamp(), clock_timestamp() + {Input["commit_deadline"]}, trace_id
          from priced
        )
        select ord, fee_basis_points, commission_percent, statement_timestamp() as started_at, {NamedColumns.Names(BillRows.OwnColumns)} from priced
        """;

    public override string LosersSql =>
        $"""
        select i.ord, clock_timestamp() as as_of, b.*, k.*,
               exists (select from batches c where c.terminal_id = i.terminal_id and c.batch = i.batch) as is_batch_closed
        from {Input.Rows}
        left join lateral (select {BillRows.Columns} from {BillRows.From} where b.number = i.bill) b on true
        left join lateral (select {AttemptRow.Columns} from {AttemptRow.From}
          where a.terminal_id = i.terminal_id and a.batch = i.batch and a.stan = i.stan) k on true
        """;

    public override StartOutcome Read(NpgsqlDataReader row, StartAttempt item) => new StartOutcome.Started(
        BillRows.ReadUnpaid(row),
        new Rates(row.Get<int>("fee_basis_points"), row.Get<int>("commission_percent")),
        row.Get<DateTimeOffset>("started_at"));

    public override StartOutcome? ReadLoser(NpgsqlDataReader row, StartAttempt item)
    {
        var bill = BillRows.Read(row);
        if (AttemptRow.Read(row) is { } known)
        {
            // Our own id: the commit with the unknown outcome was made.
            return known.Id == item.Id && known.State == AttemptState.Sent && bill is not null
                ? new StartOutcome.Started(bill, known.Rates, known.StartedAt)
                : new StartOutcome.KeyKnown(known);
        }

        if (row.Get<bool>("is_batch_closed"))
        {
            return new StartOutcome.Refused(Refusal.BatchClosed, bill);
        }

        if (bill is null)
        {
            return new StartOutcome.Refused(Refusal.BillUnknown, null);
        }

        // It lost to what is over by now: run again.
        var decision = bill.Bill.Decide(new BillStep.StartPayment(item.Amount), row.Get<DateTimeOffset>("as_of"));
        return decision.Refusal is { } reason ? new StartOutcome.Refused(reason, bill) : null;
    }
}
