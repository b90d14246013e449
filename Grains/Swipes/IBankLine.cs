using Lakala.Rules.Attempts;
using Lakala.Storage.Swipes;

namespace Lakala.Grains.Swipes;

/// <summary>The line to the card network, as the host provides it.</summary>
public interface IBankLine
{
    /// <summary>Signed on and believed to be alive.</summary>
    bool IsUp { get; }

    /// <param name="timeout">How long to wait for the answer, from now.</param>
    Task<BankOutcome> Authorise(Authorisation request, TimeSpan timeout);

    /// <summary>Sends the reversal, as a repeat after the first try. True when the bank has acknowledged it.</summary>
    Task<bool> Reverse(ReversalRow reversal, CancellationToken stop);
}
