using Lakala.Rules.Attempts;
using Lakala.Rules.Ledger;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Swipes;

/// <summary>C2, and every other move out of SENT, in one commit with all its consequences.</summary>
/// <param name="Paid">Set exactly when the move is to APPROVED.</param>
public sealed record FinishAttempt(SwipeKey Key, Guid Id, long Bill, AttemptMove Move, DateTimeOffset At, PaidFacts? Paid);

/// <param name="EventData">The PAID bill in the form of the notices.</param>
/// <param name="Receivers">Of the shopper.</param>
/// <param name="Entry">Its first line is the debit of the attempt's amount.</param>
/// <param name="Trade">Of an escrow bill: the trade that begins.</param>
public sealed record PaidFacts(
    Guid EventId, string MerchantId, string EventData, IReadOnlyList<string> Receivers, Entry Entry, Trade? Trade = null);

/// <param name="Found">Null when the attempt moved. Otherwise it was no longer SENT under this id, or an approval came after
/// the deadline: then this is the attempt as the statement found it.</param>
public sealed record FinishOutcome(AttemptRow? Found)
{
    public static readonly FinishOutcome HasMoved = new((AttemptRow?)null);

    public bool Moved => Found is null;
}

/// <summary>
/// Moves attempts out of SENT and their bills out of PAYING in one commit. An approval brings its entry, its event, its
/// deliveries and the trade of an escrow bill; REVERSING brings its entry in the reversal queue.
/// </summary>
/// <remarks>
/// The guarded update of an attempt is its lock, in the order of the bills' numbers, and its bill moves with it. An attempt that moved
/// without its bill would be half a payment: the statement then fails (division by zero), nothing is stored, and the items run again.
/// The expected state is a parameter: as a constant it would make the planner use the small index of SENT attempts, and compare all rows
/// with all.
/// </remarks>
public sealed class FinishAttempts : BatchStatement<FinishAttempt, FinishOutcome>
{
    public override string Name => "finish_attempts";

    private readonly AccountNumbers _accounts = new();

    public FinishAttempts() => Input = new BatchInput<FinishAttempt>()
        .Column("terminal_id", "text", static c => c.Key.Terminal)
        .Column("batch", "int", static c => c.Key.Batch)
        .Column("stan", "int", static c => c.Key.Stan)
        .Column("id", "uuid", static c => c.Id)
        .Column("bill", "bigint", static c => c.Bill)
        .Column("to_state", "text", static c => StateNames.Format(c.Move.To))
        .Column("response_code", "text", static c => c.Move.ResponseCode)
        .Column("reason", "smallint", static c => (short?)c.Move.Reason)
        .Column("authorisation_code", "text", static c => c.Move.AuthorisationCode)
        .Column("at", "timestamptz", static c => c.At)
        .Column("business_date", "date", static c => BeijingTime.BusinessDate(c.At))
        .Column("event_id", "uuid", static c => c.Paid?.EventId)
        .Column("merchant_id", "text", static c => c.Paid?.MerchantId)
        .Column("event_data", "text", static c => c.Paid?.EventData)
        .TextsColumn("receivers", static c => c.Paid?.Receivers)
        .Lines(static c => c.Paid?.Entry, _accounts)
        .SparseColumn("ship_by", "timestamptz", static c => c.Paid?.Trade?.DueAt);

    public override BatchInput<FinishAttempt> Input { get; }

    public override string Sql =>
        $"""
        with input as materialized (
          select *, 'SENT' as from_state from {Input.Rows} order by bill
        ), moved as (
          update attempts a
          set state = i.to_state, response_code = i.response_code, reason = i.reason, authorisation_code = i.authorisation_code, settled_at = i.at
          from input i
          where a.terminal_id = i.terminal_id and a.batch = i.batch and a.stan = i.stan and a.id = i.id and a.bill = i.bill and a.state = i.from_state
            and (i.to_state <> 'APPROVED' or (a.deadline > clock_timestamp() and a.amount = i.amount_1))
          returning i.*, a.amount, a.currency, a.rrn, a.store_id, a.started_at
        ), bills_moved as (
          update bills b
          set state = case m.to_state when 'APPROVED' then 'PAID' else 'OPEN' end,
              paid_rrn = case m.to_state when 'APPROVED' then m.rrn end,
              closed_at = case m.to_state when 'APPROVED' then m.at end
          from moved m
          where b.number = m.bill and b.state = 'PAYING'
          returning m.ord
        ), posted as (
          insert into payment_entries (kind, number, subject, business_date, at, xact, {LineColumns.Names})
          select '{StateNames.Format(EntryKind.Payment)}', m.rrn, m.rrn, m.business_date, m.at, txid_current(), {LineColumns.Names}
          from moved m where m.to_state = 'APPROVED'
        ), evented as (
          insert into events (merchant_id, id, type, bill, created_at, data)
          select m.merchant_id, m.event_id, '{EventTypes.Paid}', m.bill, m.at, m.event_data from moved m where m.to_state = 'APPROVED'
        ), delivered as (
          insert into deliveries (event_id, receiver, merchant_id, due_at)
          {BillReceivers.Select("moved m", "m.event_id", "m.at", "m.to_state = 'APPROVED'")}
        ), held as (
          insert into trades (bill, merchant_id, held, since, due_at)
          select m.bill, m.merchant_id, m.amount, m.at, m.ship_by from moved m where m.to_state = 'APPROVED' and m.ship_by is not null
        ), reversing as (
          insert into reversals (rrn, terminal_id, stan, store_id, amount, currency, started_at)
          select m.rrn, m.terminal_id, m.stan, m.store_id, m.amount, m.currency, m.started_at from moved m where m.to_state = 'REVERSING'
        )
        select ord from moved where 1 / ((select count(*) from moved) = (select count(*) from bills_moved))::int = 1
        """;

    public override string LosersSql =>
        $"""
        select i.ord, {AttemptRow.Columns}
        from {Input.Rows}
        join ({AttemptRow.From}) on a.terminal_id = i.terminal_id and a.batch = i.batch and a.stan = i.stan
        """;

    public override ValueTask Prepare(NpgsqlConnection connection, IReadOnlyList<FinishAttempt> items) =>
        _accounts.Find(connection, [.. items.Select(static item => item.Paid?.Entry).OfType<Entry>()]);

    public override FinishOutcome Read(NpgsqlDataReader row, FinishAttempt item) => FinishOutcome.HasMoved;

    public override FinishOutcome? ReadLoser(NpgsqlDataReader row, FinishAttempt item)
    {
        // Only an approval may find its attempt SENT and not move it. Any other item lost to what is over by now: run again.
        var found = AttemptRow.Read(row)!;
        return found.State == AttemptState.Sent && found.Id == item.Id && item.Move.To != AttemptState.Approved
            ? null
            : new FinishOutcome(found);
    }
}
