using Lakala.Rules.Refunds;

namespace Lakala.Storage.Refunds;

/// <summary>The queue of refunds on their way to the bank.</summary>
public interface IRefundRows
{
    /// <summary>R2: takes due refunds, which are SENT from now on. They are due again when the lease ends without an outcome. One whose
    /// <see cref="Refund.SendingTime"/> is over is not taken, and is not due any more.</summary>
    Task<IReadOnlyList<RefundToSend>> TakeDue(TimeSpan lease, int limit, CancellationToken stop);

    /// <summary>R3: the bank's final word with its entry, event and deliveries, in one commit. Only the first one decides.</summary>
    /// <param name="state">DONE or DECLINED.</param>
    Task<FinalWord> Finish(long rrn, RefundState state, string responseCode);

    /// <summary>Undecided: it stays SENT, and is due again after the wait, unless it is not sent any more.</summary>
    Task TryAgain(long rrn, string? responseCode, TimeSpan wait);

    /// <summary>Closes trades whose goods were never shipped: all that is held goes back to the shopper.</summary>
    /// <param name="nextRrn">Gives the refund of each its name.</param>
    /// <returns>The number of trades that were due.</returns>
    Task<int> CloseOverdue(int limit, Func<ValueTask<long>> nextRrn, CancellationToken stop);

    /// <summary>Sets the money of QUEUED refunds aside where it is there by now, of each merchant the oldest first.</summary>
    /// <returns>The number of refunds that are REQUESTED now.</returns>
    Task<int> CoverQueued(int limit, CancellationToken stop);
}
