namespace Lakala.Storage.Swipes;

/// <summary>The reversal queue, and the late answers that may add entries to it. Entries leave it only when the bank has acknowledged them.</summary>
public interface IReversalRows
{
    /// <summary>Takes due entries for this sender until <paramref name="lease"/> from now; other silos skip them meanwhile.</summary>
    Task<IReadOnlyList<ReversalRow>> TakeDue(TimeSpan lease, int limit, CancellationToken stop);

    /// <summary>The bank has acknowledged: the entry is done and the attempt REVERSED, in one commit.</summary>
    Task Acknowledged(long rrn);

    /// <summary>Not acknowledged: again after <paramref name="wait"/>.</summary>
    Task TryAgain(long rrn, TimeSpan wait);

    /// <summary>Records an answer for which no request waited. <see cref="ReverseFalseApprovals"/> evaluates an approval.</summary>
    Task RecordLateAnswer(long rrn, string responseCode, string? authorisationCode);

    /// <summary>
    /// Evaluates each recorded approval once its attempt has left SENT. An approval of an attempt that was never sent, or
    /// that the bank had declined, gets its own reversal; the attempt's stored answer stays.
    /// </summary>
    /// <returns>The RRNs of such approvals, which must not happen, and of approvals without an attempt, which cannot be reversed
    /// from here: the caller logs them as errors.</returns>
    Task<IReadOnlyList<(long Rrn, bool Reversing)>> ReverseFalseApprovals(int limit, CancellationToken stop);
}
