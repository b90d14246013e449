using Lakala.Bills;
using Lakala.Grains.Storage;

namespace Lakala.Grains.Tenders;

/// <summary>The line to the card network, as the host provides it.</summary>
public interface IBankLine
{
    /// <summary>Signed on and believed to be alive.</summary>
    bool IsUp { get; }

    /// <param name="timeout">How long to wait for the answer, from now.</param>
    Task<BankOutcome> Authorise(TenderRequest request, TimeSpan timeout);

    /// <summary>Sends the reversal, as a repeat after the first try. True when the bank has acknowledged it.</summary>
    Task<bool> Reverse(ReversalRow reversal, CancellationToken stop);
}

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
