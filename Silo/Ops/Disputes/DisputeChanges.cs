using Lakala.Grains.Claims;
using Lakala.Grains.Notices;
using Lakala.Rules.Claims;
using Lakala.Storage.Claims;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops.Disputes;

/// <summary>What operators do about claims and stopped trades. The rows decide, also whether two different people act.</summary>
internal sealed class DisputeChanges(ClaimMoves moves, ClaimRows claims, TradeStops stops, IBillChanges bills)
{
    /// <summary>The longest text of a ruling, and the longest reason.</summary>
    public const int MostText = 1_000;

    /// <summary>A ruling that another operator has to approve.</summary>
    /// <param name="split">The parts as they were keyed, in yuan.</param>
    /// <param name="texts">Of a refusal; null: English. So with every change.</param>
    public async Task<Result<ClaimRow>> Propose(long claim, (string ToShopper, string ToMerchant, string FromGuarantee) split, string text, string who, OpsTexts? texts = null)
    {
        texts ??= OpsTexts.English;
        if (RefuseText("text", text, texts.NoText, texts.LongText) is { } refused)
        {
            return refused;
        }

        var (toShopper, toMerchant, fromGuarantee) = (FormAmount.Parse(split.ToShopper), FormAmount.Parse(split.ToMerchant), FormAmount.Parse(split.FromGuarantee));
        return toShopper is null ? Refused.Invalid("to_shopper", texts.BadToShopper)
            : toMerchant is null ? Refused.Invalid("to_merchant", texts.BadToMerchant)
            : fromGuarantee is null ? Refused.Invalid("from_guarantee", texts.BadFromFund)
            : Read(claim, await moves.Propose(claim, new Split(toShopper.Value, toMerchant.Value, fromGuarantee.Value), text.Trim(), who), texts);
    }

    /// <summary>The ruling takes effect, if another operator has proposed it.</summary>
    public async Task<Result<ClaimRow>> Approve(long claim, int place, string who, OpsTexts? texts = null) =>
        Read(claim, await moves.Approve(claim, place, who), texts ?? OpsTexts.English);

    public async Task<Result<ClaimRow>> Drop(long claim, int place, string who, OpsTexts? texts = null) =>
        Read(claim, await claims.Drop(claim, place, who), texts ?? OpsTexts.English);

    /// <summary>Nothing of the trade is released or given back until it goes on.</summary>
    public async Task<Result<BillNumber>> Freeze(BillNumber bill, string reason, string who, OpsTexts? texts = null) =>
        RefuseReason(reason, texts ?? OpsTexts.English) is { } refused ? refused : Read(bill, await stops.Freeze(bill.Value, reason.Trim(), who), texts ?? OpsTexts.English);

    public async Task<Result<BillNumber>> Unfreeze(BillNumber bill, string reason, string who, OpsTexts? texts = null) =>
        RefuseReason(reason, texts ?? OpsTexts.English) is { } refused ? refused : Read(bill, await stops.Unfreeze(bill.Value, reason.Trim(), who), texts ?? OpsTexts.English);

    private static Result<ClaimRow> Read(long id, ClaimOutcome outcome, OpsTexts texts) =>
        outcome.Claim is not { } claim ? Refused.NotFound("claim", Rrn.ToText(id), texts.NoSuch("claim", Rrn.ToText(id)))
        : outcome.Refusal is not { } why ? claim
        : why == Refusal.RulingWrong ? Refused.Invalid(null, WhyWrong(claim, texts))
        : Refused.Conflict(texts.DisputeRefusals(why));

    private Result<BillNumber> Read(BillNumber bill, Refusal? refusal, OpsTexts texts)
    {
        if (refusal is { } why)
        {
            return why == Refusal.BillUnknown
                ? Refused.NotFound("bill", bill.ToString(), texts.NoSuch("bill", bill.ToString()))
                : Refused.Conflict(texts.DisputeRefusals(why));
        }

        bills.Report(bill.Value);
        return bill;
    }

    private static string WhyWrong(ClaimRow claim, OpsTexts texts) =>
        OpsTexts.Fill(texts.PartsWrong, Format.Money(claim.Claim.Amount)) + (claim.Claim.IsAfterSale ? "" : texts.NothingFromFund);

    private static Refused? RefuseReason(string reason, OpsTexts texts) => RefuseText("reason", reason, texts.NoReason, texts.LongReason);

    private static Refused? RefuseText(string field, string text, string none, string tooLong) => text.Trim().Length switch
    {
        0 => Refused.Invalid(field, none),
        > MostText => Refused.Invalid(field, OpsTexts.Fill(tooLong, MostText)),
        _ => null,
    };
}
