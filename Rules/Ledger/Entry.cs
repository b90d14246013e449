namespace Lakala.Rules.Ledger;

public enum EntryKind
{
    /// <summary>A swipe that the bank has approved. Its subject is its RRN.</summary>
    Payment,

    /// <summary>Held money of an escrow bill is released. Its subject is the bill's number.</summary>
    Release,

    /// <summary>Money is set aside for a refund. The subject of this, of <see cref="RefundTaken"/> and of <see cref="RefundBack"/> is the refund's RRN.</summary>
    Refund,

    /// <summary>The bank has credited the card, or the shopper was paid in another way.</summary>
    RefundTaken,

    /// <summary>The bank has refused the refund, or its merchant has withdrawn it.</summary>
    RefundBack,

    /// <summary>
    /// A merchant's money is set aside while a claim is open, or while two operators decide about a refund that the bank has refused. The subject of this and of
    /// <see cref="Unfreeze"/> is the number of the claim or of the refund.
    /// </summary>
    Freeze,

    Unfreeze,

    /// <summary>Own money of the platform goes into the guarantee fund.</summary>
    Fund,

    /// <summary>A merchant's income pays what it owes. The subject is the refund's RRN.</summary>
    DebtPaid,
}

/// <param name="Amount">Minor units; a debit is positive, a credit negative.</param>
public readonly record struct EntryLine(Account Account, long Amount);

/// <summary>
/// One movement of money: lines of one currency that sum to zero, stored together or not at all. Kind, subject and sequence
/// are its name: the same movement is never posted twice.
/// </summary>
public sealed record Entry
{
    /// <summary>No movement needs more; the database has so many columns.</summary>
    public const int MostLines = 6;

    /// <param name="subject">The number of what has moved the money.</param>
    /// <param name="sequence">From 0, for a subject that moves money in the same way several times.</param>
    /// <param name="lines">Those without an amount are left out.</param>
    /// <exception cref="ArgumentException">They do not sum to zero, are none or too many, or of several currencies.</exception>
    public Entry(EntryKind kind, long subject, int sequence, params ReadOnlySpan<EntryLine> lines)
    {
        var (kept, count, sum) = (new EntryLine[lines.Length], 0, (Int128)0);
        foreach (var line in lines)
        {
            if (line.Amount != 0)
            {
                kept[count++] = line;
                sum += line.Amount;
            }
        }

        if (sum != 0 || count is 0 or > MostLines || Array.Exists(kept[..count], line => line.Account.Currency != kept[0].Account.Currency))
        {
            throw new ArgumentException($"{kind} of {subject}: {count} lines with the sum {sum} are no entry of one currency.", nameof(lines));
        }

        (Kind, Subject, Sequence, Lines) = (kind, subject, sequence, new ArraySegment<EntryLine>(kept, 0, count));
    }

    public EntryKind Kind { get; }

    public long Subject { get; }

    public int Sequence { get; }

    public IReadOnlyList<EntryLine> Lines { get; }
}
