using System.Collections.Frozen;
using Lakala.Vocabulary;

namespace Lakala.Rules.Attempts;

/// <summary>
/// The states of a row under a key. VOID is a tombstone: the key was abandoned before it was ever seen. REFUSED is
/// the final refusal of a swipe that never became an attempt.
/// </summary>
public enum AttemptState
{
    Sent,
    Approved,
    Declined,
    NotSent,
    Reversing,
    Reversed,
    Void,
    Refused,
}

/// <summary>The name that a terminal gives to an attempt: never reused, and checked before the bill.</summary>
public readonly record struct SwipeKey(string Terminal, int Batch, int Stan)
{
    public override string ToString() => string.Create(null, $"{Terminal}/{Batch:D6}/{Stan:D6}");
}

/// <summary>A bank's answer to an authorisation, independent of its protocol.</summary>
/// <param name="Amount">Null when the bank did not echo it.</param>
/// <param name="Rrn">Field 37, as the bank echoed it.</param>
public sealed record BankAnswer(string ResponseCode, string? AuthorisationCode, Money? Amount, string? Rrn, string? Terminal);

/// <summary>The outcome of a request to the bank.</summary>
public abstract record BankOutcome
{
    private BankOutcome()
    {
    }

    public sealed record Answered(BankAnswer Answer) : BankOutcome;

    /// <summary>Not one byte was handed to the socket.</summary>
    public sealed record NotSent(Refusal Why) : BankOutcome;

    /// <summary>Sent, or possibly sent, without a valid answer.</summary>
    public sealed record NoAnswer : BankOutcome;
}

/// <summary>The state of an attempt after SENT, and the answer to its terminal.</summary>
public sealed record AttemptMove(AttemptState To, string ResponseCode, Refusal? Reason, string? AuthorisationCode);

/// <summary>The rules of one try to pay a bill with one card.</summary>
public static class Attempt
{
    public const string ApprovedCode = ResponseCodes.Approved;

    // Frozen: only after these is it certain that no money moved. Anything else that is not an approval is reversed.
    private static readonly FrozenSet<string> FinalDeclines = FrozenSet.Create(
        ResponseCodes.DoNotHonour, ResponseCodes.BadCard, ResponseCodes.LostCard, ResponseCodes.StolenCard, ResponseCodes.InsufficientFunds,
        ResponseCodes.ExpiredCard, ResponseCodes.WrongPin, ResponseCodes.OverLimit, ResponseCodes.PinTriesExceeded);

    /// <summary>Decides the next state of an attempt of this amount, RRN and terminal from the bank's outcome.</summary>
    public static AttemptMove Decide(BankOutcome outcome, Money amount, string rrn, string terminal) => outcome switch
    {
        BankOutcome.NotSent never => new(AttemptState.NotSent, never.Why.ResponseCode(), never.Why, null),
        BankOutcome.Answered { Answer: var answer } when IsThisApproval(answer, amount, rrn, terminal) =>
            new(AttemptState.Approved, ApprovedCode, null, answer.AuthorisationCode),
        BankOutcome.Answered { Answer: var answer } when FinalDeclines.Contains(answer.ResponseCode) && answer.Rrn == rrn =>
            new(AttemptState.Declined, answer.ResponseCode, Refusal.DeclinedByBank, null),
        _ => new(AttemptState.Reversing, Refusal.NoAnswerFromBank.ResponseCode(), Refusal.NoAnswerFromBank, null),
    };

    /// <summary>The states that may follow; mirrored by the guards in SQL.</summary>
    public static bool CanMove(AttemptState from, AttemptState to) => (from, to) switch
    {
        (AttemptState.Sent, AttemptState.Approved or AttemptState.Declined or AttemptState.NotSent or AttemptState.Reversing) => true,
        (AttemptState.Reversing, AttemptState.Reversed) => true,
        _ => false,
    };

    /// <summary>The answer to a repeat of the key: the stored answer, or why there is none yet.</summary>
    /// <param name="storedCode">Field 39 as stored with the final state.</param>
    /// <param name="storedReason">The reason as stored with the final state.</param>
    public static (string ResponseCode, Refusal? Reason) Answer(AttemptState state, string? storedCode, Refusal? storedReason) => state switch
    {
        AttemptState.Sent => (Refusal.InProgress.ResponseCode(), Refusal.InProgress),
        AttemptState.Reversing or AttemptState.Reversed => (Refusal.NoAnswerFromBank.ResponseCode(), Refusal.NoAnswerFromBank),
        AttemptState.Void => (Refusal.NeverHappened.ResponseCode(), Refusal.NeverHappened),
        _ => (storedCode ?? throw new InvalidOperationException($"{state} without a stored answer."), storedReason),
    };

    private static bool IsThisApproval(BankAnswer answer, Money amount, string rrn, string terminal) =>
        answer.ResponseCode == ApprovedCode
        && !string.IsNullOrWhiteSpace(answer.AuthorisationCode)
        && answer.Amount == amount
        && answer.Rrn == rrn
        && answer.Terminal == terminal;
}
