using Lakala.Rules.Claims;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Claims;

/// <param name="Place">1 to 5: the first to the last claim of the bill.</param>
/// <param name="Frozen">What is frozen of the merchant's money, in minor units.</param>
/// <param name="Reason">The shopper's words.</param>
/// <param name="Answer">The merchant's last words.</param>
/// <param name="Appeal">The shopper's words to the operators.</param>
/// <param name="Ruling">The operators' words.</param>
/// <param name="Refund">The RRN of the refund that the merchant gives; null: none.</param>
/// <param name="Compensation">The RRN of the refund that the guarantee fund gives; null: none.</param>
public sealed record ClaimRow(
    long Id,
    long Bill,
    string MerchantId,
    int Place,
    string Currency,
    Claim Claim,
    DateTimeOffset OpenedAt,
    string Reason,
    string? Answer = null,
    string? Appeal = null,
    string? Ruling = null,
    long Frozen = 0,
    long? Refund = null,
    long? Compensation = null)
{
    /// <summary>The columns for <see cref="Read"/>, of claims c.</summary>
    internal const string Columns =
        """
        c.id, c.bill, c.merchant_id, c.place, c.currency, c.kind, c.state, c.amount, c.is_after_sale, c.offer, c.granted, c.frozen, c.reason, c.answer,
        c.appeal, c.ruling, c.carrier, c.tracking_number, c.refund, c.compensation, c.since, c.due_at, c.opened_at, c.moves
        """;

    public BillNumber BillNumber => BillNumber.FromStored(Bill);

    internal static ClaimRow Read(NpgsqlDataReader row) => new(
        row.Get<long>("id"),
        row.Get<long>("bill"),
        row.Get<string>("merchant_id"),
        row.Get<short>("place"),
        row.Get<string>("currency"),
        new Claim(
            StateNames.ParseClaimKind(row.Get<string>("kind")),
            row.Get<long>("amount"),
            StateNames.ParseClaim(row.Get<string>("state")),
            row.Get<DateTimeOffset>("since"),
            row.Get<DateTimeOffset?>("due_at"),
            row.Get<bool>("is_after_sale"),
            row.Get<long?>("offer"),
            row.GetOrNull<string>("carrier") is { } carrier ? new ReturnParcel(carrier, row.Get<string>("tracking_number")) : null,
            row.Get<long?>("granted"),
            row.Get<int>("moves")),
        row.Get<DateTimeOffset>("opened_at"),
        row.Get<string>("reason"),
        row.GetOrNull<string>("answer"),
        row.GetOrNull<string>("appeal"),
        row.GetOrNull<string>("ruling"),
        row.Get<long>("frozen"),
        row.Get<long?>("refund"),
        row.Get<long?>("compensation"));
}

/// <summary>A proposed ruling, and what became of it.</summary>
/// <param name="Place">From 1: the first one that was proposed for the claim.</param>
/// <param name="ApprovedBy">Null: nobody yet.</param>
/// <param name="DroppedBy">The operator who has turned it down; null: nobody.</param>
public sealed record RulingRow(
    long Claim,
    int Place,
    Split Split,
    string Text,
    string MadeBy,
    DateTimeOffset MadeAt,
    string? ApprovedBy,
    DateTimeOffset? ApprovedAt,
    string? DroppedBy,
    DateTimeOffset? DroppedAt)
{
    /// <summary>The columns for <see cref="Read"/>, of rulings g.</summary>
    internal const string Columns =
        "g.claim, g.place, g.to_shopper, g.to_merchant, g.from_guarantee, g.text, g.made_by, g.made_at, g.approved_by, g.approved_at, g.dropped_by, g.dropped_at";

    internal const string IsWaiting = "g.approved_by is null and g.dropped_by is null";

    internal static RulingRow Read(NpgsqlDataReader row) => new(
        row.Get<long>("claim"),
        row.Get<short>("place"),
        new Split(row.Get<long>("to_shopper"), row.Get<long>("to_merchant"), row.Get<long>("from_guarantee")),
        row.Get<string>("text"),
        row.Get<string>("made_by"),
        row.Get<DateTimeOffset>("made_at"),
        row.GetOrNull<string>("approved_by"),
        row.Get<DateTimeOffset?>("approved_at"),
        row.GetOrNull<string>("dropped_by"),
        row.Get<DateTimeOffset?>("dropped_at"));
}
