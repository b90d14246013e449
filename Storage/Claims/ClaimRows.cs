using Lakala.Rules.Claims;
using Lakala.Rules.Ledger;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Storage.Trades;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Claims;

/// <param name="Id">Fresh.</param>
/// <param name="Amount">Minor units; null: all that can be claimed.</param>
/// <param name="Reason">The shopper's words.</param>
public sealed record OpenClaim(long Id, long Bill, ClaimKind Kind, long? Amount, string Reason);

/// <summary>Fresh numbers for the entries and refunds of a claim that ends.</summary>
public readonly record struct ClaimNumbers(long Refund, long Compensation, long Release);

/// <param name="Claim">As it is now; null when there is none.</param>
/// <param name="Refusal">Null: it is done, now or before.</param>
public sealed record ClaimOutcome(ClaimRow? Claim, Refusal? Refusal);

/// <param name="Longest">The most that a side gets for its next move; a shorter one than the usual is for a trial.</param>
public sealed record ClaimTimes(TimeSpan Longest)
{
    /// <summary>No rule gives more.</summary>
    public static readonly ClaimTimes Usual = new(Claim.CheckTime);
}

/// <summary>
/// The moves of claims. Each is one commit with all that follows from it: the trade's move, the refunds with their entries, the
/// events and deliveries. It locks in one order: bill, trade, claim, balances.
/// </summary>
public sealed class ClaimRows([FromKeyedServices(Database.Moves)] NpgsqlDataSource database, RefundRows refunds, IClaimNotices notices, TimeProvider time, ClaimTimes? times = null)
{
    private const string TwoPeople = "rulings_two_people";

    // A stopped trade gives no money: its claim waits with it.
    private const string IsDue =
        """
        c.due_at <= statement_timestamp() and (c.state in ('REFUSED', 'RETURNING') or not exists (select from trades t where t.bill = c.bill and t.frozen_by is not null))
        """;

    internal const string HasDue = $"exists (select from claims c where {IsDue})";

    private readonly ClaimTimes _times = times ?? ClaimTimes.Usual;

    /// <summary>A new claim: the trade of its bill waits for it, or the merchant's money is frozen.</summary>
    public Task<ClaimOutcome> Open(OpenClaim wanted) => database.Commit(async connection =>
    {
        var seen = await RefundRows.TryLockBill(connection, wanted.Bill);
        if (seen is not { Row: { } bill })
        {
            return new ClaimOutcome(null, Refusal.BillUnknown);
        }

        var before = await connection.List($"select {ClaimRow.Columns} from claims c where c.bill = $1 order by c.place", ClaimRow.Read, CancellationToken.None, bill.Number);
        var left = bill.Bill.Amount.Minor - bill.Refunded;
        var refused = bill.Trade is { IsOver: false } ? seen.RefusedHeld : seen.Refused;
        var amount = wanted.Amount ?? Math.Max(1, (bill.Trade is { IsOver: false } running ? running.Held : left) - refused);
        var open = before.FirstOrDefault(static claim => !claim.Claim.IsOver);
        if (Claim.WhyNot(bill.Trade, left, refused, amount, before.Count, open is not null, seen.AsOf) is { } refusal)
        {
            return new ClaimOutcome(open, refusal);
        }

        var at = Now();
        var claim = new ClaimRow(
            wanted.Id,
            bill.Number,
            bill.MerchantId,
            before.Count + 1,
            bill.Bill.Amount.Currency,
            Claim.Open(wanted.Kind, amount, bill.Trade!, seen.AsOf).Within(_times.Longest, seen.AsOf),
            seen.AsOf,
            wanted.Reason);
        if (claim.Claim.IsAfterSale)
        {
            claim = claim with { Frozen = await Freeze(connection, claim, bill, at) };
        }
        else
        {
            bill = await refunds.MoveTrade(connection, bill, Step(bill.Trade!, new TradeStep.OpenClaim(), seen.AsOf).To, at);
        }

        await Insert(connection, claim);
        await InsertMove(connection, claim, EventTypes.ClaimOpened, wanted.Reason, amount, isByItself: false, at);
        await InsertEvent(connection, EventTypes.ClaimOpened, claim, bill, at);
        return new ClaimOutcome(claim, null);
    });

    /// <summary>A step of one side, or of the sweep.</summary>
    /// <param name="text">The words of the side that takes it; null: none.</param>
    public async Task<ClaimOutcome> Take(long id, ClaimStep step, string? text, ClaimNumbers numbers) => await Find(id, CancellationToken.None) is not { } found
        ? new ClaimOutcome(null, Refusal.TradeNotClaimed)
        : await database.Commit(async connection =>
        {
            var seen = await RefundRows.LockBill(connection, found.Bill);
            return await Move(connection, seen, await Lock(connection, id), step, text, numbers);
        });

    /// <summary>A ruling that another operator has to approve. One waits at a time.</summary>
    /// <param name="who">The operator.</param>
    public async Task<ClaimOutcome> Propose(long id, Split split, string text, string who) => await Find(id, CancellationToken.None) is not { } found
        ? new ClaimOutcome(null, Refusal.TradeNotClaimed)
        : await database.Commit(async connection =>
        {
            await RefundRows.LockBill(connection, found.Bill);
            var claim = await Lock(connection, id);
            var refusal = claim.Claim.State != ClaimState.Judging ? (claim.Claim.IsOver ? Refusal.ClaimOver : Refusal.ClaimNotNow)
                : claim.Claim.WhyNotJudged(split) ?? (await FindWaiting(connection, id) is not null ? Refusal.RulingWaits : null);
            if (refusal is null)
            {
                await connection.Execute(
                    """
                    with proposed as (
                      insert into rulings (claim, place, to_shopper, to_merchant, from_guarantee, text, made_by, made_at)
                      select $1, coalesce(max(g.place), 0) + 1, $2, $3, $4, $5, $6, $7 from rulings g where g.claim = $1
                    )
                    insert into audit_log (who, what, subject, detail, after)
                    values ($6, 'ruling.propose', $8, $5, jsonb_build_object('to_shopper', $2, 'to_merchant', $3, 'from_guarantee', $4))
                    """,
                    CancellationToken.None,
                    id,
                    split.ToShopper,
                    split.ToMerchant,
                    split.FromGuarantee,
                    text,
                    who,
                    Now(),
                    Rrn.ToText(id));
            }

            return new ClaimOutcome(claim, refusal);
        });

    /// <summary>The ruling that waits takes effect: the claim is JUDGED, and the money moves in the same commit.</summary>
    /// <param name="place">Of the ruling that the operator has read.</param>
    /// <param name="who">Another operator than the one who has proposed it.</param>
    public async Task<ClaimOutcome> Approve(long id, int place, string who, ClaimNumbers numbers)
    {
        if (await Find(id, CancellationToken.None) is not { } found)
        {
            return new ClaimOutcome(null, Refusal.TradeNotClaimed);
        }

        try
        {
            return await database.Commit(async connection =>
            {
                var seen = await RefundRows.LockBill(connection, found.Bill);
                var claim = await Lock(connection, id);
                if (await FindWaiting(connection, id) is not { } ruling || ruling.Place != place)
                {
                    return new ClaimOutcome(claim, claim.Claim.IsOver ? Refusal.ClaimOver : Refusal.RulingNone);
                }

                var outcome = await Move(connection, seen, claim, new ClaimStep.Judge(ruling.Split), ruling.Text, numbers);
                if (outcome.Refusal is null)
                {
                    // The database compares the two names, and the whole commit depends on it.
                    await connection.Execute(
                        """
                        with approved as (
                          update rulings set approved_by = $3, approved_at = $4 where claim = $1 and place = $2
                        )
                        insert into audit_log (who, what, subject, detail) values ($3, 'ruling.approve', $5, $2::text)
                        """,
                        CancellationToken.None,
                        id,
                        (short)place,
                        who,
                        Now(),
                        Rrn.ToText(id));
                }

                return outcome;
            });
        }
        catch (PostgresException fault) when (fault is { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: TwoPeople })
        {
            return new ClaimOutcome(found, Refusal.RulingAlone);
        }
    }

    /// <summary>Turns the ruling that waits down, so that another one can be proposed.</summary>
    public async Task<ClaimOutcome> Drop(long id, int place, string who)
    {
        var isDropped = await database.Execute(
            $"""
            with dropped as (
              update rulings g set dropped_by = $3, dropped_at = $4 where g.claim = $1 and g.place = $2 and {RulingRow.IsWaiting} returning g.place
            )
            insert into audit_log (who, what, subject, detail) select $3, 'ruling.drop', $5, place::text from dropped
            """,
            CancellationToken.None,
            id,
            (short)place,
            who,
            Now(),
            Rrn.ToText(id)) > 0;
        var claim = await Find(id, CancellationToken.None);
        return new ClaimOutcome(claim, claim is null ? Refusal.TradeNotClaimed : isDropped ? null : Refusal.RulingNone);
    }

    /// <summary>Claims whose time for the next move is over, the longest due first.</summary>
    public Task<IReadOnlyList<long>> ListDue(int limit, CancellationToken stop) =>
        database.List($"select c.id from claims c where {IsDue} order by c.due_at limit $1", static row => row.Get<long>("id"), stop, limit);

    public Task<ClaimRow?> Find(long id, CancellationToken stop) =>
        database.First($"select {ClaimRow.Columns} from claims c where c.id = $1", ClaimRow.Read, stop, id);

    /// <summary>A bill's claims, the first one first.</summary>
    public Task<IReadOnlyList<ClaimRow>> ListOfBill(long bill, CancellationToken stop) =>
        database.List($"select {ClaimRow.Columns} from claims c where c.bill = $1 order by c.place", ClaimRow.Read, stop, bill);

    /// <summary>A merchant's claims, the newest first.</summary>
    /// <param name="state">Null: all.</param>
    /// <param name="bill">Null: of all bills.</param>
    /// <param name="before">The number of the last one of the page before; null: the first page.</param>
    public Task<IReadOnlyList<ClaimRow>> ListOfMerchant(string merchant, ClaimState? state, long? bill, long? before, int limit, CancellationToken stop) => database.List(
        $"""
        select {ClaimRow.Columns} from claims c
        where c.merchant_id = $1 and ($2 is null or c.state = $2) and ($3 is null or c.bill = $3) and c.id < coalesce($4, 9223372036854775807) order by c.id desc limit $5
        """,
        ClaimRow.Read,
        stop,
        merchant,
        Queries.Typed(state is { } wanted ? StateNames.Format(wanted) : null),
        Queries.Typed(bill),
        Queries.Typed(before),
        limit);

    /// <summary>All rulings that were proposed for a claim, the first one first.</summary>
    public Task<IReadOnlyList<RulingRow>> ListRulings(long id, CancellationToken stop) =>
        database.List($"select {RulingRow.Columns} from rulings g where g.claim = $1 order by g.place", RulingRow.Read, stop, id);

    private async Task<ClaimOutcome> Move(NpgsqlConnection connection, BillSeen seen, ClaimRow claim, ClaimStep step, string? text, ClaimNumbers numbers)
    {
        var decision = claim.Claim.Decide(step, seen.AsOf);
        if (decision.Event is not { } happened)
        {
            return new ClaimOutcome(claim, decision.Refusal ?? (text is not null && WithText(claim, step, text) != claim ? WhyNotSaid(claim.Claim, step) : null));
        }

        var (bill, at) = (seen.Row!, Now());
        var to = WithText(claim, step, text) with { Claim = claim.Claim.Apply(happened).Within(_times.Longest, seen.AsOf) };
        if (to.Claim.IsOver)
        {
            (to, bill, var refusal) = await End(connection, to, bill, happened, seen.AsOf, numbers, at);
            if (refusal is not null)
            {
                return new ClaimOutcome(claim, refusal);
            }
        }

        await Update(connection, to);
        await InsertMove(connection, to, FindType(happened), text, FindAmount(happened), step is ClaimStep.TimeUp, at);
        await InsertEvent(connection, FindType(happened), to, bill, at);
        return new ClaimOutcome(to, null);
    }

    /// <summary>The money of a claim that ends. Nothing is stored when it is refused.</summary>
    private async Task<(ClaimRow Claim, BillRow Bill, Refusal? Refusal)> End(
        NpgsqlConnection connection, ClaimRow claim, BillRow bill, ClaimEvent happened, DateTimeOffset asOf, ClaimNumbers numbers, DateTimeOffset at)
    {
        var split = happened switch
        {
            ClaimEvent.Agreed agreed => new Split(agreed.Amount, 0, 0),
            ClaimEvent.Judged judged => judged.Split,
            _ => default,
        };
        if (!claim.Claim.IsAfterSale)
        {
            return await EndTrade(connection, claim, bill, split.ToShopper, asOf, numbers, at);
        }

        var left = bill.Bill.Amount.Minor - bill.Refunded;
        if (happened is ClaimEvent.Judged && split.Granted > left)
        {
            return (claim, bill, Refusal.ClaimExceeds);
        }

        await Postings.Lock(connection, Accounts(claim, bill));
        if (split.FromGuarantee > 0)
        {
            var compensation = RefundRows.NewRefund(numbers.Compensation, bill, split.FromGuarantee, ReasonOf(claim), at);
            if (!await Postings.TryPost(connection, compensation.Rrn, RefundEntry.OfGuarantee(compensation.Rrn, compensation.Amount, bill.MerchantId), at))
            {
                return (claim, bill, Refusal.GuaranteeShort);
            }

            bill = await refunds.Store(connection, compensation, bill, at);
            await DebtRows.Store(connection, notices, new NewDebt(compensation, claim.Id), bill, at);
            claim = claim with { Compensation = compensation.Rrn };
        }

        if (claim.Frozen > 0)
        {
            await RefundRows.Post(connection, ClaimEntry.Unfreeze(claim.Id, new Money(claim.Frozen, claim.Currency), claim.MerchantId), at);
            claim = claim with { Frozen = 0 };
        }

        if (Math.Min(split.ToShopper, left) is > 0 and var amount)
        {
            // Not behind the merchant's other refunds: its money was frozen for this one.
            var refund = RefundRows.NewRefund(numbers.Refund, bill, amount, ReasonOf(claim), at);
            if (!await Postings.TryPost(connection, refund.Rrn, RefundRows.OfShares(refund, bill), at))
            {
                refund = refund with { State = RefundState.Queued };
            }

            bill = await refunds.Store(connection, refund, bill, at);
            claim = claim with { Refund = refund.Rrn };
        }

        return (claim, bill, null);
    }

    private async Task<(ClaimRow Claim, BillRow Bill, Refusal? Refusal)> EndTrade(
        NpgsqlConnection connection, ClaimRow claim, BillRow bill, long given, DateTimeOffset asOf, ClaimNumbers numbers, DateTimeOffset at)
    {
        var trade = bill.Trade!;
        var end = claim.Claim.EndOf(trade, given);
        var (to, refusal) = Step(trade, new TradeStep.EndClaim(end), asOf);
        if (refusal is null && end == ClaimEnd.Unchanged && given > 0)
        {
            (to, refusal) = Step(to, new TradeStep.GiveBack(given), asOf);
        }

        if (refusal is not null)
        {
            return (claim, bill, refusal);
        }

        if (given > 0)
        {
            var refund = RefundRows.NewRefund(numbers.Refund, bill, given, ReasonOf(claim), at);
            bill = await refunds.Store(connection, refund, await refunds.GiveHeld(connection, bill, to, refund, at), at);
            return (claim with { Refund = refund.Rrn }, bill, null);
        }

        var release = end == ClaimEnd.Rejected ? TradeRelease.Make(numbers.Release, bill, trade.Held) : null;
        bill = await refunds.MoveTrade(connection, bill, to, at);
        if (release is not null && !await Postings.TryPost(connection, release.Number, release.Entry, at))
        {
            throw new InvalidOperationException($"The release of {bill} debits a balance.");
        }

        return (claim, bill, null);
    }

    private static (Trade To, Refusal? Refusal) Step(Trade trade, TradeStep step, DateTimeOffset asOf) =>
        trade.Decide(step, asOf) is { Event: { } happened } ? (trade.Apply(happened), null) : (trade, trade.Decide(step, asOf).Refusal ?? Refusal.TryLater);

    // What the merchant would give back of it. If it does not have so much, nothing is frozen.
    private static async Task<long> Freeze(NpgsqlConnection connection, ClaimRow claim, BillRow bill, DateTimeOffset at)
    {
        var refund = RefundRows.NewRefund(claim.Id, bill, claim.Claim.Amount, null, at);
        var part = RefundRows.OfShares(refund, bill).Lines.Where(static line => line.Account.Kind == AccountKind.Merchant).Sum(static line => line.Amount);
        return part > 0 && await Postings.TryPost(connection, claim.Id, ClaimEntry.Freeze(claim.Id, new Money(part, claim.Currency), claim.MerchantId), at) ? part : 0;
    }

    private static IEnumerable<Account> Accounts(ClaimRow claim, BillRow bill) =>
    [
        new(AccountKind.Guarantee, "", claim.Currency),
        new(AccountKind.Frozen, claim.MerchantId, claim.Currency),
        new(AccountKind.Merchant, claim.MerchantId, claim.Currency),
        new(AccountKind.Store, bill.Payment!.Store, claim.Currency),
    ];

    private static ClaimRow WithText(ClaimRow claim, ClaimStep step, string? text) => step switch
    {
        ClaimStep.MakeOffer or ClaimStep.AskBack or ClaimStep.Refuse or ClaimStep.Agree => claim with { Answer = text ?? claim.Answer },
        ClaimStep.Escalate => claim with { Appeal = text },
        ClaimStep.Judge => claim with { Ruling = text },
        _ => claim,
    };

    // The same step with other words is another one: nobody would read them.
    private static Refusal WhyNotSaid(Claim claim, ClaimStep step) =>
        claim.IsOver ? Refusal.ClaimOver : step is ClaimStep.MakeOffer ? Refusal.ClaimOffered : Refusal.ClaimNotNow;

    private static string FindType(ClaimEvent happened) => happened switch
    {
        ClaimEvent.Agreed => EventTypes.ClaimAgreed,
        ClaimEvent.Offered => EventTypes.ClaimOffered,
        ClaimEvent.AskedBack => EventTypes.ClaimReturning,
        ClaimEvent.Refused => EventTypes.ClaimRefused,
        ClaimEvent.SentBack => EventTypes.ClaimBack,
        ClaimEvent.Escalated => EventTypes.ClaimJudging,
        ClaimEvent.Judged => EventTypes.ClaimJudged,
        ClaimEvent.Withdrawn => EventTypes.ClaimWithdrawn,
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "No such event."),
    };

    private static long? FindAmount(ClaimEvent happened) => happened switch
    {
        ClaimEvent.Agreed agreed => agreed.Amount,
        ClaimEvent.Offered offered => offered.Amount,
        ClaimEvent.Judged judged => judged.Split.Granted,
        _ => null,
    };

    private static string ReasonOf(ClaimRow claim) => $"claim {Rrn.ToText(claim.Id)}";

    private static async Task<ClaimRow> Lock(NpgsqlConnection connection, long id) => (await connection.First(
        $"select {ClaimRow.Columns} from claims c where c.id = $1 for no key update", ClaimRow.Read, CancellationToken.None, id))!;

    private static Task<RulingRow?> FindWaiting(NpgsqlConnection connection, long id) => connection.First(
        $"select {RulingRow.Columns} from rulings g where g.claim = $1 and {RulingRow.IsWaiting} for no key update", RulingRow.Read, CancellationToken.None, id);

    private static Task<int> Insert(NpgsqlConnection connection, ClaimRow claim) => connection.Execute(
        """
        insert into claims (id, bill, merchant_id, place, kind, state, amount, currency, is_after_sale, frozen, reason, since, due_at, opened_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        """,
        CancellationToken.None,
        claim.Id,
        claim.Bill,
        claim.MerchantId,
        (short)claim.Place,
        StateNames.Format(claim.Claim.Kind),
        StateNames.Format(claim.Claim.State),
        claim.Claim.Amount,
        claim.Currency,
        claim.Claim.IsAfterSale,
        claim.Frozen,
        claim.Reason,
        claim.Claim.Since,
        Queries.Typed(claim.Claim.DueAt),
        claim.OpenedAt);

    private static Task<int> Update(NpgsqlConnection connection, ClaimRow claim) => connection.Execute(
        """
        update claims set state = $2, since = $3, due_at = $4, offer = $5, granted = $6, carrier = $7, tracking_number = $8, frozen = $9, answer = $10,
          appeal = $11, ruling = $12, refund = $13, compensation = $14, moves = $15
        where id = $1
        """,
        CancellationToken.None,
        claim.Id,
        StateNames.Format(claim.Claim.State),
        claim.Claim.Since,
        Queries.Typed(claim.Claim.DueAt),
        Queries.Typed(claim.Claim.Offer),
        Queries.Typed(claim.Claim.Granted),
        Queries.Typed(claim.Claim.Parcel?.Carrier),
        Queries.Typed(claim.Claim.Parcel?.TrackingNumber),
        claim.Frozen,
        Queries.Typed(claim.Answer),
        Queries.Typed(claim.Appeal),
        Queries.Typed(claim.Ruling),
        Queries.Typed(claim.Refund),
        Queries.Typed(claim.Compensation),
        claim.Claim.Moves);

    private static Task<int> InsertMove(
        NpgsqlConnection connection, ClaimRow claim, string what, string? text, long? amount, bool isByItself, DateTimeOffset at) => connection.Execute(
        "insert into claim_moves (claim, move, what, text, amount, is_by_itself, at) values ($1, $2, $3, $4, $5, $6, $7)",
        CancellationToken.None,
        claim.Id,
        claim.Claim.Moves,
        what,
        Queries.Typed(text),
        Queries.Typed(amount),
        isByItself,
        at);

    private Task InsertEvent(NpgsqlConnection connection, string type, ClaimRow claim, BillRow bill, DateTimeOffset at) =>
        connection.Execute(BillReceivers.InsertEvent(bill, type, at, notices.ComposeData(claim), notices.FindReceivers(bill)));

    // The API shows milliseconds.
    private DateTimeOffset Now() => RefundRows.CutToMilliseconds(time.GetUtcNow());
}
