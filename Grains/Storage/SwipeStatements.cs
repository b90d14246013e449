using Lakala.Bills;
using Lakala.Grains.Bills;
using Lakala.Grains.Notices;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Grains.Storage;

/// <summary>C1: one run of a handler wants to start an attempt.</summary>
/// <param name="Id">Random, made by this run; only who finds SENT with its own id may call the bank.</param>
/// <param name="TraceId">32 hex digits; null when nobody traces it.</param>
public sealed record StartAttempt(
    Guid Id, SwipeKey Key, long Rrn, long Bill, Money Amount, string MaskedPan, string Store, string? TraceId = null);

/// <summary>How C1 ended for one command.</summary>
public abstract record StartOutcome
{
    private StartOutcome()
    {
    }

    /// <summary>SENT under our id, the bill PAYING: durable. The bank may be called.</summary>
    /// <param name="Bill">The bill, now PAYING.</param>
    /// <param name="StartedAt">As stored: the bank is told the same time now and in a reversal.</param>
    public sealed record Started(BillRow Bill, Rates Rates, DateTimeOffset StartedAt) : StartOutcome;

    public sealed record KeyKnown(AttemptRow Row) : StartOutcome;

    /// <summary>Nothing was stored. The bill, where there is one, is as the guard saw it.</summary>
    public sealed record Refused(Refusal Reason, BillRow? Bill) : StartOutcome;
}

/// <summary>
/// C1 over a batch. Bills are locked in number order, then keys are inserted in key order, so that no two batches wait
/// for each other crosswise. The bill moves only from what was inserted: the key's row decides.
/// </summary>
/// <remarks>"not in" asks a hash table; "in" would become a join, which without hash joins compares everything with everything.
/// "unnest" fills up with nulls what is shorter: the trace ids of a batch that nobody traces are no array of nulls but an empty one.</remarks>
public sealed class StartAttempts(TimeSpan commitDeadline) : BatchStatement<StartAttempt, StartOutcome>
{
    private const int BillAt = 7;
    private const int AttemptAt = BillAt + BillStore.BillColumnCount;

    private static readonly string BillOfLocked = BillStore.BillColumns.Replace("m.name", "b.merchant_name", StringComparison.Ordinal);
    private const string LockedWithPayment = "locked b left join attempts p on p.rrn = b.paid_rrn";

    public override string Name => "start_attempts";

    public override string Sql { get; } =
        $"""
        with input as materialized (
          select *, coalesce((select true from batches c where c.terminal_id = t.terminal_id and c.batch = t.batch), false) as is_batch_closed
          from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::text[],
                               $12::uuid[])
            with ordinality as t(id, terminal_id, batch, stan, rrn, bill, amount, currency, masked_pan, store_id, trace_id, ord)
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
                 b.fee_basis_points, b.commission_percent, statement_timestamp(), clock_timestamp() + $11, b.trace_id
          from locked b
          where b.state = 'OPEN' and (b.expires_at > clock_timestamp() or b.held_until > clock_timestamp())
            and b.asked = b.amount and b.asked_currency = b.currency and b.commission_percent is not null and not b.is_batch_closed
          order by b.terminal_id, b.batch, b.stan
          on conflict do nothing
          returning id, bill
        ), paying as (
          update bills b set state = 'PAYING' from started s where b.number = s.bill
        )
        select b.ord, true, b.fee_basis_points, b.commission_percent, clock_timestamp(), statement_timestamp(), false, {BillOfLocked}, {AttemptRow.NoColumns}
        from {LockedWithPayment}
        where not (b.id not in (select id from started))
        union all
        select b.ord, false, null, null, clock_timestamp(), null, b.is_batch_closed, {BillOfLocked}, k.*
        from {LockedWithPayment}
        left join lateral (select {AttemptRow.Columns} from {AttemptRow.From}
          where a.terminal_id = b.terminal_id and a.batch = b.batch and a.stan = b.stan) k on true
        where b.id not in (select id from started)
        union all
        select i.ord, false, null, null, clock_timestamp(), null, i.is_batch_closed, {BillStore.NoBillColumns}, k.*
        from input i
        left join lateral (select {AttemptRow.Columns} from {AttemptRow.From}
          where a.terminal_id = i.terminal_id and a.batch = i.batch and a.stan = i.stan) k on true
        where i.bill not in (select number from locked)
        """;

    public override IEnumerable<NpgsqlParameter> Parameters() =>
    [
        new NpgsqlParameter<Guid[]>(), new NpgsqlParameter<string[]>(), new NpgsqlParameter<int[]>(), new NpgsqlParameter<int[]>(),
        new NpgsqlParameter<long[]>(), new NpgsqlParameter<long[]>(), new NpgsqlParameter<long[]>(), new NpgsqlParameter<string[]>(),
        new NpgsqlParameter<string[]>(), new NpgsqlParameter<string[]>(), new NpgsqlParameter<TimeSpan> { TypedValue = commitDeadline },
        new NpgsqlParameter<Guid?[]>(),
    ];

    public override void Bind(NpgsqlParameterCollection parameters, ReadOnlySpan<StartAttempt> batch)
    {
        Set(parameters, 0, Column(batch, static c => c.Id));
        Set(parameters, 1, Column(batch, static c => c.Key.Terminal));
        Set(parameters, 2, Column(batch, static c => c.Key.Batch));
        Set(parameters, 3, Column(batch, static c => c.Key.Stan));
        Set(parameters, 4, Column(batch, static c => c.Rrn));
        Set(parameters, 5, Column(batch, static c => c.Bill));
        Set(parameters, 6, Column(batch, static c => c.Amount.Minor));
        Set(parameters, 7, Column(batch, static c => c.Amount.Currency));
        Set(parameters, 8, Column(batch, static c => c.MaskedPan));
        Set(parameters, 9, Column(batch, static c => c.Store));
        Set(parameters, 11, IsTraced(batch) ? Column(batch, static c => c.TraceId is { } id ? Guid.ParseExact(id, "N") : (Guid?)null) : []);
    }

    private static bool IsTraced(ReadOnlySpan<StartAttempt> batch)
    {
        foreach (var command in batch)
        {
            if (command.TraceId is not null)
            {
                return true;
            }
        }

        return false;
    }

    public override StartOutcome? Read(NpgsqlDataReader row, StartAttempt command)
    {
        var bill = BillStore.ReadBill(row, BillAt);
        if (row.GetBoolean(1))
        {
            return new StartOutcome.Started(
                bill! with { Bill = bill.Bill.Apply(new BillEvent.PaymentStarted()) },
                new Rates(row.GetInt32(2), row.GetInt32(3)),
                row.GetFieldValue<DateTimeOffset>(5));
        }

        if (AttemptRow.Read(row, AttemptAt) is { } known)
        {
            // Our own id: the commit whose outcome was unknown had happened.
            return known.Id == command.Id && known.State == AttemptState.Sent && bill is not null
                ? new StartOutcome.Started(bill, known.Rates, known.StartedAt)
                : new StartOutcome.KeyKnown(known);
        }

        if (row.GetBoolean(6))
        {
            return new StartOutcome.Refused(Refusal.BatchClosed, bill);
        }

        if (bill is null)
        {
            return new StartOutcome.Refused(Refusal.BillUnknown, null);
        }

        // No row was inserted and yet nothing speaks against it: another session is just deciding. Run again.
        var decision = bill.Bill.Decide(new BillCommand.StartPayment(command.Amount), row.GetFieldValue<DateTimeOffset>(4));
        return decision.Refusal is { } reason ? new StartOutcome.Refused(reason, bill) : null;
    }
}

/// <summary>C2, and every other way out of SENT, in one commit with all that follows from it.</summary>
/// <param name="Paid">Set exactly when the move is to APPROVED.</param>
public sealed record FinishAttempt(SwipeKey Key, Guid Id, long Bill, AttemptMove Move, DateTimeOffset At, PaidFacts? Paid);

/// <param name="EventData">The bill as the notices show it, PAID.</param>
/// <param name="Receivers">How the shopper is told, apart by a space.</param>
public sealed record PaidFacts(Guid EventId, string MerchantId, string EventData, string Receivers, Shares Shares);

/// <param name="Found">Null when the attempt moved. Else it was not SENT under this id any more, or an approval came past
/// the deadline: then this is the attempt as the statement found it.</param>
public sealed record FinishOutcome(AttemptRow? Found)
{
    public static readonly FinishOutcome HasMoved = new((AttemptRow?)null);

    public bool Moved => Found is null;
}

/// <summary>
/// Moves attempts out of SENT and their bills out of PAYING in one commit. An approval brings its postings, its event and
/// its deliveries; REVERSING brings its entry in the reversal queue.
/// </summary>
/// <remarks>The state asked for comes with the input: written out, it would lead the planner to the small index of what is SENT, and
/// from there to compare everything with everything.</remarks>
public sealed class FinishAttempts : BatchStatement<FinishAttempt, FinishOutcome>
{
    public override string Name => "finish_attempts";

    public override string Sql { get; } =
        $"""
        with input as materialized (
          select *, 'SENT' as from_state
          from unnest($1::text[], $2::int[], $3::int[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::smallint[], $9::text[],
                               $10::timestamptz[], $11::date[], $12::uuid[], $13::text[], $14::text[], $15::text[], $16::bigint[], $17::bigint[],
                               $18::bigint[])
            with ordinality as t(terminal_id, batch, stan, id, bill, to_state, response_code, reason, authorisation_code,
                                 at, business_date, event_id, merchant_id, event_data, receivers, merchant_share, store_share, platform_share, ord)
        ), locked as materialized (
          select b.number from input i join bills b on b.number = i.bill order by b.number for no key update of b
        ), moved as materialized (
          update attempts a
          set state = i.to_state, response_code = i.response_code, reason = i.reason, authorisation_code = i.authorisation_code, settled_at = i.at
          from input i
          where (select count(*) from locked) > 0
            and a.terminal_id = i.terminal_id and a.batch = i.batch and a.stan = i.stan and a.id = i.id and a.bill = i.bill and a.state = i.from_state
            and (i.to_state <> 'APPROVED' or a.deadline > clock_timestamp())
          returning i.*, a.amount, a.currency, a.rrn, a.store_id, a.started_at
        ), bills_moved as (
          update bills b
          set state = case m.to_state when 'APPROVED' then 'PAID' else 'OPEN' end,
              paid_rrn = case m.to_state when 'APPROVED' then m.rrn end,
              closed_at = case m.to_state when 'APPROVED' then m.at end
          from moved m where b.number = m.bill and b.state = 'PAYING'
        ), posted as (
          insert into postings (rrn, line, account, amount, currency, business_date)
          select m.rrn, l.line, l.account, l.amount, m.currency, m.business_date
          from moved m cross join lateral (values
            (1, '{Postings.BankClearing}', m.amount),
            (2, '{Postings.Merchant("")}' || m.merchant_id, -m.merchant_share),
            (3, '{Postings.Store("")}' || m.store_id, -m.store_share),
            (4, '{Postings.Platform}', -m.platform_share)) as l(line, account, amount)
          where m.to_state = 'APPROVED' and l.amount <> 0
        ), evented as (
          insert into events (merchant_id, id, type, bill, created_at, data)
          select m.merchant_id, m.event_id, '{EventTypes.Paid}', m.bill, m.at, m.event_data from moved m where m.to_state = 'APPROVED'
        ), delivered as (
          insert into deliveries (event_id, receiver, merchant_id, due_at)
          select m.event_id, r.receiver, m.merchant_id, m.at
          from moved m cross join lateral {NoticeStore.ReceiversOf("m")} as r(receiver)
          where m.to_state = 'APPROVED'
        ), reversing as (
          insert into reversals (rrn, terminal_id, stan, store_id, amount, currency, started_at)
          select m.rrn, m.terminal_id, m.stan, m.store_id, m.amount, m.currency, m.started_at from moved m where m.to_state = 'REVERSING'
        )
        select m.ord, true, {AttemptRow.NoColumns} from moved m
        union all
        select i.ord, false, k.*
        from input i
        cross join lateral (select {AttemptRow.Columns} from {AttemptRow.From}
          where a.terminal_id = i.terminal_id and a.batch = i.batch and a.stan = i.stan) k
        where i.ord not in (select ord from moved)
        """;

    public override IEnumerable<NpgsqlParameter> Parameters() =>
    [
        new NpgsqlParameter<string[]>(), new NpgsqlParameter<int[]>(), new NpgsqlParameter<int[]>(), new NpgsqlParameter<Guid[]>(),
        new NpgsqlParameter<long[]>(), new NpgsqlParameter<string[]>(), new NpgsqlParameter<string?[]>(), new NpgsqlParameter<short?[]>(),
        new NpgsqlParameter<string?[]>(), new NpgsqlParameter<DateTimeOffset[]>(), new NpgsqlParameter<DateOnly[]>(), new NpgsqlParameter<Guid?[]>(),
        new NpgsqlParameter<string?[]>(), new NpgsqlParameter<string?[]>(), new NpgsqlParameter<string?[]>(), new NpgsqlParameter<long[]>(),
        new NpgsqlParameter<long[]>(), new NpgsqlParameter<long[]>(),
    ];

    public override void Bind(NpgsqlParameterCollection parameters, ReadOnlySpan<FinishAttempt> batch)
    {
        Set(parameters, 0, Column(batch, static c => c.Key.Terminal));
        Set(parameters, 1, Column(batch, static c => c.Key.Batch));
        Set(parameters, 2, Column(batch, static c => c.Key.Stan));
        Set(parameters, 3, Column(batch, static c => c.Id));
        Set(parameters, 4, Column(batch, static c => c.Bill));
        Set(parameters, 5, Column(batch, static c => StateNames.Of(c.Move.To)));
        Set(parameters, 6, Column(batch, static c => c.Move.ResponseCode));
        Set(parameters, 7, Column(batch, static c => (short?)c.Move.Reason));
        Set(parameters, 8, Column(batch, static c => c.Move.AuthorisationCode));
        Set(parameters, 9, Column(batch, static c => c.At));
        Set(parameters, 10, Column(batch, static c => BeijingTime.BusinessDate(c.At)));
        Set(parameters, 11, Column(batch, static c => c.Paid?.EventId));
        Set(parameters, 12, Column(batch, static c => c.Paid?.MerchantId));
        Set(parameters, 13, Column(batch, static c => c.Paid?.EventData));
        Set(parameters, 14, Column(batch, static c => c.Paid?.Receivers));
        Set(parameters, 15, Column(batch, static c => c.Paid?.Shares.Merchant ?? 0));
        Set(parameters, 16, Column(batch, static c => c.Paid?.Shares.Store ?? 0));
        Set(parameters, 17, Column(batch, static c => c.Paid?.Shares.Platform ?? 0));
    }

    public override FinishOutcome? Read(NpgsqlDataReader row, FinishAttempt command)
    {
        if (row.GetBoolean(1))
        {
            return FinishOutcome.HasMoved;
        }

        // Only an approval may find its attempt SENT and not move it. Anybody else has met one who moved it in this batch, or
        // since the statement began: what it sees is no longer so. Run again.
        var found = AttemptRow.Read(row, 2)!;
        return found.State == AttemptState.Sent && found.Id == command.Id && command.Move.To != AttemptState.Approved
            ? null
            : new FinishOutcome(found);
    }
}

/// <summary>A final answer under a key that never became an attempt: REFUSED, or VOID for a key that was never seen.</summary>
public sealed record CloseKey(Guid Id, SwipeKey Key, AttemptState State, string ResponseCode, Refusal? Reason, long? Bill, Money? Amount, string? MaskedPan);

/// <summary>Insert or nothing: the row that is found under the key is its answer.</summary>
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
