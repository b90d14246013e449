using Lakala.Grains.Notices;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Rules.Trades;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lakala.Grains.Swipes;

/// <summary>
/// The flow of a payment: C1, the bank, C2. An answer is given only after the commit that makes it true is durable.
/// </summary>
/// <remarks>It uses grains, database and clock only through its ports; it may run many times at once, also for the same bill.</remarks>
public sealed class Payments(
    ICommit<StartAttempt, StartOutcome> startAttempts,
    ICommit<FinishAttempt, FinishOutcome> finishAttempts,
    ICommit<long, BillSeen> readBills,
    IAttemptReader attempts,
    CommitRetry retry,
    SwipeKeys keys,
    IRrnSource rrns,
    IBankLine bank,
    BillNotices notices,
    NoticeSignal signal,
    IBillChanges changes,
    IOptions<SwipeOptions> options,
    TimeProvider time,
    ILogger<Payments> log)
{
    private const int FinishRounds = 3;

    /// <summary>Pays the bill, or returns the refusal. A known key gets its stored answer.</summary>
    public async Task<SwipeAnswer> Pay(PayBill swipe)
    {
        try
        {
            return swipe.Card is { } card
                ? await Pay(swipe, card)
                : await keys.Refuse(swipe.Key, Refusal.CardInvalid, swipe.Bill, swipe.Amount, null);
        }
        catch (Exception fault) when (fault is DatabaseAwayException or CommitQueueFullException)
        {
            // Nothing was stored, so nothing was sent to the bank.
            return SwipeAnswer.Refused(Refusal.TryLater);
        }
        catch (CommitUnknownException fault)
        {
            log.LogWarning(fault, "{Key}: the outcome of a commit is unknown; the terminal will ask again.", swipe.Key);
            return SwipeAnswer.Silence;
        }
    }

    /// <summary>
    /// An answer of the bank for which no request waited. An approval of an attempt that is still SENT, and before its deadline, pays the
    /// bill. Any other answer changes nothing: it belongs to the request that waits, or to the sweeper.
    /// </summary>
    /// <param name="rrn">The RRN of an attempt.</param>
    /// <returns>True when it has paid the bill.</returns>
    public async Task<bool> SettleLate(long rrn, BankAnswer answer)
    {
        var begun = time.GetTimestamp();
        if (await attempts.FindByRrn(rrn, CancellationToken.None) is not { State: AttemptState.Sent } row
            || (await readBills.Submit(row.Bill!.Value)).Row is not { } bill)
        {
            return false;
        }

        var attempt = new SentAttempt(row, bill);
        var move = attempt.Decide(new BankOutcome.Answered(answer));
        return move.To == AttemptState.Approved && await Commit(ToCommit(attempt, move), begun) is null;
    }

    private async Task<SwipeAnswer> Pay(PayBill swipe, PresentedCard card)
    {
        var begun = time.GetTimestamp();
        var start = new StartAttempt(
            Id: Guid.NewGuid(),
            Key: swipe.Key,
            Rrn: await rrns.Next(),
            Bill: swipe.Bill,
            Amount: swipe.Amount,
            MaskedPan: card.MaskedPan,
            Store: swipe.Store,
            TraceId: Instrumentation.TraceId);
        switch (await retry.UntilDeadline(startAttempts, start, begun))
        {
            case StartOutcome.KeyKnown { Row: var row }:
                return SwipeKeys.AnswerOf(row, swipe.Bill, swipe.Amount, card.MaskedPan);

            case StartOutcome.Refused { Reason: var reason }:
                return await keys.Refuse(swipe.Key, reason, swipe.Bill, swipe.Amount, card.MaskedPan);

            case StartOutcome.Started started:
                changes.Report(swipe.Bill);
                var outcome = await AskBank(swipe, card, start.Rrn, started.StartedAt, begun);
                return await Finish(new SentAttempt(start, started), outcome, begun);

            default:
                throw new InvalidOperationException("C1 has no other outcome.");
        }
    }

    /// <summary>Asks the bank at most once, and not at all when the time for the bank is over.</summary>
    private async Task<BankOutcome> AskBank(PayBill swipe, PresentedCard card, long rrn, DateTimeOffset startedAt, long begun)
    {
        var left = options.Value.BankTimeout - time.GetElapsedTime(begun);
        if (left <= TimeSpan.Zero)
        {
            return new BankOutcome.NotSent(Refusal.BankNotReachable);
        }

        var request = new Authorisation(
            Key: swipe.Key,
            Store: swipe.Store,
            Rrn: rrn,
            Amount: swipe.Amount,
            Card: card,
            EntryMode: swipe.EntryMode,
            StartedAt: startedAt);
        return await bank.Authorise(request, left);
    }

    /// <summary>C2, or another move of the attempt out of SENT.</summary>
    private async Task<SwipeAnswer> Finish(SentAttempt attempt, BankOutcome outcome, long begun)
    {
        var move = attempt.Decide(outcome);
        for (var round = 0; round < FinishRounds; round++)
        {
            var finish = ToCommit(attempt, move);
            if (await Commit(finish, begun) is not { } found)
            {
                return ToAnswer(attempt, move, finish.At);
            }

            if (found.State != AttemptState.Sent)
            {
                // This run, the sweeper, an abandonment or a late approval has finished it: the row has the answer.
                return SwipeKeys.AnswerOf(found, attempt.Bill.Number, attempt.Amount, null);
            }

            // Still SENT and not moved: the approval came after the deadline.
            move = attempt.Decide(new BankOutcome.NoAnswer());
        }

        return SwipeAnswer.Silence;
    }

    /// <returns>Null when the attempt has moved, otherwise the row that the statement found.</returns>
    private async Task<AttemptRow?> Commit(FinishAttempt finish, long begun)
    {
        var found = (await retry.UntilDeadline(finishAttempts, finish, begun, mayBeStored: true)).Found;
        if (found is not { State: AttemptState.Sent })
        {
            changes.Report(finish.Bill);
            signal.Raise();
        }

        return found;
    }

    private FinishAttempt ToCommit(SentAttempt attempt, AttemptMove move)
    {
        // Cut to the database's precision, so that a repeat gets the same time.
        var now = time.GetUtcNow();
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        PaidFacts? facts = null;
        if (move.To == AttemptState.Approved)
        {
            var paid = attempt.Bill with
            {
                Bill = attempt.Bill.Bill.Apply(new BillEvent.Paid()),
                Payment = new Payment(
                    PaidAt: now,
                    Rrn: Rrn.ToText(attempt.Rrn),
                    AuthorisationCode: move.AuthorisationCode!,
                    MaskedCard: attempt.MaskedPan,
                    Store: attempt.Store,
                    Terminal: attempt.Key.Terminal,
                    Rates: attempt.Rates),
                ClosedAt = now,
                Trade = attempt.Bill.Escrow is { } terms ? Trade.Begin(terms, attempt.Amount.Minor, now) : null,
            };
            facts = new PaidFacts(
                EventId: Guid.CreateVersion7(now),
                MerchantId: paid.MerchantId,
                EventData: notices.ComposeData(paid),
                Receivers: notices.FindReceivers(paid),
                Entry: paid.Trade is null
                    ? PaymentEntry.Make(attempt.Rrn, attempt.Amount, attempt.Rates, paid.MerchantId, attempt.Store)
                    : PaymentEntry.MakeHeld(attempt.Rrn, attempt.Amount, paid.MerchantId),
                Trade: paid.Trade);
        }

        return new FinishAttempt(Key: attempt.Key, Id: attempt.Id, Bill: attempt.Bill.Number, Move: move, At: now, Paid: facts);
    }

    private static SwipeAnswer ToAnswer(SentAttempt attempt, AttemptMove move, DateTimeOffset at) => new(
        ResponseCode: move.ResponseCode,
        Reason: move.Reason,
        State: move.To,
        Rrn: Rrn.ToText(attempt.Rrn),
        AuthorisationCode: move.AuthorisationCode,
        MaskedPan: attempt.MaskedPan,
        SettledAt: at,
        Payee: attempt.Bill.MerchantName,
        OrderId: attempt.Bill.OrderId);

    /// <summary>An attempt that is SENT, as C1 stored it.</summary>
    private sealed record SentAttempt(
        SwipeKey Key, Guid Id, long Rrn, Money Amount, string MaskedPan, string Store, Rates Rates, BillRow Bill)
    {
        public SentAttempt(StartAttempt start, StartOutcome.Started started)
            : this(
                Key: start.Key,
                Id: start.Id,
                Rrn: start.Rrn,
                Amount: start.Amount,
                MaskedPan: start.MaskedPan,
                Store: start.Store,
                Rates: started.Rates,
                Bill: started.Bill)
        {
        }

        public SentAttempt(AttemptRow row, BillRow bill)
            : this(
                Key: row.Key,
                Id: row.Id,
                Rrn: row.Rrn!.Value,
                Amount: row.Amount!.Value,
                MaskedPan: row.MaskedPan!,
                Store: row.Store!,
                Rates: row.Rates,
                Bill: bill)
        {
        }

        public AttemptMove Decide(BankOutcome outcome) => Attempt.Decide(outcome, Amount, Vocabulary.Rrn.ToText(Rrn), Key.Terminal);
    }
}
