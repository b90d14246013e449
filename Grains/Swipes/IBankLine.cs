using Lakala.Rules.Attempts;
using Lakala.Storage.Swipes;

namespace Lakala.Grains.Swipes;

/// <summary>The line to the card network, as the host provides it.</summary>
public interface IBankLine
{
    /// <summary>True when the line is signed on and up.</summary>
    bool IsUp { get; }

    /// <param name="timeout">The time for the answer, from now.</param>
    Task<BankOutcome> Authorise(Authorisation request, TimeSpan timeout);

    /// <summary>Sends the reversal, after the first try as a repeat, and waits for its answer up to the line's time-out.</summary>
    /// <returns>True when the bank has acknowledged it.</returns>
    Task<bool> Reverse(ReversalRow reversal);
}
