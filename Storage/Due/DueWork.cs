namespace Lakala.Storage.Due;

/// <summary>Which kinds of work are due in the database. Each is found exactly by the statement that takes it.</summary>
/// <param name="Attempts">SENT past the sweeper's time.</param>
/// <param name="Expiries">Bills past their time.</param>
/// <param name="Reminders">Bills whose shoppers are to be reminded.</param>
/// <param name="Reversals">Reversals that the bank has not acknowledged, and whose next try is due.</param>
/// <param name="LateAnswers">Answers of the bank that are not judged yet.</param>
/// <param name="Credits">Entries that are not folded into the balances yet.</param>
/// <param name="Trades">Trades whose timer has ended.</param>
/// <param name="Claims">Claims whose time for the next move is over, or debts that can be paid.</param>
/// <param name="Refunds">Refunds to send, or to set the money aside for.</param>
/// <param name="OpenReversals">The number of reversals that the bank has not acknowledged, due or not.</param>
/// <param name="OldestReversal">The age of the oldest of these.</param>
/// <param name="OpenRefunds">The number of refunds that were sent and of which the bank's last word is out, due or not.</param>
/// <param name="OldestRefund">The time since the oldest of these was sent.</param>
public sealed record DueWork(
    bool Attempts,
    bool Expiries,
    bool Reminders,
    bool Reversals,
    bool LateAnswers,
    bool Credits,
    bool Trades,
    bool Claims,
    bool Refunds,
    long OpenReversals,
    TimeSpan OldestReversal,
    long OpenRefunds,
    TimeSpan OldestRefund)
{
    public static readonly DueWork None = new(false, false, false, false, false, false, false, false, false, 0, TimeSpan.Zero, 0, TimeSpan.Zero);
}
