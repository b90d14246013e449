using Lakala.Rules.Trades;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Claims;

/// <param name="HasRuling">True: a proposed ruling waits for a second operator.</param>
/// <param name="FrozenBy">Who has stopped the trade; null: nobody.</param>
public sealed record OpenDispute(ClaimRow Claim, string MerchantName, bool HasRuling, string? FrozenBy);

/// <param name="Held">In minor units.</param>
/// <param name="FrozenBy">An operator, or <see cref="Trade.RefundDeclined"/>.</param>
/// <param name="Since">Null: it was not stopped at the page, or the bank refused no refund.</param>
public sealed record FrozenTrade(BillNumber Bill, string MerchantId, string MerchantName, TradeState State, long Held, string FrozenBy, DateTimeOffset? Since);

/// <summary>What happened to a claim.</summary>
/// <param name="What">Of <see cref="EventTypes"/>.</param>
/// <param name="Text">The words of the one who made the move; null: none.</param>
/// <param name="Amount">What is claimed, offered or given, in minor units; null: it says no amount.</param>
/// <param name="IsByItself">The time for the next move was over.</param>
public sealed record ClaimMove(string What, string? Text, long? Amount, bool IsByItself, DateTimeOffset At);

/// <summary>What operators see of claims and of stopped trades.</summary>
public sealed class DisputeQueries([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    /// <summary>The claims that wait for a ruling, the longest waiting first.</summary>
    public Task<IReadOnlyList<OpenDispute>> ListJudging(int limit, CancellationToken stop) => List("c.state = 'JUDGING' order by c.since, c.id", limit, stop);

    /// <summary>All claims that are not over, the first one that was opened first.</summary>
    public Task<IReadOnlyList<OpenDispute>> ListOpen(int limit, CancellationToken stop) =>
        List("c.state not in ('AGREED', 'JUDGED', 'WITHDRAWN') order by c.opened_at, c.id", limit, stop);

    /// <summary>The trades that are stopped.</summary>
    public Task<IReadOnlyList<FrozenTrade>> ListFrozen(int limit, CancellationToken stop) => database.List(
        $"""
        select t.bill, t.merchant_id, m.name as merchant_name, t.state, t.held, t.frozen_by,
               case t.frozen_by
                 when '{Trade.RefundDeclined}' then (select min(f.since) from refused_refunds f where f.bill = t.bill and f.is_held and f.closed_at is null)
                 else (select max(a.at) from audit_log a where a.subject = lpad(t.bill::text, {BillNumber.Length}, '0') and a.what = 'trade.freeze' and a.who = t.frozen_by)
               end as since
        from trades t join merchants m on m.id = t.merchant_id
        where t.frozen_by is not null order by t.bill limit $1
        """,
        static row => new FrozenTrade(
            BillNumber.FromStored(row.Get<long>("bill")),
            row.Get<string>("merchant_id"),
            row.Get<string>("merchant_name"),
            StateNames.ParseTrade(row.Get<string>("state")),
            row.Get<long>("held"),
            row.Get<string>("frozen_by"),
            row.Get<DateTimeOffset?>("since")),
        stop,
        limit);

    /// <summary>What happened to a claim, the first move first.</summary>
    public Task<IReadOnlyList<ClaimMove>> ListMoves(long claim, CancellationToken stop) => database.List(
        "select what, text, amount, is_by_itself, at from claim_moves where claim = $1 order by move",
        static row => new ClaimMove(
            row.Get<string>("what"), row.GetOrNull<string>("text"), row.Get<long?>("amount"), row.Get<bool>("is_by_itself"), row.Get<DateTimeOffset>("at")),
        stop,
        claim);

    private Task<IReadOnlyList<OpenDispute>> List(string which, int limit, CancellationToken stop) => database.List(
        $"""
        select {ClaimRow.Columns}, m.name as merchant_name, t.frozen_by, exists (select from rulings g where g.claim = c.id and {RulingRow.IsWaiting}) as has_ruling
        from claims c join merchants m on m.id = c.merchant_id join trades t on t.bill = c.bill
        where {which} limit $1
        """,
        static row => new OpenDispute(ClaimRow.Read(row), row.Get<string>("merchant_name"), row.Get<bool>("has_ruling"), row.GetOrNull<string>("frozen_by")),
        stop,
        limit);
}
