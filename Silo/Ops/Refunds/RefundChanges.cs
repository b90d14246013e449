using Lakala.Grains.Notices;
using Lakala.Rules.Refunds;
using Lakala.Storage.Claims;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops.Refunds;

/// <summary>What operators do about a refund that does not come to an end by itself. The rows decide, also whether two different people act.</summary>
internal sealed class RefundChanges(RefundRows refunds, RefundRulings rulings, IRrnSource rrns, NoticeSignal notices, IBillChanges bills)
{
    /// <summary>The longest reason.</summary>
    public const int MostText = 1_000;

    /// <summary>A ruling that another operator has to approve.</summary>
    /// <param name="what">The name of a <see cref="RefundVerdict"/>.</param>
    public async Task<Result<RefundRow>> Propose(string id, string what, string reason, string who) =>
        Enum.GetValues<RefundVerdict>().Where(verdict => verdict.ToString() == what).ToList() is not [var verdict] ? Refused.Invalid("what", "Choose what is to be done.")
        : reason.Trim().Length is 0 or > MostText ? Refused.Invalid("reason", $"Write why, such as the number of a letter or of a transfer: {MostText} characters at most.")
        : await Rule(id, refund => rulings.Propose(refund, verdict, reason.Trim(), who));

    /// <summary>The ruling takes effect, if another operator has proposed it.</summary>
    public async Task<Result<RefundRow>> Approve(string id, int place, string who)
    {
        var number = await rrns.Next();
        var ruled = await Rule(id, refund => rulings.Approve(refund, place, who, number));
        if (ruled.Refused is null)
        {
            bills.Report(ruled.Value.Bill);
            notices.Raise();
        }

        return ruled;
    }

    public Task<Result<RefundRow>> Drop(string id, int place, string who) => Rule(id, refund => rulings.Drop(refund.Rrn, place, who));

    private async Task<Result<RefundRow>> Rule(string id, Func<RefundRow, Task<Refusal?>> rule) =>
        !Rrn.TryParse(id, out var rrn) || await refunds.Find(rrn, CancellationToken.None) is not { } refund ? Refused.NotFound("refund", id)
        : await rule(refund) is { } refusal ? Refused.Conflict(Why(refusal))
        : refund;

    private static string Why(Refusal refusal) => refusal switch
    {
        Refusal.RefundDecided => "There is nothing of this kind to decide about the refund now. Look at the refund again.",
        Refusal.RulingNone => "This ruling does not wait any more. Look at the refund again.",
        Refusal.RulingWaits => "A ruling waits already. Approve it or turn it down first.",
        Refusal.RulingAlone => "You have proposed this ruling yourself. Another operator has to approve it.",
        Refusal.GuaranteeShort => "The guarantee fund has less than the refund takes out of it. Pay into the fund first, or turn the ruling down.",
        Refusal.MerchantShort => "The merchant's money does not cover it now. Propose to send it again: then it waits for the money.",
        Refusal.RefundContradicted => "The bank contradicts itself about this refund, and may have credited it. Ask the bank, and close the contradiction first.",
        Refusal.RefundExceeds or Refusal.TradeClaimed or Refusal.RefundUndecided =>
            "Less is left of the bill than the refund gives, because of another refund or an open claim. Wait for the claim, or propose to leave it.",
        Refusal.TradeFrozen => "An operator has stopped the trade for another reason. Let it go on first: it stays stopped until this is decided.",
        _ => "This cannot be done right now. Look at the page again.",
    };
}
