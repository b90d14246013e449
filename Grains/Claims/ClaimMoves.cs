using Lakala.Grains.Notices;
using Lakala.Rules.Claims;
using Lakala.Storage.Claims;
using Lakala.Storage.Swipes;

namespace Lakala.Grains.Claims;

/// <summary>The moves of claims, by the shopper, the merchant, operators and the clock. The rows decide; after a move those who wait for it are woken.</summary>
public sealed class ClaimMoves(ClaimRows claims, IRrnSource rrns, NoticeSignal signal, IBillChanges changes)
{
    /// <summary>A claim about an escrow bill. While one is open, a second one is refused, and the outcome has the open one.</summary>
    /// <param name="amount">Minor units; null: all that can be claimed.</param>
    /// <param name="reason">The shopper's words.</param>
    public async Task<ClaimOutcome> Open(long bill, ClaimKind kind, long? amount, string reason) =>
        Report(await claims.Open(new OpenClaim(await rrns.Next(), bill, kind, amount, reason)));

    /// <summary>Takes a step of the shopper, the merchant or the clock. The same step again changes nothing.</summary>
    /// <param name="text">The words of the one who takes it; null: none.</param>
    public async Task<ClaimOutcome> Take(long claim, ClaimStep step, string? text = null) => Report(await claims.Take(claim, step, text, await Numbers()));

    /// <summary>A ruling that another operator has to approve.</summary>
    public async Task<ClaimOutcome> Propose(long claim, Split split, string text, string who) => await claims.Propose(claim, split, text, who);

    /// <summary>The ruling takes effect.</summary>
    /// <param name="place">Of the ruling that the operator has read.</param>
    public async Task<ClaimOutcome> Approve(long claim, int place, string who) => Report(await claims.Approve(claim, place, who, await Numbers()));

    private ClaimOutcome Report(ClaimOutcome outcome)
    {
        if (outcome is { Claim: { } claim, Refusal: null })
        {
            changes.Report(claim.Bill);
            signal.Raise();
        }

        return outcome;
    }

    private async Task<ClaimNumbers> Numbers() => new(await rrns.Next(), await rrns.Next(), await rrns.Next());
}
