namespace Lakala.Model.Tests;

/// <summary>
/// Each breaks one rule, to show that the checks find it. The product does not contain them: a port or the model's books are replaced.
/// </summary>
public enum Mutation
{
    None,

    /// <summary>C1 starts an attempt in any state of the bill, and no index prevents it.</summary>
    NoGuardInC1,

    /// <summary>C1 moves the bill before it knows whether the key's row could be inserted.</summary>
    BillFirstInC1,

    /// <summary>A C1 whose outcome is unknown is taken for stored, and the bank is called.</summary>
    UnknownC1TakenForStored,

    /// <summary>Every run that finds the key SENT asks the bank, not only the run with its id.</summary>
    EverybodySends,

    /// <summary>The terminal gets "paid" before C2.</summary>
    AnswerBeforeC2,

    /// <summary>The terminal gets "no answer, not paid" before REVERSING.</summary>
    NotPaidBeforeReversing,

    /// <summary>C2 moves an attempt in any state.</summary>
    NoStateInC2,

    /// <summary>The bill is opened again in a separate commit.</summary>
    ReopenedApart,

    /// <summary>The bank's silence is taken for a decline.</summary>
    SilenceTakenForDecline,

    /// <summary>A refusal is answered but not stored under its key.</summary>
    RefusalNotStored,

    /// <summary>An enquiry for an unknown key gets 25 and leaves no tombstone.</summary>
    NoVoidOnEnquiry,

    /// <summary>An abandonment reverses an APPROVED attempt.</summary>
    AbandonReversesApproved,

    /// <summary>The attempt is REVERSED as soon as its reversal is sent.</summary>
    ReversedOnSending,

    /// <summary>A reversal leaves the queue when the bank does not answer it.</summary>
    ReversalGivenUp,

    /// <summary>The merchant cancels a bill that is PAYING.</summary>
    ClosesWhilePaying,

    /// <summary>A late approval settles an attempt that is being reversed.</summary>
    LateApprovalSettlesReversing,

    /// <summary>A late approval is evaluated when it comes, even if its attempt is still SENT.</summary>
    LateApprovalJudgedTooEarly,

    /// <summary>An answer that no request waits for is not recorded.</summary>
    LateAnswerForgotten,

    /// <summary>An approval that comes after a decline is only recorded.</summary>
    FalseApprovalStands,

    /// <summary>The bank forgets a reversal whose original it has not seen.</summary>
    NoTombstoneAtBank,

    /// <summary>The bank debits again when an RRN comes again.</summary>
    BankDebitsRepeats,

    /// <summary>The terminal takes "no answer in time" for "not paid" and goes on to the next sale.</summary>
    NewSaleBeforeCertain,

    /// <summary>The terminal takes its own 0420 as proof that nothing was paid.</summary>
    AbandonedTakenForUnpaid,

    /// <summary>The terminal writes PENDING after the 0200 is sent.</summary>
    PendingAfterSending,

    /// <summary>A receipt that may be on paper is printed at the next start without the mark of a duplicate.</summary>
    OriginalPrintedAgain,
}
