using Lakala.Rules.Ledger;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Trades;

/// <summary>One change of a trade, as the rules decided it on the trade of <paramref name="Bill"/>.</summary>
/// <param name="Bill">As it was read, with its trade.</param>
/// <param name="To">The trade after the change.</param>
/// <param name="IsTimeUp">True: the change follows from the end of the timer, which the database's clock has to confirm.</param>
/// <param name="Fact">The event that is told, if there is one.</param>
/// <param name="Release">The held money that goes to the merchant, if the change is its release.</param>
public sealed record MoveTrade(BillRow Bill, Trade To, DateTimeOffset At, bool IsTimeUp, TradeFact? Fact, TradeRelease? Release)
{
    public Trade From => Bill.Trade!;
}

/// <param name="Type">Of <see cref="EventTypes"/>.</param>
/// <param name="Data">The bill with the changed trade, in the form of the notices.</param>
/// <param name="Receivers">Of the shopper.</param>
public sealed record TradeFact(Guid Id, string Type, string Data, IReadOnlyList<string> Receivers);

/// <param name="Number">Of the entry.</param>
public sealed record TradeRelease(long Number, Entry Entry)
{
    /// <param name="bill">As it was before.</param>
    /// <param name="amount">Minor units.</param>
    public static TradeRelease Make(long number, BillRow bill, long amount)
    {
        var payment = bill.Payment ?? throw new InvalidOperationException($"{bill} has a trade and no payment.");
        return new TradeRelease(number, ReleaseEntry.Make(
            bill: bill.Number,
            releases: bill.Trade!.Releases,
            before: bill.Trade.Released,
            amount: amount,
            currency: bill.Bill.Amount.Currency,
            rates: payment.Rates,
            merchant: bill.MerchantId,
            store: payment.Store));
    }
}

/// <param name="Found">Null when the trade has changed so. Otherwise it was no longer as it was read, or the database's clock did not agree.</param>
public sealed record TradeMoved(BillSeen? Found)
{
    public static readonly TradeMoved Done = new((BillSeen?)null);
}

/// <summary>
/// Changes trades, each with its entry, balances, event and deliveries in one commit. The row decides: it changes only if it is as it was
/// when the rules decided, and timers, freezes and leases are checked once more by the database's clock.
/// </summary>
/// <remarks>Locks: trades in the order of their bills, then balances in the order of their accounts.</remarks>
public sealed class MoveTrades : BatchStatement<MoveTrade, TradeMoved>
{
    public override string Name => "move_trades";

    private readonly AccountNumbers _accounts = new();

    public MoveTrades() => Input = new BatchInput<MoveTrade>()
        .Column("bill", "bigint", static m => m.Bill.Number)
        .Column("merchant_id", "text", static m => m.Bill.MerchantId)
        .Column("from_state", "text", static m => StateNames.Format(m.From.State))
        .Column("from_moves", "int", static m => m.From.Moves)
        .Column("is_time_up", "boolean", static m => m.IsTimeUp)
        .Column("at", "timestamptz", static m => m.At)
        .Column("business_date", "date", static m => BeijingTime.BusinessDate(m.At))
        .Column("to_state", "text", static m => StateNames.Format(m.To.State))
        .Column("held", "bigint", static m => m.To.Held)
        .Column("due_at", "timestamptz", static m => m.To.DueAt)
        .Column("released", "bigint", static m => m.To.Released)
        .Column("releases", "int", static m => m.To.Releases)
        .Column("is_overdue", "boolean", static m => m.To.IsOverdue)
        .Column("method", "text", static m => m.To.Shipping is { } shipping ? StateNames.Format(shipping.Method) : null)
        .Column("carrier", "text", static m => m.To.Shipping?.Carrier)
        .Column("tracking_number", "text", static m => m.To.Shipping?.TrackingNumber)
        .Column("shipped_at", "timestamptz", static m => m.To.ShippedAt)
        .Column("is_corrected", "boolean", static m => m.To.IsCorrected)
        .SparseColumn("shopper_extended", "int", static m => m.To.ShopperExtended)
        .SparseColumn("merchant_extended", "int", static m => m.To.MerchantExtended)
        .SparseColumn("time_left", "interval", static m => m.To.Left)
        .SparseColumn("leased_until", "timestamptz", static m => m.To.LeasedUntil)
        .Column("leases", "int", static m => m.To.Leases)
        .SparseColumn("frozen_by", "text", static m => m.To.FrozenBy)
        .SparseColumn("ended_at", "timestamptz", static m => m.To.EndedAt)
        .SparseColumn("type", "text", static m => m.Fact?.Type)
        .SparseColumn("event_id", "uuid", static m => m.Fact?.Id)
        .SparseColumn("event_data", "text", static m => m.Fact?.Data)
        .TextsColumn("receivers", static m => m.Fact?.Receivers)
        .SparseColumn("number", "bigint", static m => m.Release?.Number)
        .SparseColumn("sequence", "int", static m => m.Release?.Entry.Sequence)
        .Lines(static m => m.Release?.Entry, _accounts)
        .Constant("kinds_with_balance", LedgerRows.KindsWithBalance);

    public override BatchInput<MoveTrade> Input { get; }

    public override string Sql =>
        $"""
        with input as materialized (
          select * from {Input.Rows}
        ), locked as materialized (
          select t.bill from trades t where t.bill = any({Input["bill"]}) order by t.bill for no key update
        ), moved as materialized (
          update trades t
          set state = i.to_state, held = i.held, due_at = i.due_at, released = i.released, releases = i.releases, is_overdue = i.is_overdue,
              method = i.method, carrier = i.carrier, tracking_number = i.tracking_number, shipped_at = i.shipped_at,
              is_corrected = i.is_corrected, shopper_extended = i.shopper_extended, merchant_extended = i.merchant_extended,
              time_left = i.time_left, leased_until = i.leased_until, leases = i.leases, frozen_by = i.frozen_by, ended_at = i.ended_at,
              moves = t.moves + 1
          from input i
          where (select count(*) from locked) > 0 and t.bill = i.bill and t.moves = i.from_moves and t.state = i.from_state
            and (not i.is_time_up or t.due_at <= clock_timestamp())
            and (not (i.is_time_up or i.number is not null) or (t.frozen_by is null and (t.leased_until is null or t.leased_until <= clock_timestamp())))
          returning i.*
        ), posted as (
          insert into entries as e (kind, number, subject, sequence, business_date, at, {LineColumns.Names})
          select '{StateNames.Format(EntryKind.Release)}', m.number, m.bill, m.sequence, m.business_date, m.at, {LineColumns.Names}
          from moved m where m.number is not null
          returning e.*
        ), {LedgerRows.Credits("posted", Input["kinds_with_balance"])}, evented as (
          insert into events (merchant_id, id, type, bill, created_at, data)
          select m.merchant_id, m.event_id, m.type, m.bill, m.at, m.event_data from moved m where m.type is not null
        ), delivered as (
          insert into deliveries (event_id, receiver, merchant_id, due_at)
          {BillReceivers.Select("moved m", "m.event_id", "m.at", "m.type is not null")}
        )
        select ord from moved
        """;

    public override string LosersSql =>
        $"""
        select i.ord, clock_timestamp() as as_of, b.*
        from {Input.Rows}
        left join lateral (select {BillRows.Columns} from {BillRows.From} where b.number = i.bill) b on true
        """;

    public override ValueTask Prepare(NpgsqlConnection connection, IReadOnlyList<MoveTrade> items) =>
        _accounts.Find(connection, [.. items.Select(static item => item.Release?.Entry).OfType<Entry>()]);

    public override TradeMoved Read(NpgsqlDataReader row, MoveTrade item) => TradeMoved.Done;

    public override TradeMoved ReadLoser(NpgsqlDataReader row, MoveTrade item) => new(new BillSeen(BillRows.Read(row), row.Get<DateTimeOffset>("as_of")));
}
