using Lakala.Rules.Refunds;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Refunds;

/// <summary>A refund that is not sent any more, and whose outcome the bank has not said.</summary>
/// <param name="Amount">Minor units.</param>
/// <param name="LastCode">Field 39 of the bank's last answer, which was not final; null: it has given none.</param>
/// <param name="HasRuling">True: a proposed ruling waits for a second operator.</param>
public sealed record StoppedRefund(long Rrn, BillNumber Bill, string Merchant, long Amount, string? LastCode, DateTimeOffset SentAt, bool HasRuling);

/// <summary>What an operator proposes that the bank has done, and what became of the proposal.</summary>
/// <param name="Place">From 1: the first one that was proposed for the refund.</param>
/// <param name="State">DONE: the card was credited. DECLINED: it was not, and never will be.</param>
/// <param name="ApprovedBy">Null: nobody yet.</param>
/// <param name="DroppedBy">The operator who has turned it down; null: nobody.</param>
public sealed record RefundRuling(
    int Place, RefundState State, string Reason, string MadeBy, DateTimeOffset MadeAt, string? ApprovedBy, DateTimeOffset? ApprovedAt, string? DroppedBy, DateTimeOffset? DroppedAt)
{
    public bool IsWaiting => ApprovedBy is null && DroppedBy is null;
}

/// <summary>What became of something that an operator wants of a ruling.</summary>
public enum RefundRulingOutcome
{
    Done,

    /// <summary>The refund may still be sent, or was never sent: the bank is asked on the line.</summary>
    NotStopped,

    /// <summary>The refund is DONE or DECLINED.</summary>
    Decided,

    /// <summary>There is no such ruling that waits.</summary>
    None,

    /// <summary>A ruling waits already.</summary>
    Waits,

    /// <summary>The operator has proposed this ruling.</summary>
    Alone,
}

/// <summary>
/// The refunds that are not sent any more, because the bank might have forgotten them. One operator proposes what the bank has done, and another one
/// approves it: that is R3, in the same commit.
/// </summary>
public sealed class RefundRulings([FromKeyedServices(Database.Moves)] NpgsqlDataSource database, RefundRows refunds)
{
    private const string TwoPeople = "refund_rulings_two_people";

    private const string IsStopped = "r.state = 'SENT' and r.due_at is null", IsWaiting = "g.approved_by is null and g.dropped_by is null";

    private const string Columns = "g.place, g.state, g.reason, g.made_by, g.made_at, g.approved_by, g.approved_at, g.dropped_by, g.dropped_at";

    /// <summary>The refunds that nobody has decided, the first one that was sent first.</summary>
    public Task<IReadOnlyList<StoppedRefund>> ListOpen(int limit, CancellationToken stop) => database.List(
        $"""
        select r.rrn, r.bill, r.merchant_id, r.amount, r.response_code, r.sent_at, exists (select from refund_rulings g where g.rrn = r.rrn and {IsWaiting}) as has_ruling
        from refunds r where {IsStopped} order by r.sent_at, r.rrn limit $1
        """,
        static row => new StoppedRefund(
            row.Get<long>("rrn"),
            BillNumber.FromStored(row.Get<long>("bill")),
            row.Get<string>("merchant_id"),
            row.Get<long>("amount"),
            row.GetOrNull<string>("response_code"),
            row.Get<DateTimeOffset>("sent_at"),
            row.Get<bool>("has_ruling")),
        stop,
        limit);

    /// <returns>True: the refund is not sent any more, and nobody has decided it.</returns>
    public Task<bool> IsOpen(long rrn, CancellationToken stop) => database.First(
        $"select exists (select from refunds r where r.rrn = $1 and {IsStopped}) as is_open", static row => row.Get<bool>("is_open"), stop, rrn);

    /// <summary>All rulings that were proposed for a refund, the first one first.</summary>
    public Task<IReadOnlyList<RefundRuling>> List(long rrn, CancellationToken stop) =>
        database.List($"select {Columns} from refund_rulings g where g.rrn = $1 order by g.place", Read, stop, rrn);

    /// <summary>A ruling that another operator has to approve. One waits at a time.</summary>
    /// <param name="refund">Found before.</param>
    /// <param name="state">DONE or DECLINED.</param>
    public Task<RefundRulingOutcome> Propose(RefundRow refund, RefundState state, string reason, string who) => database.Commit(async connection =>
    {
        await RefundRows.LockBill(connection, refund.Bill);
        if (await WhyNot(connection, refund.Rrn) is { } refusal)
        {
            return refusal;
        }

        if (await FindWaiting(connection, refund.Rrn) is not null)
        {
            return RefundRulingOutcome.Waits;
        }

        await connection.Execute(
            """
            with proposed as (
              insert into refund_rulings (rrn, place, state, reason, made_by) select $1, coalesce(max(g.place), 0) + 1, $2, $3, $4 from refund_rulings g where g.rrn = $1
            )
            insert into audit_log (who, what, subject, detail, after) values ($4, 'refund.propose', $5, $3, jsonb_build_object('state', $2::text))
            """,
            CancellationToken.None,
            refund.Rrn,
            StateNames.Format(state),
            reason,
            who,
            Rrn.ToText(refund.Rrn));
        return RefundRulingOutcome.Done;
    });

    /// <summary>The ruling that waits takes effect as the bank's final word does, in the same commit.</summary>
    /// <param name="refund">Found before.</param>
    /// <param name="place">Of the ruling that the operator has read.</param>
    /// <param name="who">Another operator than the one who has proposed it.</param>
    public async Task<RefundRulingOutcome> Approve(RefundRow refund, int place, string who)
    {
        try
        {
            return await database.Commit(async connection =>
            {
                var seen = await RefundRows.LockBill(connection, refund.Bill);
                if (await WhyNot(connection, refund.Rrn) is { } refusal)
                {
                    return refusal;
                }

                if (await FindWaiting(connection, refund.Rrn) is not { } ruling || ruling.Place != place)
                {
                    return RefundRulingOutcome.None;
                }

                // The database compares the two names, and the whole commit depends on it.
                await connection.Execute(
                    """
                    with approved as (
                      update refund_rulings set approved_by = $3, approved_at = clock_timestamp() where rrn = $1 and place = $2
                    )
                    insert into audit_log (who, what, subject, detail, after) values ($3, 'refund.approve', $4, $2::text, jsonb_build_object('state', $5::text))
                    """,
                    CancellationToken.None,
                    refund.Rrn,
                    (short)place,
                    who,
                    Rrn.ToText(refund.Rrn),
                    StateNames.Format(ruling.State));
                return await refunds.TryFinish(connection, seen, refund.Rrn, ruling.State, responseCode: null)
                    ? RefundRulingOutcome.Done
                    : throw new InvalidOperationException($"The refund {Rrn.ToText(refund.Rrn)} is locked as SENT, and is not.");
            });
        }
        catch (PostgresException fault) when (fault is { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: TwoPeople })
        {
            return RefundRulingOutcome.Alone;
        }
    }

    /// <summary>Turns the ruling that waits down, so that another one can be proposed. The one who has proposed it may do so too.</summary>
    public async Task<RefundRulingOutcome> Drop(long rrn, int place, string who) => await database.Execute(
        $"""
        with dropped as (
          update refund_rulings g set dropped_by = $3, dropped_at = clock_timestamp() where g.rrn = $1 and g.place = $2 and {IsWaiting} returning g.place
        )
        insert into audit_log (who, what, subject, detail) select $3, 'refund.drop', $4, place::text from dropped
        """,
        CancellationToken.None,
        rrn,
        (short)place,
        who,
        Rrn.ToText(rrn)) > 0
        ? RefundRulingOutcome.Done
        : RefundRulingOutcome.None;

    // Locks the refund. Null: it can be ruled about.
    private static async Task<RefundRulingOutcome?> WhyNot(NpgsqlConnection connection, long rrn)
    {
        var (isStopped, state) = await connection.First(
            $"select {IsStopped} as is_stopped, r.state from refunds r where r.rrn = $1 for no key update",
            static row => (row.Get<bool>("is_stopped"), StateNames.ParseRefund(row.Get<string>("state"))),
            CancellationToken.None,
            rrn);
        return isStopped ? null : state is RefundState.Done or RefundState.Declined ? RefundRulingOutcome.Decided : RefundRulingOutcome.NotStopped;
    }

    private static Task<RefundRuling?> FindWaiting(NpgsqlConnection connection, long rrn) => connection.First(
        $"select {Columns} from refund_rulings g where g.rrn = $1 and {IsWaiting} for no key update", Read, CancellationToken.None, rrn);

    private static RefundRuling Read(NpgsqlDataReader row) => new(
        row.Get<short>("place"),
        StateNames.ParseRefund(row.Get<string>("state")),
        row.Get<string>("reason"),
        row.Get<string>("made_by"),
        row.Get<DateTimeOffset>("made_at"),
        row.GetOrNull<string>("approved_by"),
        row.Get<DateTimeOffset?>("approved_at"),
        row.GetOrNull<string>("dropped_by"),
        row.Get<DateTimeOffset?>("dropped_at"));
}
