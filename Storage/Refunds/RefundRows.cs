using Lakala.Rules.Attempts;
using Lakala.Rules.Ledger;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Refunds;

/// <summary>A refund that its merchant asks for.</summary>
/// <param name="Rrn">Fresh.</param>
/// <param name="Merchant">Who asks. Another one's bill is refused as one that does not exist.</param>
/// <param name="Amount">Minor units; null: all that is left.</param>
/// <param name="Key">The merchant's Idempotency-Key.</param>
/// <param name="Answer">Makes the answer that a repeat under the key gets, from the refund as it is stored.</param>
public sealed record RequestRefund(long Rrn, string Merchant, long Bill, long? Amount, string? Reason, string Key, Func<RefundRow, KeptAnswer> Answer);

public abstract record RequestOutcome
{
    private RequestOutcome()
    {
    }

    /// <param name="Refund">REQUESTED; QUEUED when the money does not cover it.</param>
    public sealed record Made(RefundRow Refund, BillRow Bill) : RequestOutcome;

    /// <summary>Nothing was stored.</summary>
    /// <param name="Left">What can be given back of the bill, in minor units.</param>
    public sealed record Refused(Refusal Why, BillRow Bill, long Left) : RequestOutcome;

    /// <summary>The merchant has no such bill.</summary>
    public sealed record NoSuchBill : RequestOutcome;

    /// <summary>There is an answer under the Idempotency-Key already; nothing was stored.</summary>
    public sealed record KeyTaken : RequestOutcome;
}

/// <summary>A bill of which money may be given back.</summary>
/// <param name="Claimed">What an open claim about its finished trade is about, in minor units.</param>
/// <param name="Refused">What the bank has refused to give back of it, and two operators have not decided about, in minor units.</param>
/// <param name="RefusedHeld">The part of it that its trade holds.</param>
public record RefundableBill(BillRow? Row, DateTimeOffset AsOf, long Claimed, long Refused, long RefusedHeld) : BillSeen(Row, AsOf)
{
    /// <summary>What is read of a bill b.</summary>
    internal const string Columns =
        """
        clock_timestamp() as as_of,
        coalesce((select c.amount from claims c where c.bill = b.number and c.is_after_sale and c.state not in ('AGREED', 'JUDGED', 'WITHDRAWN')), 0) as claimed,
        coalesce((select sum(q.amount) from refused_refunds f join refunds q using (rrn) where f.bill = b.number and f.closed_at is null), 0)::bigint as refused,
        coalesce((select sum(q.amount) from refused_refunds f join refunds q using (rrn) where f.bill = b.number and f.closed_at is null and f.is_held), 0)::bigint as refused_held
        """;

    internal static RefundableBill Read(NpgsqlDataReader row) => Read(row, hasQueue: false);

    internal static LockedBill Read(NpgsqlDataReader row, bool hasQueue) =>
        new(BillRows.Read(row), row.Get<DateTimeOffset>("as_of"), row.Get<long>("claimed"), row.Get<long>("refused"), row.Get<long>("refused_held"), hasQueue);
}

/// <summary>A bill that the commit has locked.</summary>
/// <param name="HasQueue">Refunds of its merchant wait for money: first come, first served.</param>
internal sealed record LockedBill(BillRow? Row, DateTimeOffset AsOf, long Claimed, long Refused, long RefusedHeld, bool HasQueue)
    : RefundableBill(Row, AsOf, Claimed, Refused, RefusedHeld);

/// <summary>The content of the events of a refund, and their receivers on the shopper's side.</summary>
public interface IRefundNotices
{
    string ComposeData(RefundRow refund);

    /// <summary>For the event of a trade that moves with its refund.</summary>
    string ComposeData(BillRow bill);

    IReadOnlyList<string> FindReceivers(BillRow bill);
}

/// <summary>
/// The moves of refunds. Each is one commit with its entry, balances, event and deliveries, and locks in one order: bill, trade,
/// refund, balances.
/// </summary>
public sealed class RefundRows([FromKeyedServices(Database.Moves)] NpgsqlDataSource database, IRefundNotices notices, TimeProvider time) : IRefundRows, ILateRefunds
{
    private const string Undecided = "state in ('REQUESTED', 'SENT') and due_at <= statement_timestamp()";

    // Whose goods were not shipped in time and not after it.
    private const string ClosingInOrder =
        """
        due_at <= statement_timestamp() and state = 'HELD' and is_overdue and frozen_by is null and (leased_until is null or leased_until <= clock_timestamp()) order by due_at
        """;

    private const string Posted = "posted";

    private const string NotShipped = "not shipped in time";

    private const string OfClaim = "exists (select from claims c where c.bill = r.bill and r.rrn in (c.refund, c.compensation))";

    internal const string HasDue =
        $"""
        (exists (select 1 from refunds where due_at <= statement_timestamp()) or (select bill from trades where {ClosingInOrder} limit 1) is not null)
        """;

    internal const string OpenSums =
        "select count(*) as refunds, coalesce(clock_timestamp() - min(sent_at), interval '0') as oldest_refund from refunds where due_at is not null and state = 'SENT'";

    // A balance is usually too low because the credit is not folded in yet, or because the merchant has not sold enough: then a sale may be long in coming.
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(1), LongestLook = TimeSpan.FromMinutes(1);

    /// <summary>R1.</summary>
    public async Task<RequestOutcome> Request(RequestRefund wanted)
    {
        try
        {
            return await database.Commit<RequestOutcome>(async connection =>
            {
                if (await TryLockBill(connection, wanted.Bill) is not { Row: { } bill } seen || bill.MerchantId != wanted.Merchant)
                {
                    return new RequestOutcome.NoSuchBill();
                }

                var amount = wanted.Amount ?? Math.Max(1, bill.Bill.Amount.Minor - bill.Refunded);
                var outcome = await Make(
                    connection, seen, wanted.Rrn, amount, wanted.Reason, store: null, refund => KeepAnswer(bill.MerchantId, wanted.Answer(refund)));

                // What the first request has made may be why a second one under its key is refused.
                return outcome is RequestOutcome.Refused && await IsKeyTaken(connection, bill.MerchantId, wanted.Key) ? new RequestOutcome.KeyTaken() : outcome;
            });
        }
        catch (PostgresException fault) when (fault is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "idempotency_keys_pkey" })
        {
            return new RequestOutcome.KeyTaken();
        }
    }

    /// <summary>Why so much cannot be given back of the bill as it is; null when it can.</summary>
    internal static Refusal? WhyNot(RefundableBill seen, long amount) => seen.Row is not { } bill ? Refusal.BillUnknown
        : Refund.WhyNot(bill.Bill, bill.Refunded, seen.Claimed, seen.Refused, amount)
            ?? (bill.Trade is { IsOver: false } trade ? trade.Decide(new TradeStep.GiveBack(amount), seen.AsOf).Refusal : null);

    /// <summary>The part of R1 that does not depend on who asks, in the caller's commit. The bill is locked.</summary>
    /// <param name="rrn">Fresh.</param>
    /// <param name="store">The store whose counter asks; null when none does.</param>
    /// <param name="more">A statement for the same commit, such as one that keeps the answer.</param>
    internal async Task<RequestOutcome> Make(
        NpgsqlConnection connection, LockedBill seen, long rrn, long amount, string? reason, string? store, Func<RefundRow, Statement>? more = null)
    {
        var bill = seen.Row!;
        if (WhyNot(seen, amount) is { } refusal)
        {
            return new RequestOutcome.Refused(refusal, bill, bill.Bill.Amount.Minor - bill.Refunded - seen.Claimed - seen.Refused);
        }

        var at = Now();
        var refund = NewRefund(rrn, bill, amount, reason, at) with { Store = store };
        if (bill.Trade is { IsOver: false } trade)
        {
            bill = await GiveHeld(connection, bill, trade.Apply(trade.Decide(new TradeStep.GiveBack(amount), seen.AsOf).Event!), refund, at);
        }
        else if (seen.HasQueue)
        {
            refund = refund with { State = RefundState.Queued };
        }
        else
        {
            // The merchant's balance is locked from here on: what is stored with the entry goes in the same round trip.
            var (refunded, stored) = Store(refund, bill, at, more);
            if (await Postings.TryPost(connection, refund.Rrn, OfShares(refund, bill), at, who: null, [new Statement($"savepoint {Posted}"), .. stored]))
            {
                return new RequestOutcome.Made(refund, refunded);
            }

            await connection.Execute($"rollback to savepoint {Posted}", CancellationToken.None);
            refund = refund with { State = RefundState.Queued };
        }

        var (after, statements) = Store(refund, bill, at, more);
        await connection.Execute(statements);
        return new RequestOutcome.Made(refund, after);
    }

    /// <inheritdoc/>
    public async Task<int> CloseOverdue(int limit, Func<ValueTask<long>> nextRrn, CancellationToken stop)
    {
        var due = await database.List($"select bill from trades where {ClosingInOrder} limit $1", static row => row.Get<long>("bill"), stop, limit);
        foreach (var bill in due)
        {
            await Close(bill, await nextRrn(), new TradeStep.TimeUp());
        }

        return due.Count;
    }

    /// <summary>The shopper takes all the money back that is held, because her goods were not shipped in time.</summary>
    /// <param name="rrn">Fresh: the refund's name.</param>
    /// <returns>Null: the trade is closed, now or before.</returns>
    public Task<Refusal?> TakeBack(long bill, long rrn) => Close(bill, rrn, new TradeStep.Close(Side.Shopper));

    private Task<Refusal?> Close(long number, long rrn, TradeStep step) => database.Commit<Refusal?>(async connection =>
    {
        var seen = await LockBill(connection, number);
        var (bill, at) = (seen.Row!, Now());
        if (bill.Trade is not { } trade)
        {
            return Refusal.TradeNone;
        }

        var decision = trade.Decide(step, seen.AsOf);
        if (decision.Event is not TradeEvent.GivenBack given)
        {
            return decision.Refusal;
        }

        var refund = NewRefund(rrn, bill, given.Amount, NotShipped, at);
        bill = await GiveHeld(connection, bill, trade.Apply(given), refund, at);
        await Store(connection, refund, bill, at);
        return null;
    });

    /// <inheritdoc/>
    public async Task<int> CoverQueued(int limit, CancellationToken stop)
    {
        var merchants = await database.List(
            "select merchant_id from refunds where state = 'QUEUED' and due_at <= statement_timestamp() group by merchant_id order by min(due_at) limit $1",
            static row => row.Get<string>("merchant_id"),
            stop,
            limit);
        var covered = 0;
        foreach (var merchant in merchants)
        {
            covered += await CoverInTurn(merchant, limit, stop);
        }

        return covered;
    }

    // When the first one is not covered, none behind it is: all wait together.
    private async Task<int> CoverInTurn(string merchant, int limit, CancellationToken stop)
    {
        for (var covered = 0; covered < limit; covered++)
        {
            if (await FindFirstQueued(merchant, stop) is not var (rrn, bill))
            {
                return covered;
            }

            if (!await Cover(rrn, bill))
            {
                await LetWait(merchant, rrn);
                return covered;
            }
        }

        await database.Execute(
            """
            update refunds set due_at = clock_timestamp()
            where rrn = (select rrn from refunds where merchant_id = $1 and state = 'QUEUED' order by rrn limit 1 for no key update skip locked)
            """,
            stop,
            merchant);
        return limit;
    }

    private Task<(long Rrn, long Bill)?> FindFirstQueued(string merchant, CancellationToken stop) => database.First(
        "select rrn, bill from refunds where merchant_id = $1 and state = 'QUEUED' order by rrn limit 1",
        static row => ((long, long)?)(row.Get<long>("rrn"), row.Get<long>("bill")),
        stop,
        merchant);

    /// <param name="first">The longer it waits, the more rarely all are looked at.</param>
    private Task<int> LetWait(string merchant, long first) => database.Execute(
        """
        update refunds set due_at = clock_timestamp() + (select least(greatest(clock_timestamp() - created_at, $3), $4) from refunds where rrn = $2)
        where rrn in (select rrn from refunds where merchant_id = $1 and state = 'QUEUED' and due_at <= clock_timestamp() for no key update skip locked)
        """,
        CancellationToken.None,
        merchant,
        first,
        FirstLook,
        LongestLook);

    /// <inheritdoc/>
    public Task<IReadOnlyList<RefundToSend>> TakeDue(TimeSpan lease, int limit, CancellationToken stop) => database.List(
        $"""
        with due as materialized (
          select rrn, sent_at is null or sent_at > clock_timestamp() - $3 as may_be_sent from refunds
          where {Undecided} order by due_at limit $2 for no key update skip locked
        ), stopped as (
          -- The bank might have forgotten it: two operators decide it, or a late answer.
          update refunds r set due_at = null from due where r.rrn = due.rrn and not due.may_be_sent
        ), taken as (
          update refunds r set state = 'SENT', tries = r.tries + 1, sent_at = coalesce(r.sent_at, clock_timestamp()), due_at = clock_timestamp() + $1
          from due where r.rrn = due.rrn and due.may_be_sent
          returning r.*
        )
        select t.rrn, t.original_rrn, t.amount, t.currency, t.tries - 1 as tries_before, t.sent_at, a.terminal_id, a.stan, a.store_id, a.started_at
        from taken t join attempts a on a.rrn = t.original_rrn
        """,
        static row => new RefundToSend(
            row.Get<long>("rrn"),
            row.Get<long>("original_rrn"),
            new Money(row.Get<long>("amount"), row.Get<string>("currency")),
            row.Get<int>("tries_before"),
            row.Get<DateTimeOffset>("sent_at"),
            row.Get<string>("terminal_id"),
            row.Get<int>("stan"),
            row.Get<string>("store_id"),
            row.Get<DateTimeOffset>("started_at")),
        stop,
        lease,
        limit,
        Refund.SendingTime);

    /// <inheritdoc/>
    public async Task<FinalWord> Finish(long rrn, RefundState state, string responseCode)
    {
        return await database.Commit(async connection =>
        {
            var at = Now();
            var (seen, finished) = await TryLockBill(
                connection, "(select bill from refunds where rrn = $1)", rrn, SetFinished(rrn, state, responseCode, at), RefundRow.Read);
            if (seen is null)
            {
                throw new InvalidOperationException($"There is no refund {Rrn.ToText(rrn)}.");
            }

            if (finished is null)
            {
                return await Compare(connection, rrn, state, responseCode);
            }

            await PostFinished(connection, seen, finished, at);
            return FinalWord.Posted;
        });
    }

    /// <summary>R3 in the caller's commit. The bill is locked.</summary>
    /// <param name="responseCode">Null: the bank has said it in another way than on the line.</param>
    /// <returns>False: it is not SENT, and nothing is changed.</returns>
    internal async Task<bool> TryFinish(NpgsqlConnection connection, BillSeen seen, long rrn, RefundState state, string? responseCode)
    {
        var at = Now();
        var set = SetFinished(rrn, state, responseCode, at);
        if (await connection.First(set.Sql, RefundRow.Read, CancellationToken.None, set.Values) is not { } finished)
        {
            return false;
        }

        await PostFinished(connection, seen, finished, at);
        return true;
    }

    private static Statement SetFinished(long rrn, RefundState state, string? responseCode, DateTimeOffset at) => new(
        $"""
        update refunds r set state = $2, response_code = $3, finished_at = $4, due_at = null where r.rrn = $1 and r.state = 'SENT'
        returning {RefundRow.Columns}
        """,
        rrn,
        StateNames.Format(state),
        Queries.Typed(responseCode),
        at);

    private async Task PostFinished(NpgsqlConnection connection, BillSeen seen, RefundRow refund, DateTimeOffset at)
    {
        if (refund.State == RefundState.Done)
        {
            await Post(connection, RefundEntry.Taken(refund.Rrn, refund.Amount), at, InsertEvent(EventTypes.RefundDone, refund, seen.Row!, at));
            return;
        }

        var taken = await Postings.Read(connection, EntryKind.Refund, refund.Rrn, sequence: 0);
        var isOfHeld = IsOfHeld(taken);
        var isPromised = isOfHeld || await IsOfClaim(connection, refund.Rrn);
        var frozen = isOfHeld || !isPromised ? 0 : taken.Lines.Where(static line => line.Account.Kind == AccountKind.Merchant).Sum(static line => line.Amount);
        if (frozen > 0)
        {
            await Postings.Lock(connection, [.. taken.Lines.Select(static line => line.Account), new Account(AccountKind.Frozen, refund.MerchantId, refund.Amount.Currency)]);
        }

        var bill = await PutBack(connection, seen, refund, taken, isRefused: true, at);
        if (isPromised)
        {
            // Not the merchant's only because the bank has refused it.
            await AskOperators(connection, refund, isOfHeld, frozen, at);
            refund = refund with { IsSettled = false };
        }

        await connection.Execute(InsertEvent(EventTypes.RefundDeclined, refund, bill, at));
    }

    // Where it was before.
    private async Task<BillRow> PutBack(NpgsqlConnection connection, BillSeen seen, RefundRow refund, Entry taken, bool isRefused, DateTimeOffset at)
    {
        await Post(connection, RefundEntry.Back(taken), at, Restore(refund));
        var bill = seen.Row! with { Refunded = seen.Row.Refunded - refund.Amount.Minor };
        return IsOfHeld(taken)
            ? await MoveTrade(connection, bill, bill.Trade!.Apply(bill.Trade.Decide(new TradeStep.TakeBack(refund.Amount.Minor, isRefused), seen.AsOf).Event!), at)
            : bill;
    }

    /// <summary>Whether what was set aside for a refund was held by its trade.</summary>
    internal static bool IsOfHeld(Entry taken) => taken.Lines.Any(static line => line.Account.Kind == AccountKind.Held);

    private static Statement Restore(RefundRow refund) =>
        new("update bills set refunded = refunded - $2 where number = $1", refund.Bill, refund.Amount.Minor);

    private static Task<bool> IsOfClaim(NpgsqlConnection connection, long rrn) => connection.First(
        $"select {OfClaim} as is_of_claim from refunds r where r.rrn = $1", static row => row.Get<bool>("is_of_claim"), CancellationToken.None, rrn);

    private static async Task AskOperators(NpgsqlConnection connection, RefundRow refund, bool isHeld, long frozen, DateTimeOffset at)
    {
        if (frozen > 0)
        {
            await Post(connection, ClaimEntry.Freeze(refund.Rrn, refund.Amount with { Minor = frozen }, refund.MerchantId), at);
        }

        await connection.Execute(
            "insert into refused_refunds (rrn, bill, is_held, frozen, since) values ($1, $2, $3, $4, $5)", CancellationToken.None, refund.Rrn, refund.Bill, isHeld, frozen, at);
    }

    /// <summary>The merchant withdraws a refund of which the bank knows nothing. Again changes nothing.</summary>
    /// <param name="refund">Found before.</param>
    /// <returns>The refund as it is now, and why it is not withdrawn; null when it is.</returns>
    public Task<(RefundRow Refund, Refusal? Refusal)> Withdraw(RefundRow refund) => database.Commit<(RefundRow, Refusal?)>(async connection =>
    {
        var seen = await LockBill(connection, refund.Bill);
        var (now, isPromised) = await connection.First(
            $"""
            select {RefundRow.Columns},
                   r.store_id is not null or r.reason = $2 or {OfClaim} or exists (select from refused_refunds f where f.next_refund = r.rrn)
                     or exists (select from debts d where d.refund = r.rrn) as is_promised
            from refunds r where r.rrn = $1 for no key update of r
            """,
            static row => (RefundRow.Read(row), row.Get<bool?>("is_promised") == true),
            CancellationToken.None,
            refund.Rrn,
            NotShipped);
        if (now.State == RefundState.Withdrawn)
        {
            return (now, null);
        }

        if (Refund.WhyNotWithdrawn(now.State, isPromised) is { } refusal)
        {
            return (now, refusal);
        }

        var at = Now();
        var withdrawn = now with { State = RefundState.Withdrawn, FinishedAt = at };
        var bill = seen.Row!;
        if (now.State == RefundState.Queued)
        {
            await connection.Execute([Restore(now)]);
            bill = bill with { Refunded = bill.Refunded - now.Amount.Minor };
        }
        else
        {
            bill = await PutBack(connection, seen, now, await Postings.Read(connection, EntryKind.Refund, now.Rrn, sequence: 0), isRefused: false, at);
        }

        await connection.Execute(
        [
            new Statement("update refunds set state = 'WITHDRAWN', finished_at = $2, due_at = null where rrn = $1", now.Rrn, at),
            InsertEvent(EventTypes.RefundWithdrawn, withdrawn, bill, at),
        ]);
        return (withdrawn, null);
    });

    /// <summary>A refund that the platform has paid out of the reserve account: it is stored as DONE, with its event. What is set aside for it is posted already.</summary>
    internal async Task StorePaidOtherwise(NpgsqlConnection connection, RefundRow refund, BillRow bill, DateTimeOffset at)
    {
        var done = refund with { State = RefundState.Done, FinishedAt = at, IsPaidOtherwise = true };
        await Post(connection, RefundEntry.PaidOtherwise(refund.Rrn, refund.Amount), at);
        await connection.Execute([Insert(done), InsertEvent(EventTypes.RefundDone, done, bill with { Refunded = bill.Refunded + refund.Amount.Minor }, at)]);
    }

    /// <inheritdoc/>
    public async Task<FinalWord?> TakeLate(long rrn, RefundState state, BankAnswer answer)
    {
        var isKnown = await database.First(
            """
            select exists (
              select from refunds r join attempts a on a.rrn = r.original_rrn where r.rrn = $1 and r.amount = $2 and r.currency = $3 and a.terminal_id = $4
            ) as is_known
            """,
            static row => row.Get<bool>("is_known"),
            CancellationToken.None,
            rrn,
            answer.Amount?.Minor ?? 0,
            answer.Amount?.Currency ?? "",
            answer.Terminal ?? "");
        return isKnown ? await Finish(rrn, state, answer.ResponseCode) : null;
    }

    /// <inheritdoc/>
    public Task TryAgain(long rrn, string? responseCode, TimeSpan wait) => database.Execute(
        "update refunds set response_code = coalesce($2, response_code), due_at = clock_timestamp() + $3 where rrn = $1 and state = 'SENT' and due_at is not null",
        CancellationToken.None,
        rrn,
        Queries.Typed(responseCode),
        wait);

    public Task<RefundRow?> Find(long rrn, CancellationToken stop) =>
        database.First($"select {RefundRow.Columns} from refunds r where r.rrn = $1", RefundRow.Read, stop, rrn);

    /// <summary>A bill's refunds in the order of their numbers.</summary>
    /// <param name="after">The number of the last one of the page before; 0: the first page.</param>
    public Task<IReadOnlyList<RefundRow>> ListOfBill(long bill, long after, int limit, CancellationToken stop) => database.List(
        $"select {RefundRow.Columns} from refunds r where r.bill = $1 and r.rrn > $2 order by r.rrn limit $3", RefundRow.Read, stop, bill, after, limit);

    /// <summary>A merchant's refunds, newest first.</summary>
    /// <param name="after">The last one of the page before; null: the first page.</param>
    public Task<IReadOnlyList<RefundRow>> ListOfMerchant(string merchant, BillCursor? after, int limit, CancellationToken stop) => database.List(
        $"""
        select {RefundRow.Columns} from refunds r
        where r.merchant_id = $1 and ($2::timestamptz is null or (r.created_at, r.rrn) < ($2, $3)) order by r.created_at desc, r.rrn desc limit $4
        """,
        RefundRow.Read,
        stop,
        merchant,
        Queries.Typed(after?.CreatedAt),
        after?.Number ?? 0,
        limit);

    // The refund is no longer SENT: what decided it stands, and the other word is kept beside it.
    private static async Task<FinalWord> Compare(NpgsqlConnection connection, long rrn, RefundState state, string responseCode) => await connection.First(
        """
        with decided as (
          select rrn from refunds where rrn = $1 and state in ('DONE', 'DECLINED') and state <> $2
        ), kept as (
          insert into refund_contradictions (rrn, response_code) select rrn, $3 from decided on conflict do nothing
        )
        select exists (select from decided) as contradicts
        """,
        static row => row.Get<bool>("contradicts"),
        CancellationToken.None,
        rrn,
        StateNames.Format(state),
        responseCode)
        ? FinalWord.Contradicts
        : FinalWord.Unneeded;

    private async Task<bool> Cover(long rrn, long number) => await database.Commit(async connection =>
    {
        var bill = (await LockBill(connection, number)).Row!;
        var refund = await connection.First(
            $"select {RefundRow.Columns} from refunds r where r.rrn = $1 and r.state = 'QUEUED' for no key update skip locked", RefundRow.Read, CancellationToken.None, rrn);
        if (refund is null)
        {
            return false;
        }

        var at = Now();
        var isCovered = !await IsBehind(connection, bill.MerchantId, rrn) && await Postings.TryPost(connection, rrn, OfShares(refund, bill), at);
        if (isCovered)
        {
            await connection.Execute("update refunds set state = 'REQUESTED', due_at = clock_timestamp() where rrn = $1", CancellationToken.None, rrn);
        }

        return isCovered;
    });

    // First come, first served.
    private static Task<bool> IsBehind(NpgsqlConnection connection, string merchant, long rrn) => connection.First(
        "select exists (select 1 from refunds where merchant_id = $1 and state = 'QUEUED' and rrn < $2) as is_behind",
        static row => row.Get<bool>("is_behind"),
        CancellationToken.None,
        merchant,
        rrn);

    private static Task<bool> IsKeyTaken(NpgsqlConnection connection, string merchant, string key) => connection.First(
        "select exists (select 1 from idempotency_keys where merchant_id = $1 and key = $2) as is_taken",
        static row => row.Get<bool>("is_taken"),
        CancellationToken.None,
        merchant,
        key);

    /// <summary>Stores a new refund of a bill that is locked, with its event. Its entry is posted already, unless it is QUEUED.</summary>
    /// <returns>The bill, of which more is refunded.</returns>
    internal async Task<BillRow> Store(NpgsqlConnection connection, RefundRow refund, BillRow bill, DateTimeOffset at)
    {
        var (after, statements) = Store(refund, bill, at, more: null);
        await connection.Execute(statements);
        return after;
    }

    private (BillRow After, Statement[] Statements) Store(RefundRow refund, BillRow bill, DateTimeOffset at, Func<RefundRow, Statement>? more)
    {
        var after = bill with { Refunded = bill.Refunded + refund.Amount.Minor };
        Statement[] statements = [Insert(refund), InsertEvent(EventTypes.RefundCreated, refund, after, at)];
        return (after, more is null ? statements : [.. statements, more(refund)]);
    }

    /// <summary>Takes a refund out of what is held.</summary>
    /// <param name="to">The trade after it.</param>
    internal async Task<BillRow> GiveHeld(NpgsqlConnection connection, BillRow bill, Trade to, RefundRow refund, DateTimeOffset at)
    {
        bill = await MoveTrade(connection, bill, to, at);
        await Post(connection, RefundEntry.OfHeld(refund.Rrn, refund.Amount, bill.MerchantId), at);
        return bill;
    }

    internal static Entry OfShares(RefundRow refund, BillRow bill) => RefundEntry.OfShares(
        refund.Rrn, bill.Bill.Amount, refund.Before, refund.Amount.Minor, bill.Payment!.Rates, bill.FeeOnRefund, bill.MerchantId, bill.Payment.Store);

    internal static async Task<LockedBill> LockBill(NpgsqlConnection connection, long number) =>
        await TryLockBill(connection, number) ?? throw new InvalidOperationException($"There is no bill {number}.");

    /// <returns>Null: there is no such bill.</returns>
    internal static async Task<LockedBill?> TryLockBill(NpgsqlConnection connection, long number) =>
        (await TryLockBill<object>(connection, "$1", number)).Bill;

    /// <param name="more">Runs under the locks, in the same round trip; at most one row comes back.</param>
    private static async Task<(LockedBill? Bill, T? More)> TryLockBill<T>(
        NpgsqlConnection connection, string which, long number, Statement? more = null, Func<NpgsqlDataReader, T>? read = null)
    {
        List<Statement> statements =
        [
            new($"select from bills where number = {which} for no key update", Queries.Typed(number)),

            // A statement of its own: a trade that began while it waited is seen, and locked.
            new($"select from trades where bill = {which} for no key update", Queries.Typed(number)),

            // By a statement of its own, so that the row is as the transactions before have left it.
            new(
                $"""
                select {RefundableBill.Columns}, exists (select 1 from refunds q where q.merchant_id = b.merchant_id and q.state = 'QUEUED') as has_queue, {BillRows.Columns}
                from {BillRows.From} where b.number = {which}
                """,
                Queries.Typed(number)),
        ];
        await using var batch = connection.ToBatch(more is { } last ? [.. statements, last] : statements);
        await using var rows = await batch.ExecuteReaderAsync();
        await rows.NextResultAsync();
        await rows.NextResultAsync();
        var bill = await rows.ReadAsync() ? RefundableBill.Read(rows, rows.Get<bool>("has_queue")) : null;
        return (bill, read is not null && await rows.NextResultAsync() && await rows.ReadAsync() ? read(rows) : default);
    }

    /// <summary>Changes the trade of a bill that is locked, with its event if there is one.</summary>
    internal async Task<BillRow> MoveTrade(NpgsqlConnection connection, BillRow bill, Trade to, DateTimeOffset at)
    {
        await connection.Execute(
            """
            update trades set state = $2, held = $3, due_at = $4, ended_at = $5, frozen_by = $6, time_left = $7, leased_until = $8, is_overdue = $9,
              released = $10, releases = $11, moves = $12
            where bill = $1
            """,
            CancellationToken.None,
            bill.Number,
            StateNames.Format(to.State),
            to.Held,
            Queries.Typed(to.DueAt),
            Queries.Typed(to.EndedAt),
            Queries.Typed(to.FrozenBy),
            Queries.Typed(to.Left),
            Queries.Typed(to.LeasedUntil),
            to.IsOverdue,
            to.Released,
            (short)to.Releases,
            to.Moves);
        var moved = bill with { Trade = to };
        if (FindType(bill.Trade!, to) is { } type)
        {
            await connection.Execute(BillReceivers.InsertEvent(bill, type, at, notices.ComposeData(moved), notices.FindReceivers(bill)));
        }

        return moved;
    }

    private static string? FindType(Trade from, Trade to) => (from, to) switch
    {
        ({ IsOver: false }, { State: TradeState.Closed }) => EventTypes.TradeClosed,
        ({ IsOver: false }, { State: TradeState.Finished }) => EventTypes.TradeFinished,
        ({ FrozenBy: null }, { FrozenBy: not null }) => EventTypes.TradeStopped,
        ({ FrozenBy: not null }, { FrozenBy: null }) => EventTypes.TradeResumed,
        ({ IsOver: true } or { State: TradeState.Claimed }, { State: TradeState.Held or TradeState.Shipped }) => EventTypes.TradeDeadlineChanged,
        _ => null,
    };

    // No balance is debited: only the shares of a refund can be without cover.
    internal static async Task Post(NpgsqlConnection connection, Entry entry, DateTimeOffset at, params IEnumerable<Statement> more)
    {
        if (!await Postings.TryPost(connection, entry.Subject, entry, at, who: null, more))
        {
            throw new InvalidOperationException($"The entry {entry.Kind} of refund {Rrn.ToText(entry.Subject)} debits a balance that does not cover it.");
        }
    }

    internal static RefundRow NewRefund(long rrn, BillRow bill, long amount, string? reason, DateTimeOffset at) => new(
        rrn, bill.Number, bill.MerchantId, PaidRrn(bill), bill.Bill.Amount with { Minor = amount }, bill.Refunded, RefundState.Requested,
        reason, ResponseCode: null, Tries: 0, at, FinishedAt: null);

    private static Statement KeepAnswer(string merchant, KeptAnswer answer) => new(
        "insert into idempotency_keys (merchant_id, key, request_hash, status, response) values ($1, $2, $3, $4, $5)",
        merchant,
        answer.Key,
        answer.RequestHash,
        answer.Status,
        answer.Response);

    private static Statement Insert(RefundRow refund) => new(
        """
        with reserved as (
          update bills set refunded = refunded + $5 where number = $2
        )
        insert into refunds (rrn, bill, merchant_id, original_rrn, amount, currency, before, state, reason, due_at, created_at, store_id, finished_at, is_paid_otherwise)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, case when $13::timestamptz is null then clock_timestamp() + $10 end, $11, $12, $13, $14)
        """,
        refund.Rrn,
        refund.Bill,
        refund.MerchantId,
        refund.OriginalRrn,
        refund.Amount.Minor,
        refund.Amount.Currency,
        refund.Before,
        StateNames.Format(refund.State),
        Queries.Typed(refund.Reason),
        refund.State == RefundState.Queued ? FirstLook : TimeSpan.Zero,
        refund.CreatedAt,
        Queries.Typed(refund.Store),
        Queries.Typed(refund.FinishedAt),
        refund.IsPaidOtherwise);

    private Statement InsertEvent(string type, RefundRow refund, BillRow bill, DateTimeOffset at) =>
        BillReceivers.InsertEvent(bill, type, at, notices.ComposeData(refund), notices.FindReceivers(bill));

    private static long PaidRrn(BillRow bill) => Rrn.TryParse(bill.Payment!.Rrn, out var rrn) ? rrn : throw new InvalidOperationException($"{bill} has no RRN.");

    private DateTimeOffset Now() => CutToMilliseconds(time.GetUtcNow());

    /// <summary>The API shows milliseconds.</summary>
    internal static DateTimeOffset CutToMilliseconds(DateTimeOffset at) => at.AddTicks(-(at.Ticks % TimeSpan.TicksPerMillisecond));
}
