namespace Lakala.Model.Tests;

/// <summary>
/// One broken rule each, to show that the checks see it. The product knows nothing of them: a port is replaced, or the model's books.
/// </summary>
public enum Mutation
{
    None,

    /// <summary>C1 starts an attempt whatever the bill's state, and no index speaks against it.</summary>
    NoGuardInC1,

    /// <summary>C1 moves the bill before it knows whether the key's row could be inserted.</summary>
    BillFirstInC1,

    /// <summary>A C1 whose outcome is unknown is taken for stored, and the bank is called.</summary>
    UnknownC1TakenForStored,

    /// <summary>Whoever finds the key SENT asks the bank as well, not only the run whose id it has.</summary>
    EverybodySends,

    /// <summary>The terminal is told "paid" and C2 follows.</summary>
    AnswerBeforeC2,

    /// <summary>The terminal is told "no answer, not paid" and REVERSING follows.</summary>
    NotPaidBeforeReversing,

    /// <summary>C2 moves an attempt whatever its state.</summary>
    NoStateInC2,

    /// <summary>The bill is opened again in a commit of its own.</summary>
    ReopenedApart,

    /// <summary>The bank's silence is taken for a decline.</summary>
    SilenceTakenForDecline,

    /// <summary>A refusal is told and not stored under its key.</summary>
    RefusalNotStored,

    /// <summary>An enquiry for an unknown key hears 25 and leaves no tombstone.</summary>
    NoVoidOnEnquiry,

    /// <summary>An abandonment takes back what is APPROVED.</summary>
    AbandonReversesApproved,

    /// <summary>The attempt is REVERSED as soon as its reversal has left.</summary>
    ReversedOnSending,

    /// <summary>A reversal leaves the queue when the bank does not answer it.</summary>
    ReversalGivenUp,

    /// <summary>The merchant cancels what is PAYING.</summary>
    ClosesWhilePaying,

    /// <summary>An approval that comes late settles what is being reversed.</summary>
    LateApprovalSettlesReversing,

    /// <summary>An approval that came late is judged as it comes, even when its attempt is still SENT.</summary>
    LateApprovalJudgedTooEarly,

    /// <summary>An approval that comes after a decline is only recorded.</summary>
    FalseApprovalStands,

    /// <summary>The bank forgets a reversal whose original it has not seen.</summary>
    NoTombstoneAtBank,

    /// <summary>The bank debits again when an RRN comes again.</summary>
    BankDebitsRepeats,

    /// <summary>The terminal takes "no answer in time" for "not paid" and goes on to the next sale.</summary>
    NewSaleBeforeCertain,

    /// <summary>The terminal takes its own 0420 for the bank's word that nothing was paid.</summary>
    AbandonedTakenForUnpaid,

    /// <summary>The terminal writes PENDING after the 0200 has left.</summary>
    PendingAfterSending,

    /// <summary>What was not printed for sure is printed at the next start as if it were the first time.</summary>
    OriginalPrintedAgain,
}
