namespace Lakala.Silo.Bank;

/// <summary>The line to the bank, for refunds.</summary>
public interface IRefundLine
{
    /// <summary>Sends the refund and waits for its answer up to the line's time-out.</summary>
    /// <returns>
    /// The bank's response code, whichever it is. Null: no answer that counts, because of silence, a lost line, a wrong MAC, or an answer about
    /// another refund or amount; the bank may have credited the card or not.
    /// </returns>
    Task<string?> Refund(RefundAdvice advice);
}

/// <summary>A refund as it is sent: it names its original without the card. Only <paramref name="IsRepeat"/> changes from try to try.</summary>
/// <param name="IsRepeat">False for the first try (0220); true when an earlier one may have been sent (0221).</param>
/// <param name="Rrn">The refund's own.</param>
/// <param name="Amount">Minor units of CNY.</param>
/// <param name="OriginalStartedAt">When the original was sent.</param>
/// <param name="Terminal">Of the original, and so is <paramref name="Store"/>.</param>
public sealed record RefundAdvice(
    bool IsRepeat,
    long Rrn,
    long Amount,
    DateTimeOffset RequestedAt,
    long OriginalRrn,
    int OriginalStan,
    DateTimeOffset OriginalStartedAt,
    string Terminal,
    string Store);
