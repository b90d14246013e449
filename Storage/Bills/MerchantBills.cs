using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Rules.Trades;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Bills;

/// <summary>The last bill or refund of a page: the next page begins after it.</summary>
public readonly record struct BillCursor(DateTimeOffset CreatedAt, long Number);

public enum CreateOutcome
{
    Created,

    /// <summary>Another bill has this number: make a new one.</summary>
    NumberTaken,

    /// <summary>The order has a bill that is, or can become, paid.</summary>
    OrderTaken,

    /// <summary>There is an answer under the Idempotency-Key already.</summary>
    KeyTaken,
}

/// <summary>Bills as their merchant creates, finds and lists them, and the answers kept for repeats of a creation.</summary>
public sealed class MerchantBills([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    /// <summary>The time for which a repeat under an Idempotency-Key gets its first answer.</summary>
    public static readonly TimeSpan AnswersKeptFor = TimeSpan.FromDays(7);

    /// <summary>Stores an OPEN bill, its answer and the event for the shopper, all or nothing.</summary>
    /// <param name="receivers">Of the shopper; none: no notice and no reminder.</param>
    /// <param name="eventData">The bill in the form of the notices.</param>
    public async Task<CreateOutcome> CreateBill(BillRow bill, KeptAnswer? answer, IReadOnlyList<string> receivers, string eventData)
    {
        // The answer's row comes first: of two requests under one key, the second waits there and finds the first one's row.
        try
        {
            await database.Execute(
                $"""
                with kept as (
                  insert into idempotency_keys (merchant_id, key, request_hash, status, response)
                  select $2, $12, $13, $14, $15 where $12 is not null
                  returning 1
                ), evented as (
                  insert into events (merchant_id, id, type, bill, created_at, data) select $2, $21, '{EventTypes.Created}', $1, $16, $22 where cardinality($19) > 0
                ), delivered as (
                  insert into deliveries (event_id, receiver, merchant_id, due_at) select $21, unnest($19), $2, $16
                )
                insert into bills (number, merchant_id, order_id, amount, currency, description, state, expires_at, page_token,
                                   shopper_name, shopper_email, metadata, created_at, shopper_phone, shopper_language, remind_at,
                                   delivery, ship_within, confirm_within, is_fee_kept)
                select $1, $2, $3, $4, $5, $6, 'OPEN', $7, $8, $9, $10, $11, $16, $17, $18, case when cardinality($19) > 0 then $20 end, $23, $24, $25, $26
                from (select count(*) from kept) as first
                """,
                CancellationToken.None,
                bill.Number,
                bill.MerchantId,
                bill.OrderId,
                bill.Bill.Amount.Minor,
                bill.Bill.Amount.Currency,
                bill.Description,
                bill.Bill.ExpiresAt,
                bill.PageToken,
                Queries.Typed(bill.ShopperName),
                Queries.Typed(bill.ShopperEmail),
                Queries.Typed(bill.Metadata),
                Queries.Typed(answer?.Key),
                Queries.Typed(answer?.RequestHash),
                answer?.Status ?? 0,
                Queries.Typed(answer?.Response),
                bill.CreatedAt,
                Queries.Typed(bill.ShopperPhone),
                Queries.Typed(bill.ShopperLanguage),
                receivers.ToArray(),
                Queries.Typed(Bill.ReminderAt(bill.CreatedAt, bill.Bill.ExpiresAt)),
                Guid.CreateVersion7(bill.CreatedAt),
                eventData,
                Queries.Typed(bill.Escrow is { } escrow ? StateNames.Format(escrow.Delivery) : null),
                Queries.Typed(bill.Escrow?.ShipWithin),
                Queries.Typed(bill.Escrow?.ConfirmWithin),
                bill.FeeOnRefund == FeeOnRefund.Kept);
            return CreateOutcome.Created;
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return fault.ConstraintName switch
            {
                "bills_pkey" => CreateOutcome.NumberTaken,
                "bills_live_order" => CreateOutcome.OrderTaken,
                "idempotency_keys_pkey" => CreateOutcome.KeyTaken,
                _ => throw new InvalidOperationException($"A bill violates {fault.ConstraintName}.", fault),
            };
        }
    }

    public Task<KeptAnswer?> FindAnswer(string merchantId, string key, CancellationToken stop) => database.First(
        "select request_hash, status, response from idempotency_keys where merchant_id = $1 and key = $2",
        row => new KeptAnswer(key, row.Get<byte[]>("request_hash"), row.Get<int>("status"), row.Get<string>("response")),
        stop,
        merchantId,
        key);

    /// <returns>The number of deleted rows; if it is <paramref name="limit"/>, there may be more.</returns>
    public Task<int> ForgetAnswers(int limit, CancellationToken stop) => database.Execute(
        """
        delete from idempotency_keys where ctid = any(array(
          select ctid from idempotency_keys where created_at < statement_timestamp() - $1 limit $2))
        """,
        stop,
        AnswersKeptFor,
        limit);

    /// <summary>The order's bill that is OPEN, PAYING or PAID.</summary>
    public Task<BillNumber?> FindLiveBill(string merchantId, string orderId, CancellationToken stop) => database.First(
        "select number from bills where merchant_id = $1 and order_id = $2 and live",
        static row => (BillNumber?)BillNumber.FromStored(row.Get<long>("number")),
        stop,
        merchantId,
        orderId);

    /// <summary>The order's bills, newest first.</summary>
    public Task<IReadOnlyList<BillRow>> ListBills(string merchantId, string orderId, BillCursor? after, int limit, CancellationToken stop) => database.List(
        $"""
        select {BillRows.Columns} from {BillRows.From}
        where b.merchant_id = $1 and b.order_id = $2 and ($3::timestamptz is null or (b.created_at, b.number) < ($3, $4))
        order by b.created_at desc, b.number desc limit $5
        """,
        static row => BillRows.Read(row)!,
        stop,
        merchantId,
        orderId,
        Queries.Typed(after?.CreatedAt),
        after?.Number ?? 0,
        limit);

    /// <summary>All of the merchant's bills, newest first.</summary>
    public Task<IReadOnlyList<BillRow>> ListAll(string merchantId, BillCursor? after, int limit, CancellationToken stop) => database.List(
        $"""
        select {BillRows.Columns} from {BillRows.From}
        where b.merchant_id = $1 and ($2::timestamptz is null or (b.created_at, b.number) < ($2, $3))
        order by b.created_at desc, b.number desc limit $4
        """,
        static row => BillRows.Read(row)!,
        stop,
        merchantId,
        Queries.Typed(after?.CreatedAt),
        after?.Number ?? 0,
        limit);

    /// <summary>The merchant's bills whose trade is in this state, the last paid first.</summary>
    /// <param name="after">Its time is that of the payment.</param>
    public Task<IReadOnlyList<BillRow>> ListTrades(string merchantId, TradeState state, BillCursor? after, int limit, CancellationToken stop) => database.List(
        $"""
        with page as materialized (
          select bill, since from trades
          where merchant_id = $1 and state = $2 and ($3::timestamptz is null or (since, bill) < ($3, $4)) order by since desc, bill desc limit $5
        )
        select {BillRows.Columns} from page join ({BillRows.From}) on b.number = page.bill order by page.since desc, page.bill desc
        """,
        static row => BillRows.Read(row)!,
        stop,
        merchantId,
        StateNames.Format(state),
        Queries.Typed(after?.CreatedAt),
        after?.Number ?? 0,
        limit);
}
