using Lakala.Grains.Notices;
using Lakala.Storage.Bills;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Silo.Merchants;

/// <summary>What came of a merchant's wish for a refund.</summary>
internal abstract record RefundAnswer
{
    private RefundAnswer()
    {
    }

    public sealed record Made(RefundRow Refund) : RefundAnswer;

    /// <summary>The key has its answer already; it may be that of another request.</summary>
    public sealed record Kept(KeptAnswer Answer) : RefundAnswer;

    /// <param name="Left">What can still be refunded of the bill, in minor units.</param>
    public sealed record Refused(Refusal Why, BillRow Bill, long Left) : RefundAnswer;

    /// <summary>The merchant has no such bill.</summary>
    public sealed record NoSuchBill : RefundAnswer;

    /// <summary>Answers under the key came and expired meanwhile.</summary>
    public sealed record TryLater : RefundAnswer;
}

/// <summary>Makes the refunds that merchants ask for, by the API or at their pages: one for each key.</summary>
internal sealed class MerchantRefunds(MerchantBills answers, RefundRows refunds, IRrnSource rrns, NoticeSignal notices, IBillChanges changes)
{
    // The key is taken under the bill's lock, so that one look after it finds the answer; a second one is for an answer that has just expired.
    private const int MaxRounds = 2;

    /// <param name="merchant">Who asks.</param>
    /// <param name="key">The merchant's name for the request.</param>
    /// <param name="hash">Of the request: another one under the key is refused.</param>
    public async Task<RefundAnswer> Request(string merchant, BillNumber bill, CreateRefund wanted, string key, byte[] hash, CancellationToken stop)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            var outcome = await refunds.Request(new RequestRefund(
                await rrns.Next(), merchant, bill.Value, wanted.Amount, wanted.Reason, key,
                refund => new KeptAnswer(key, hash, StatusCodes.Status201Created, RefundView.Json(refund))));
            switch (outcome)
            {
                case RequestOutcome.Made { Refund: var refund }:
                    notices.Raise();
                    changes.Report(bill.Value);
                    return new RefundAnswer.Made(refund);

                case RequestOutcome.Refused refused:
                    return new RefundAnswer.Refused(refused.Why, refused.Bill, refused.Left);

                case RequestOutcome.NoSuchBill:
                    return new RefundAnswer.NoSuchBill();

                case RequestOutcome.KeyTaken when await answers.FindAnswer(merchant, key, stop) is { } kept:
                    return new RefundAnswer.Kept(kept);
            }
        }

        return new RefundAnswer.TryLater();
    }

    /// <param name="refund">One of the merchant who asks.</param>
    /// <returns>The refund as it is now, and why it is not withdrawn; null when it is.</returns>
    public async Task<(RefundRow Refund, Refusal? Refusal)> Withdraw(RefundRow refund)
    {
        var (now, refusal) = await refunds.Withdraw(refund);
        if (refusal is null)
        {
            notices.Raise();
            changes.Report(now.Bill);
        }

        return (now, refusal);
    }
}
