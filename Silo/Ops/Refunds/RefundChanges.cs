using Lakala.Grains.Notices;
using Lakala.Rules.Refunds;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops.Refunds;

/// <summary>What operators do about a refund that is not sent any more. The rows decide, also whether two different people act.</summary>
internal sealed class RefundChanges(RefundRows refunds, RefundRulings rulings, NoticeSignal notices, IBillChanges bills)
{
    /// <summary>The longest reason.</summary>
    public const int MostText = 1_000;

    /// <summary>The words of the form for what the bank has done.</summary>
    public const string Credited = "credited", NotCredited = "not_credited";

    /// <summary>A ruling that another operator has to approve.</summary>
    /// <param name="what">What the bank has done: <see cref="Credited"/> or <see cref="NotCredited"/>.</param>
    public async Task<Result<RefundRow>> Propose(string id, string what, string reason, string who)
    {
        RefundState? state = what switch
        {
            Credited => RefundState.Done,
            NotCredited => RefundState.Declined,
            _ => null,
        };
        return state is null ? Refused.Invalid("what", "Choose what the bank has done.")
            : reason.Trim().Length is 0 or > MostText
                ? Refused.Invalid("reason", $"Write how the bank has said it, such as the number of its letter: {MostText} characters at most.")
            : await Rule(id, refund => rulings.Propose(refund, state.Value, reason.Trim(), who));
    }

    /// <summary>The ruling takes effect, if another operator has proposed it.</summary>
    public async Task<Result<RefundRow>> Approve(string id, int place, string who)
    {
        var ruled = await Rule(id, refund => rulings.Approve(refund, place, who));
        if (ruled.Refused is null)
        {
            bills.Report(ruled.Value.Bill);
            notices.Raise();
        }

        return ruled;
    }

    public Task<Result<RefundRow>> Drop(string id, int place, string who) => Rule(id, refund => rulings.Drop(refund.Rrn, place, who));

    private async Task<Result<RefundRow>> Rule(string id, Func<RefundRow, Task<RefundRulingOutcome>> rule) =>
        !Rrn.TryParse(id, out var rrn) || await refunds.Find(rrn, CancellationToken.None) is not { } refund ? Refused.NotFound("refund", id)
        : await rule(refund) is var outcome and not RefundRulingOutcome.Done ? Refused.Conflict(Why(outcome))
        : refund;

    private static string Why(RefundRulingOutcome outcome) => outcome switch
    {
        RefundRulingOutcome.NotStopped => "The refund is still being sent to the bank. Nobody rules about it before that has ended.",
        RefundRulingOutcome.Decided => "The refund is decided already: the bank's word has come, or two operators have ruled. Look at the refund again.",
        RefundRulingOutcome.None => "This ruling does not wait any more. Look at the refund again.",
        RefundRulingOutcome.Waits => "A ruling waits already. Approve it or turn it down first.",
        RefundRulingOutcome.Alone => "You have proposed this ruling yourself. Another operator has to approve it.",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "No refusal."),
    };
}
