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
    public async Task<Result<ClaimRow>> Propose(long claim, (string ToShopper, string ToMerchant, string FromGuarantee) split, string text, string who)
    {
        if (RefuseText("text", text) is { } refused)
        {
            return refused;
        }

        var (toShopper, toMerchant, fromGuarantee) = (FormAmount.Parse(split.ToShopper), FormAmount.Parse(split.ToMerchant), FormAmount.Parse(split.FromGuarantee));
        return toShopper is null ? NoAmount("to_shopper", "What goes to the shopper")
            : toMerchant is null ? NoAmount("to_merchant", "What goes to the merchant")
            : fromGuarantee is null ? NoAmount("from_guarantee", "What comes from the guarantee fund")
            : Read(claim, await moves.Propose(claim, new Split(toShopper.Value, toMerchant.Value, fromGuarantee.Value), text.Trim(), who));
    }

    /// <summary>The ruling takes effect, if another operator has proposed it.</summary>
    public async Task<Result<ClaimRow>> Approve(long claim, int place, string who) => Read(claim, await moves.Approve(claim, place, who));

    public async Task<Result<ClaimRow>> Drop(long claim, int place, string who) => Read(claim, await claims.Drop(claim, place, who));

    /// <summary>Nothing of the trade is released or given back until it goes on.</summary>
    public async Task<Result<BillNumber>> Freeze(BillNumber bill, string reason, string who) =>
        RefuseText("reason", reason) is { } refused ? refused : Read(bill, await stops.Freeze(bill.Value, reason.Trim(), who));

    public async Task<Result<BillNumber>> Unfreeze(BillNumber bill, string reason, string who) =>
        RefuseText("reason", reason) is { } refused ? refused : Read(bill, await stops.Unfreeze(bill.Value, reason.Trim(), who));

    private static Result<ClaimRow> Read(long id, ClaimOutcome outcome) =>
        outcome.Claim is not { } claim ? Refused.NotFound("claim", Rrn.ToText(id))
        : outcome.Refusal is not { } why ? claim
        : why == Refusal.RulingWrong ? Refused.Invalid(null, WhyWrong(claim))
        : Refused.Conflict(Why(why));

    private Result<BillNumber> Read(BillNumber bill, Refusal? refusal)
    {
        if (refusal is { } why)
        {
            return why == Refusal.BillUnknown ? Refused.NotFound("bill", bill.ToString()) : Refused.Conflict(Why(why));
        }

        bills.Report(bill.Value);
        return bill;
    }

    private static string WhyWrong(ClaimRow claim) =>
        $"The three parts together must be CNY {Format.Money(claim.Claim.Amount)}, which is claimed."
        + (claim.Claim.IsAfterSale ? "" : " The money is held, so nothing comes from the guarantee fund.");

    private static string Why(Refusal refusal) => refusal switch
    {
        Refusal.RulingAlone => "You have proposed this ruling yourself. Another operator has to approve it.",
        Refusal.RulingWaits => "A ruling waits already. Approve it or turn it down first.",
        Refusal.RulingNone => "This ruling does not wait any more. Look at the claim again.",
        Refusal.GuaranteeShort => "The guarantee fund has less than the ruling takes out of it. Pay into the fund first, or turn the ruling down.",
        Refusal.ClaimOver => "The claim is over.",
        Refusal.ClaimNotNow => "The claim does not wait for a ruling: one of the two sides has to move.",
        Refusal.ClaimExceeds => "Less is left of the bill than the ruling gives, because a part was refunded meanwhile. Turn the ruling down, and propose another one.",
        Refusal.TradeFrozen => "The trade is stopped, so its money does not move. Let it go on first.",
        Refusal.RefundUndecided => "The bank has refused a refund of this trade. Two operators decide first how the shopper gets the money: the refund is at Open items.",
        Refusal.TradeNone => "The bill has no guaranteed trade, or is not paid.",
        Refusal.TradeFinished => "The trade is finished: the merchant has the money.",
        Refusal.TradeClosed => "The trade is closed: the money went back to the shopper.",
        _ => "This cannot be done right now. Look at the page again.",
    };

    private static Refused? RefuseText(string field, string text) => text.Trim().Length switch
    {
        0 => Refused.Invalid(field, $"Write a {field}: it is kept with what you do."),
        > MostText => Refused.Invalid(field, $"The {field} has {MostText} characters at most."),
        _ => null,
    };

    private static Refused NoAmount(string field, string what) => Refused.Invalid(field, $"{what} is no amount. Write yuan with two decimals at most, such as 12.50.");
}
