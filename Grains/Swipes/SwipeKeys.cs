using Lakala.Grains.Notices;
using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Grains.Swipes;

/// <summary>The keys of swipes and the rows under them: refusals, enquiries and abandonments.</summary>
public sealed class SwipeKeys(
    ICommit<CloseKey, AttemptRow> closeKeys, ICommit<FinishAttempt, FinishOutcome> finishAttempts, CommitRetry retry, IBillChanges changes, TimeProvider time)
{
    /// <summary>The answer to a repeat of the key. Bill, amount and card are compared if both sides have them.</summary>
    public static SwipeAnswer AnswerOf(AttemptRow row, long? bill, Money? amount, string? maskedPan)
    {
        if (!IsGone(row) && (Differs(row.Bill, bill) || Differs(row.Amount, amount) || (row.MaskedPan is { } known && maskedPan is { } shown && known != shown)))
        {
            return SwipeAnswer.Refused(Refusal.KeyReused);
        }

        // Only a real attempt has more data; a repeated refusal is the same as the first one.
        var (code, reason) = Attempt.Answer(row.State, row.ResponseCode, row.Reason);
        return row.Rrn is { } rrn
            ? new SwipeAnswer(
                ResponseCode: code,
                Reason: reason,
                State: row.State,
                Rrn: Rrn.ToText(rrn),
                AuthorisationCode: row.AuthorisationCode,
                MaskedPan: row.MaskedPan,
                SettledAt: row.SettledAt,
                Payee: row.Payee,
                OrderId: row.OrderId)
            : new SwipeAnswer(code, reason, row.State);
    }

    /// <summary>Stores the refusal under the key, if it is a final one. An existing row is the answer.</summary>
    /// <param name="maskedPan">Null when the message could not be read, or its card is not valid: then it is not a repeat of a readable one.</param>
    public async Task<SwipeAnswer> Refuse(SwipeKey key, Refusal reason, long? bill, Money? amount, string? maskedPan)
    {
        if (!reason.IsFinal())
        {
            return SwipeAnswer.Refused(reason);
        }

        var row = await Close(key, AttemptState.Refused, reason, bill, amount, maskedPan);
        return maskedPan is null && !IsGone(row) && row.Reason != reason
            ? SwipeAnswer.Refused(Refusal.KeyReused)
            : AnswerOf(row, bill, amount, maskedPan);
    }

    /// <summary>The stored answer; an unknown key is voided, so that a delayed 0200 is refused.</summary>
    public async Task<SwipeAnswer> Enquire(SwipeKey key, long bill, Money amount) =>
        AnswerOf(await Close(key, AttemptState.Void, Refusal.NeverHappened, null, null, null), bill, amount, null);

    /// <summary>SENT is moved to REVERSING; every other state stays. The answer is the row under the key afterwards.</summary>
    public async Task<SwipeAnswer> Abandon(SwipeKey key)
    {
        var row = await Close(key, AttemptState.Void, Refusal.NeverHappened, null, null, null);
        if (row.State != AttemptState.Sent)
        {
            return AnswerOf(row, null, null, null);
        }

        var after = (await Reverse(row)).Found ?? row with { State = AttemptState.Reversing };
        return AnswerOf(after, null, null, null);
    }

    /// <summary>Moves the attempt to REVERSING and the bill to OPEN, in one commit: after it a late approval never settles.</summary>
    public async Task<FinishOutcome> Reverse(AttemptRow row)
    {
        var move = new AttemptMove(AttemptState.Reversing, Refusal.NoAnswerFromBank.ResponseCode(), Refusal.NoAnswerFromBank, null);
        var finish = new FinishAttempt(Key: row.Key, Id: row.Id, Bill: row.Bill!.Value, Move: move, At: time.GetUtcNow(), Paid: null);
        var outcome = await finishAttempts.Submit(finish);
        if (outcome.Moved)
        {
            changes.Report(finish.Bill);
        }

        return outcome;
    }

    private Task<AttemptRow> Close(SwipeKey key, AttemptState state, Refusal reason, long? bill, Money? amount, string? maskedPan) =>
        retry.UntilDeadline(
            closeKeys,
            new CloseKey(
                Id: Guid.NewGuid(),
                Key: key,
                State: state,
                ResponseCode: reason.ResponseCode(),
                Reason: reason,
                Bill: bill,
                Amount: amount,
                MaskedPan: maskedPan),
            time.GetTimestamp());

    private static bool IsGone(AttemptRow row) => row.State is AttemptState.Reversing or AttemptState.Reversed or AttemptState.Void;

    private static bool Differs<T>(T? known, T? said)
        where T : struct => known is { } a && said is { } b && !EqualityComparer<T>.Default.Equals(a, b);
}
