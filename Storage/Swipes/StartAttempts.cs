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
/// C1 over a batch. Bills are locked in the order of their numbers, then keys are inserted in their order, so that two
/// batches cannot deadlock. A bill moves only with an inserted row: the key's row decides.
/// </summary>
/// <remarks>"not in" uses a hash table; "in" would become a join, which without hash joins compares all rows with all.</remarks>
public sealed class StartAttempts(TimeSpan commitDeadline) : BatchStatement<StartAttempt, StartOutcome>
{
    private static readonly string BillOfLocked = BillRows.Columns.Replace("m.name", "b.merchant_name", StringComparison.Ordinal);
    private const string LockedWithPayment = "locked b left join attempts p on p.rrn = b.paid_rrn";

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
        with input as materialized (
          select *, coalesce((select true from batches c where c.terminal_id = i.terminal_id and c.batch = i.batch), false) as is_batch_closed
          from {Input.Rows}
        ), locked as materialized (
          select i.ord, i.id, i.terminal_id, i.batch, i.stan, i.rrn, i.masked_pan, i.store_id, i.trace_id, i.is_batch_closed,
                 i.amount as asked, i.currency as asked_currency, b.*, m.name as merchant_name, m.fee_basis_points, s.commission_percent
          from input i join bills b on b.number = i.bill join merchants m on m.id = b.merchant_id left join stores s on s.id = i.store_id
          order by b.number
          for no key update of b
        ), started as (
          insert into attempts (terminal_id, batch, stan, id, state, bill, amount, currency, masked_pan, store_id, rrn,
                                fee_basis_points, commission_percent, started_at, deadline, trace_id)
          select b.terminal_id, b.batch, b.stan, b.id, 'SENT', b.number, b.amount, b.currency, b.masked_pan, b.store_id, b.rrn,
                 b.fee_basis_points, b.commission_percent, statement_timestamp(), clock_timestamp() + {Input["commit_deadline"]}, b.trace_id
          from locked b
          where b.state = 'OPEN' and (b.expires_at > clock_timestamp() or b.held_until > clock_timestamp())
            and b.asked = b.amount and b.asked_currency = b.currency and b.commission_percent is not null and not b.is_batch_closed
          order by b.terminal_id, b.batch, b.stan
          on conflict do nothing
          returning id, bill
        ), paying as (
          update bills b set state = 'PAYING' from started s where b.number = s.bill
        )
        select b.ord, true as is_started, b.fee_basis_points as new_fee_basis_points, b.commission_percent as new_commission_percent,
               clock_timestamp() as as_of, statement_timestamp() as new_started_at, false as is_batch_closed,
               {BillOfLocked}, {NamedColumns.WriteNulls(AttemptRow.Columns)}
        from {LockedWithPayment}
        where not (b.id not in (select id from started))
        union all
        select b.ord, false, null, null, clock_timestamp(), null, b.is_batch_closed, {BillOfLocked}, k.*
        from {LockedWithPayment}
        left join lateral (select {AttemptRow.Columns} from {AttemptRow.From}
          where a.terminal_id = b.terminal_id and a.batch = b.batch and a.stan = b.stan) k on true
        where b.id not in (select id from started)
        union all
        select i.ord, false, null, null, clock_timestamp(), null, i.is_batch_closed, {NamedColumns.WriteNulls(BillRows.Columns)}, k.*
        from input i
        left join lateral (select {AttemptRow.Columns} from {AttemptRow.From}
          where a.terminal_id = i.terminal_id and a.batch = i.batch and a.stan = i.stan) k on true
        where i.bill not in (select number from locked)
        """;

    public override StartOutcome? Read(NpgsqlDataReader row, StartAttempt item)
    {
        var bill = BillRows.Read(row);
        if (row.Get<bool>("is_started"))
        {
            return new StartOutcome.Started(
                bill! with { Bill = bill.Bill.Apply(new BillEvent.PaymentStarted()) },
                new Rates(row.Get<int>("new_fee_basis_points"), row.Get<int>("new_commission_percent")),
                row.Get<DateTimeOffset>("new_started_at"));
        }

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

        // No row was inserted although the rules allow it: another session is deciding. Run again.
        var decision = bill.Bill.Decide(new BillStep.StartPayment(item.Amount), row.Get<DateTimeOffset>("as_of"));
        return decision.Refusal is { } reason ? new StartOutcome.Refused(reason, bill) : null;
    }
}
