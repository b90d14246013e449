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
    /// <param name="texts">Of a refusal; null: English. So with every change.</param>
    public async Task<Result<RefundRow>> Propose(string id, string what, string reason, string who, OpsTexts? texts = null)
    {
        texts ??= OpsTexts.English;
        return Enum.GetValues<RefundVerdict>().Where(verdict => verdict.ToString() == what).ToList() is not [var verdict] ? Refused.Invalid("what", texts.ChooseWhat)
            : reason.Trim().Length is 0 or > MostText ? Refused.Invalid("reason", OpsTexts.Fill(texts.WriteWhy, MostText))
            : await Rule(id, texts, refund => rulings.Propose(refund, verdict, reason.Trim(), who));
    }

    /// <summary>The ruling takes effect, if another operator has proposed it.</summary>
    public async Task<Result<RefundRow>> Approve(string id, int place, string who, OpsTexts? texts = null)
    {
        var number = await rrns.Next();
        var ruled = await Rule(id, texts ?? OpsTexts.English, refund => rulings.Approve(refund, place, who, number));
        if (ruled.Refused is null)
        {
            bills.Report(ruled.Value.Bill);
            notices.Raise();
        }

        return ruled;
    }

    public Task<Result<RefundRow>> Drop(string id, int place, string who, OpsTexts? texts = null) => Rule(id, texts ?? OpsTexts.English, refund => rulings.Drop(refund.Rrn, place, who));

    private async Task<Result<RefundRow>> Rule(string id, OpsTexts texts, Func<RefundRow, Task<Refusal?>> rule) =>
        !Rrn.TryParse(id, out var rrn) || await refunds.Find(rrn, CancellationToken.None) is not { } refund ? Refused.NotFound("refund", id, texts.NoSuch("refund", id))
        : await rule(refund) is { } refusal ? Refused.Conflict(texts.RefundRefusals(refusal))
        : refund;
}
