using Lakala.Rules.Refunds;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Claims;

/// <summary>A refund that two operators have to decide about.</summary>
/// <param name="Amount">Minor units.</param>
/// <param name="LastCode">Field 39 of the bank's last answer; null: it has given none.</param>
/// <param name="Since">Since when it is so: its first sending, the bank's refusal, or its order.</param>
/// <param name="HasRuling">True: a proposed ruling waits for a second operator.</param>
public sealed record RefundToDecide(
    RefundQuestion Question, long Rrn, BillNumber Bill, string Merchant, long Amount, string? LastCode, DateTimeOffset Since, bool HasRuling);

/// <summary>What an operator proposes about a refund, and what became of the proposal.</summary>
/// <param name="Place">From 1: the first one that was proposed for the refund.</param>
/// <param name="ApprovedBy">Null: nobody yet.</param>
/// <param name="DroppedBy">The operator who has turned it down; null: nobody.</param>
public sealed record RefundRuling(
    int Place, RefundVerdict Verdict, string Reason, string MadeBy, DateTimeOffset MadeAt, string? ApprovedBy, DateTimeOffset? ApprovedAt, string? DroppedBy, DateTimeOffset? DroppedAt)
{
    public bool IsWaiting => ApprovedBy is null && DroppedBy is null;
}

/// <summary>
/// The refunds that do not come to an end by themselves. One operator proposes what is done about one, and another one approves it: the money moves in the
/// same commit.
/// </summary>
public sealed class RefundRulings([FromKeyedServices(Database.Moves)] NpgsqlDataSource database, RefundRows refunds, RefundRemedies remedies)
{
    private const string TwoPeople = "refund_rulings_two_people", Ruled = "ruled";

    private const string IsStopped = "r.state = 'SENT' and r.due_at is null", IsWaiting = "g.approved_by is null and g.dropped_by is null";

    private const string Columns = "g.place, g.state, g.reason, g.made_by, g.made_at, g.approved_by, g.approved_at, g.dropped_by, g.dropped_at";

    private static readonly string Open =
        $"""
        select 'stopped' as question, r.rrn, r.sent_at as since from refunds r where {IsStopped}
        union all select 'refused', f.rrn, f.since from refused_refunds f where f.closed_at is null
        union all select 'uncovered', r.rrn, r.created_at from refunds r where {IsUncovered}
        """;

    // Of a ruling g.
    private static readonly string QuestionOfRuling =
        $"case g.state {string.Concat(Enum.GetValues<RefundVerdict>().Select(static verdict => $"when '{StateNames.Format(verdict)}' then '{StateNames.Format(RefundVerdicts.QuestionOf(verdict))}' "))}end";

    /// <summary>Of refunds r.</summary>
    internal static string IsUncovered => $"r.state = 'QUEUED' and r.created_at < clock_timestamp() - interval '{(int)Refund.WaitingTime.TotalSeconds} seconds'";

    /// <summary>The refunds that nobody has decided, the longest waiting first.</summary>
    public Task<IReadOnlyList<RefundToDecide>> ListOpen(int limit, CancellationToken stop) => database.List(
        $"""
        select o.question, o.since, r.rrn, r.bill, r.merchant_id, r.amount, r.response_code, exists (select from refund_rulings g where g.rrn = r.rrn and {IsWaiting} and o.question = {QuestionOfRuling}) as has_ruling
        from ({Open}) as o join refunds r using (rrn) order by o.since, r.rrn limit $1
        """,
        static row => new RefundToDecide(
            StateNames.ParseQuestion(row.Get<string>("question")),
            row.Get<long>("rrn"),
            BillNumber.FromStored(row.Get<long>("bill")),
            row.Get<string>("merchant_id"),
            row.Get<long>("amount"),
            row.GetOrNull<string>("response_code"),
            row.Get<DateTimeOffset>("since"),
            row.Get<bool>("has_ruling")),
        stop,
        limit);

    /// <summary>What has to be decided about a refund; null: nothing.</summary>
    public Task<RefundQuestion?> FindQuestion(long rrn, CancellationToken stop) =>
        database.First($"select o.question from ({Open}) as o where o.rrn = $1", ReadQuestion, stop, rrn);

    /// <summary>All rulings that were proposed for a refund, the first one first.</summary>
    public Task<IReadOnlyList<RefundRuling>> List(long rrn, CancellationToken stop) =>
        database.List($"select {Columns} from refund_rulings g where g.rrn = $1 order by g.place", Read, stop, rrn);

    /// <summary>A ruling that another operator has to approve. One waits at a time.</summary>
    /// <param name="refund">Found before.</param>
    /// <returns>Why it is not proposed; null when it is.</returns>
    public Task<Refusal?> Propose(RefundRow refund, RefundVerdict verdict, string reason, string who) => database.Commit<Refusal?>(async connection =>
    {
        await RefundRows.LockBill(connection, refund.Bill);
        if (await WhyNot(connection, refund.Rrn, verdict) is { } refusal)
        {
            return refusal;
        }

        if (await FindWaiting(connection, refund.Rrn) is { } waiting)
        {
            if (await WhyNot(connection, refund.Rrn, waiting.Verdict) is null)
            {
                return Refusal.RulingWaits;
            }

            // It answers a question of before, which has ended by itself.
            await Drop(connection, refund.Rrn, waiting.Place, who);
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
            StateNames.Format(verdict),
            reason,
            who,
            Rrn.ToText(refund.Rrn));
        return null;
    });

    /// <summary>The ruling that waits takes effect, in the same commit.</summary>
    /// <param name="refund">Found before.</param>
    /// <param name="place">Of the ruling that the operator has read.</param>
    /// <param name="who">Another operator than the one who has proposed it.</param>
    /// <param name="number">Fresh: of the refund that may take its place.</param>
    /// <returns>Why nothing is changed; null when the ruling has taken effect.</returns>
    public async Task<Refusal?> Approve(RefundRow refund, int place, string who, long number)
    {
        try
        {
            return await database.Commit<Refusal?>(async connection =>
            {
                var seen = await RefundRows.LockBill(connection, refund.Bill);
                if (await FindWaiting(connection, refund.Rrn) is not { } ruling || ruling.Place != place)
                {
                    return Refusal.RulingNone;
                }

                if (await WhyNot(connection, refund.Rrn, ruling.Verdict) is { } refusal)
                {
                    return refusal;
                }

                // The database compares the two names, and the whole commit depends on it.
                await connection.Execute(
                [
                    new Statement($"savepoint {Ruled}"),
                    new Statement(
                        """
                        with approved as (
                          update refund_rulings set approved_by = $3, approved_at = clock_timestamp() where rrn = $1 and place = $2
                        )
                        insert into audit_log (who, what, subject, detail, after) values ($3, 'refund.approve', $4, $2::text, jsonb_build_object('state', $5::text))
                        """,
                        refund.Rrn,
                        (short)place,
                        who,
                        Rrn.ToText(refund.Rrn),
                        StateNames.Format(ruling.Verdict)),
                ]);
                var why = await Take(connection, seen, refund.Rrn, ruling.Verdict, number);
                if (why is not null)
                {
                    await connection.Execute($"rollback to savepoint {Ruled}", CancellationToken.None);
                }

                return why;
            });
        }
        catch (PostgresException fault) when (fault is { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: TwoPeople })
        {
            return Refusal.RulingAlone;
        }
    }

    /// <summary>Turns the ruling that waits down, so that another one can be proposed. The one who has proposed it may do so too.</summary>
    /// <returns>Why it is not turned down; null when it is.</returns>
    public Task<Refusal?> Drop(long rrn, int place, string who) =>
        database.Commit<Refusal?>(async connection => await Drop(connection, rrn, place, who) ? null : Refusal.RulingNone);

    private async Task<Refusal?> Take(NpgsqlConnection connection, LockedBill seen, long rrn, RefundVerdict verdict, long number)
    {
        switch (verdict)
        {
            case RefundVerdict.Credited:
            case RefundVerdict.NotCredited:
                var state = verdict == RefundVerdict.Credited ? RefundState.Done : RefundState.Declined;
                return await refunds.TryFinish(connection, seen, rrn, state, responseCode: null)
                    ? null
                    : throw new InvalidOperationException($"The refund {Rrn.ToText(rrn)} is locked as SENT, and is not.");

            case RefundVerdict.LendIt:
                return await remedies.Lend(connection, seen, rrn);

            default:
                return await remedies.Settle(connection, seen, rrn, verdict, number);
        }
    }

    // Locks the refund, after its bill. Null: it can be ruled about so.
    private static async Task<Refusal?> WhyNot(NpgsqlConnection connection, long rrn, RefundVerdict verdict)
    {
        await connection.Execute("select from refunds where rrn = $1 for no key update", CancellationToken.None, rrn);
        var question = await connection.First($"select o.question from ({Open}) as o where o.rrn = $1", ReadQuestion, CancellationToken.None, rrn);
        return question != RefundVerdicts.QuestionOf(verdict) ? Refusal.RefundDecided
            : verdict is RefundVerdict.SendAgain or RefundVerdict.PayOtherwise && await IsContradicted(connection, rrn) ? Refusal.RefundContradicted
            : null;
    }

    // The bank may have credited what it has refused.
    private static Task<bool> IsContradicted(NpgsqlConnection connection, long rrn) => connection.First(
        "select exists (select from refund_contradictions c where c.rrn = $1 and c.closed_at is null) as is_contradicted",
        static row => row.Get<bool>("is_contradicted"),
        CancellationToken.None,
        rrn);

    private static async Task<bool> Drop(NpgsqlConnection connection, long rrn, int place, string who) => await connection.Execute(
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
        Rrn.ToText(rrn)) > 0;

    private static Task<RefundRuling?> FindWaiting(NpgsqlConnection connection, long rrn) => connection.First(
        $"select {Columns} from refund_rulings g where g.rrn = $1 and {IsWaiting} for no key update", Read, CancellationToken.None, rrn);

    private static RefundQuestion? ReadQuestion(NpgsqlDataReader row) => StateNames.ParseQuestion(row.Get<string>("question"));

    private static RefundRuling Read(NpgsqlDataReader row) => new(
        row.Get<short>("place"),
        StateNames.ParseVerdict(row.Get<string>("state")),
        row.Get<string>("reason"),
        row.Get<string>("made_by"),
        row.Get<DateTimeOffset>("made_at"),
        row.GetOrNull<string>("approved_by"),
        row.Get<DateTimeOffset?>("approved_at"),
        row.GetOrNull<string>("dropped_by"),
        row.Get<DateTimeOffset?>("dropped_at"));
}
