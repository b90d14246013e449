using Lakala.Rules.Attempts;
using Lakala.Vocabulary;

namespace Lakala.Grains.Swipes;

/// <summary>A bank card with its PIN, over the card network.</summary>
public sealed class BankCardTender(IBankLine line, TimeProvider time) : ITender
{
    public Task<BankOutcome> Authorise(TenderRequest request)
    {
        var left = time.GetElapsedTime(time.GetTimestamp(), request.LastMoment);
        return left > TimeSpan.Zero
            ? line.Authorise(request, left)
            : Task.FromResult<BankOutcome>(new BankOutcome.NotSent(Refusal.BankNotReachable));
    }
}
