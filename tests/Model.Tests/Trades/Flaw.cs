using Lakala.Testing;

namespace Lakala.Model.Tests.Trades;

/// <summary>Breaks one rule of the product's SQL, to show that the histories find it. The product does not contain it.</summary>
/// <param name="Name">A sentence.</param>
/// <param name="Without">What is not drawn, so that the rule is broken by nothing else.</param>
/// <param name="Favourite">The place of the bill with which most happens; from 4 on they are direct.</param>
public sealed record Flaw(string Name, IReadOnlyList<SqlEdit> Edits, IReadOnlyList<string>? Without = null, int Favourite = 1)
{
    private const string BillLock = "select from bills where number = ", TradeLock = "select from trades where bill = ";
    private const int Direct = 4;
    private const string Locked = " for no key update";
    private const string ReadToMove = "select i.ord, clock_timestamp() as as_of, b.*", Move = "update trades t\n", Due = "order by due_at limit $1";
    private const string NotStopped = "t.frozen_by is null and ", NotLeased = " and (t.leased_until is null or t.leased_until <= clock_timestamp())";

    public static readonly IReadOnlyList<Flaw> All =
    [
        new("A release does not look whether the trade is still the same", [new(Move, " and t.moves = i.from_moves and t.state = i.from_state", "")]),
        new("A refund and a claim do not wait for a release", [new(TradeLock, Locked, "")]),
        new("Refunds and claims do not wait for each other", [new(TradeLock, Locked, ""), new(BillLock, Locked, "")], [History.Confirm, History.SweepTrades]),
        new("Refunds of a direct bill do not wait for each other", [new(BillLock, Locked, "")], Favourite: Direct),
        new(
            "A repeated request is a new refund",
            [
                new("from idempotency_keys where merchant_id = $1 and key = $2) as is_taken", "key = $2)", "key = $2 and false)"),
                new("insert into idempotency_keys", "values ($1, $2, $3, $4, $5)", "values ($1, $2, $3, $4, $5) on conflict do nothing"),
            ]),
        new("A refund that is sent again has a new RRN", [new("select t.rrn, t.original_rrn, t.amount", "select t.rrn,", "select t.rrn + 1000000 * (t.tries - 1) as rrn,")]),
        new("The bank's word counts in any state of the refund", [new("update refunds r set state = $2, response_code", " and r.state = 'SENT'", "")]),
        new(
            "A refused refund is computed again and not mirrored",
            [new("where e.kind = $1 and e.subject = $2 and e.sequence = $3 order by l.line", ", l.amount", $", {Computed} as amount")],
            Favourite: Direct),
        new(
            "The sweep ignores that a trade is stopped",
            [
                new(Due, "frozen_by is null and ", ""),
                new(ReadToMove, "t.frozen_by as trade_frozen_by", "null::text as trade_frozen_by"),
                new(Move, NotStopped, ""),
                new(Move, "frozen_by = i.frozen_by, ", ""),
            ]),
        new(
            "The sweep ignores the form of a claim",
            [
                new(Due, " and (leased_until is null or leased_until <= clock_timestamp())", ""),
                new(ReadToMove, "t.leased_until as trade_leased_until", "null::timestamptz as trade_leased_until"),
                new(Move, NotLeased, ""),
                new(Move, "leased_until = i.leased_until, ", "leased_until = coalesce(i.leased_until, t.leased_until), "),
            ]),
        new("Credits are folded in by the newest transaction and not by the oldest", [new("fresh as materialized", "txid_snapshot_xmin(", "txid_snapshot_xmax(")]),
        new("A debit does not lock its balance", [new("order by b.account for no key update of b", Locked + " of b", "")]),
    ];

    // The shares of what was refunded last, as if this refund were it.
    private const string Computed =
        """
        (select case case when x.is_fee_kept then '' else a.kind end
                  when 'merchant' then (x.had - round(x.had * x.fee / 10000.0)) - (x.has - round(x.has * x.fee / 10000.0))
                  when 'store' then floor(round(x.had * x.fee / 10000.0) * x.commission / 100) - floor(round(x.has * x.fee / 10000.0) * x.commission / 100)
                  when 'platform' then round(x.had * x.fee / 10000.0) - floor(round(x.had * x.fee / 10000.0) * x.commission / 100)
                    - round(x.has * x.fee / 10000.0) + floor(round(x.has * x.fee / 10000.0) * x.commission / 100)
                  else l.amount
                end::bigint
         from (select b.amount - b.refunded + r.amount as had, b.amount - b.refunded as has, p.fee_basis_points as fee, p.commission_percent as commission, b.is_fee_kept
               from refunds r join bills b on b.number = r.bill join attempts p on p.rrn = r.original_rrn where r.rrn = $2) x)
        """;

    public override string ToString() => Name;
}
