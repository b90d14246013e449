using Lakala.Storage.Refunds;

namespace Lakala.Silo.Bank;

/// <summary>The line by which refunds go to the card network.</summary>
public interface IRefundLine
{
    /// <summary>Sends the refund, after the first try as a repeat, and waits for its answer up to the line's time-out.</summary>
    /// <returns>Field 39 of the bank's answer to this refund; null when there is none that can be believed.</returns>
    Task<string?> Refund(RefundToSend refund);
}
