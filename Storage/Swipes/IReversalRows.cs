namespace Lakala.Storage.Swipes;

/// <summary>The reversal queue, and the late answers that may bring something into it. Entries leave it only when the bank has acknowledged them.</summary>
public interface IReversalRows
{
    /// <summary>Takes due entries for this sender until <paramref name="lease"/> from now; other silos pass them over meanwhile.</summary>
    Task<IReadOnlyList<ReversalRow>> TakeDue(TimeSpan lease, int limit, CancellationToken stop);

    /// <summary>The bank has acknowledged: the entry is done and the attempt REVERSED, in one commit.</summary>
    Task Acknowledged(long rrn);

    /// <summary>Not acknowledged: again after <paramref name="wait"/>.</summary>
    Task TryAgain(long rrn, TimeSpan wait);

    /// <summary>Records an answer that nobody waited for. An approval is left to be judged by <see cref="ReverseFalseApprovals"/>.</summary>
    Task RecordLateAnswer(long rrn, string responseCode, string? authorisationCode);

    /// <summary>
    /// Judges each recorded approval once its attempt has left SENT, whenever that is. One of an attempt that was never sent, or
    /// that the bank had declined, gets a reversal of its own; the attempt's stored answer stays.
    /// </summary>
    /// <returns>The RRNs of such approvals, which must not happen, and of those that belong to no attempt and cannot be reversed
    /// from here: the caller raises the alarm.</returns>
    Task<IReadOnlyList<(long Rrn, bool Reversing)>> ReverseFalseApprovals(int limit, CancellationToken stop);
}
