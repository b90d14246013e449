using Lakala.Rules.Attempts;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Refunds;

/// <summary>A refund that a counter asks for, and that a supervisor has signed.</summary>
/// <param name="Rrn">Fresh.</param>
/// <param name="Amount">Minor units.</param>
/// <param name="Supervisor">Another person than the clerk.</param>
public sealed record AskAtCounter(SwipeKey Key, string Store, long Rrn, long Bill, long Amount, string MaskedCard, string Clerk, string Supervisor);

/// <summary>What stands under a key of a refund. It never changes.</summary>
/// <param name="Reason">Why no refund was made; null when one was.</param>
/// <param name="Rrn">Of the refund; null when none was made. So are the members after it, except <paramref name="IsWaiting"/>.</param>
/// <param name="IsWaiting">The merchant's money did not cover it when it was made.</param>
public sealed record RefundKeyRow(
    SwipeKey Key,
    long? Bill,
    long? Amount,
    string? MaskedCard,
    Refusal? Reason,
    long? Rrn,
    bool IsWaiting,
    long? OriginalRrn,
    DateTimeOffset? MadeAt,
    string? Payee,
    string? OrderId);

/// <summary>The refunds of counters and their keys. The first row of a key stands: whoever comes later gets it.</summary>
/// <exception cref="DatabaseAwayException">Any method may throw it; then it is not known what was stored, and the same again finds out.</exception>
public sealed class CounterRefundRows(NpgsqlDataSource reads, [FromKeyedServices(Database.Moves)] NpgsqlDataSource database, RefundRows refunds)
{
    private const string Key = "k.terminal_id = $1 and k.batch = $2 and k.stan = $3";

    private const string Select =
        $"""
        select k.terminal_id, k.batch, k.stan, k.bill, k.amount, k.masked_pan, k.reason, k.refund, k.is_waiting, r.original_rrn, r.created_at, m.name as payee, b.order_id
        from refund_keys k left join refunds r on r.rrn = k.refund left join bills b on b.number = r.bill left join merchants m on m.id = r.merchant_id
        where {Key}
        """;

    /// <returns>Null when the key is not known.</returns>
    public Task<RefundKeyRow?> Find(SwipeKey key) =>
        Reach(() => reads.First(Select, Read, CancellationToken.None, key.Terminal, key.Batch, key.Stan));

    /// <summary>The bill of a payment, by its number or by the payment's RRN.</summary>
    /// <returns>Null when there is none.</returns>
    public Task<RefundableBill?> FindBill(long? number, long? rrn) => Reach(() => reads.First(
        $"""
        select {RefundableBill.Columns}, {BillRows.Columns} from {BillRows.From}
        where b.number = coalesce($1, (select a.bill from attempts a where a.rrn = $2 and a.state = 'APPROVED'))
        """,
        RefundableBill.Read,
        CancellationToken.None,
        Queries.Typed(number),
        Queries.Typed(rrn)));

    /// <summary>Why the refund cannot be made as things are; null when it can.</summary>
    public static Refusal? WhyNot(RefundableBill? seen, long amount, string maskedCard) => seen is null
        ? Refusal.BillUnknown
        : RefundRows.WhyNot(seen, amount) ?? (seen.Row!.Payment!.MaskedCard == maskedCard ? null : Refusal.OtherCard);

    /// <summary>R1 at a counter: the refund and the answer to its key in one commit. A key that is known gets its row.</summary>
    /// <returns>What stands under the key.</returns>
    public async Task<RefundKeyRow> Make(AskAtCounter asked)
    {
        try
        {
            return await Reach(() => database.Commit(async connection =>
            {
                var seen = await RefundRows.TryLockBill(connection, asked.Bill);
                if (await FindIn(connection, asked.Key) is { } known)
                {
                    return known;
                }

                var why = WhyNot(seen, asked.Amount, asked.MaskedCard) ?? (await IsClosed(connection, asked.Key) ? Refusal.RefundBatchClosed : null);
                var made = why is null ? (RequestOutcome.Made)await refunds.Make(connection, seen!, asked.Rrn, asked.Amount, reason: null, asked.Store) : null;
                await connection.Execute(
                    """
                    insert into refund_keys (terminal_id, batch, stan, bill, amount, masked_pan, clerk, supervisor, refund, is_waiting, reason)
                    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                    """,
                    CancellationToken.None,
                    asked.Key.Terminal,
                    asked.Key.Batch,
                    asked.Key.Stan,
                    asked.Bill,
                    asked.Amount,
                    asked.MaskedCard,
                    asked.Clerk,
                    asked.Supervisor,
                    Queries.Typed(made?.Refund.Rrn),
                    made?.Refund.State == Rules.Refunds.RefundState.Queued,
                    Queries.Typed((short?)why));
                return (await FindIn(connection, asked.Key))!;
            }));
        }
        catch (PostgresException fault) when (fault is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "refund_keys_pkey" })
        {
            // Meanwhile the key was voided, or used for another bill.
            return (await Find(asked.Key))!;
        }
    }

    /// <summary>Nothing is given back under the key, now or later. A key that is known gets its row.</summary>
    /// <param name="bill">Null, like the next two, when the message could not be read or only enquires.</param>
    /// <returns>What stands under the key.</returns>
    public async Task<RefundKeyRow> Close(SwipeKey key, Refusal why, long? bill, long? amount, string? maskedCard)
    {
        await Reach(() => database.Execute(
            """
            insert into refund_keys (terminal_id, batch, stan, bill, amount, masked_pan, reason) values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (terminal_id, batch, stan) do nothing
            """,
            CancellationToken.None,
            key.Terminal,
            key.Batch,
            key.Stan,
            Queries.Typed(bill),
            Queries.Typed(amount),
            Queries.Typed(maskedCard),
            (short)why));
        return (await Find(key))!;
    }

    private static Task<RefundKeyRow?> FindIn(NpgsqlConnection connection, SwipeKey key) =>
        connection.First(Select, Read, CancellationToken.None, key.Terminal, key.Batch, key.Stan);

    private static Task<bool> IsClosed(NpgsqlConnection connection, SwipeKey key) => connection.First(
        "select exists (select from batches where terminal_id = $1 and batch = $2) as is_closed",
        static row => row.Get<bool>("is_closed"),
        CancellationToken.None,
        key.Terminal,
        key.Batch);

    private static RefundKeyRow Read(NpgsqlDataReader row) => new(
        new SwipeKey(row.Get<string>("terminal_id"), row.Get<int>("batch"), row.Get<int>("stan")),
        row.Get<long?>("bill"),
        row.Get<long?>("amount"),
        row.GetOrNull<string>("masked_pan"),
        (Refusal?)row.Get<short?>("reason"),
        row.Get<long?>("refund"),
        row.Get<bool>("is_waiting"),
        row.Get<long?>("original_rrn"),
        row.Get<DateTimeOffset?>("created_at"),
        row.GetOrNull<string>("payee"),
        row.GetOrNull<string>("order_id"));

    private static async Task<T> Reach<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception fault) when (fault is (NpgsqlException and not PostgresException { SqlState: PostgresErrorCodes.UniqueViolation }) or TimeoutException)
        {
            throw new DatabaseAwayException("Refunds: the database cannot be reached.", fault);
        }
    }
}
