using Lakala.Grains.Notices;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Notices;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Lakala.Grains.Bills;

/// <summary>How a bill is shown outside.</summary>
public sealed class BillPageOptions
{
    /// <summary>Base address of the bill pages as the shoppers reach them, without a slash at its end.</summary>
    public string PublicUrl { get; set; } = "http://127.0.0.1:8080";
}

/// <summary>
/// Reentrant: while one swipe waits for the bank, another terminal hears at once that the bill is being paid, and a repeat
/// that its swipe is in progress. Nothing here guards the money: the statements do. The state is always read from the
/// database, many bills at a time; a bill that is final, or does not exist, leaves the memory at once, since hundreds of
/// thousands of them would crowd it.
/// </summary>
[Reentrant, PreferLocalPlacement]
public sealed class BillGrain(
    Commits commits,
    AttemptRows attempts,
    RrnBlocks rrns,
    SwipeKeys keys,
    ITender tender,
    NoticeSignal notices,
    ShopperReceivers shoppers,
    CommitRetry retry,
    IOptions<SwipeOptions> swipeOptions,
    IOptions<BillPageOptions> pageOptions,
    TimeProvider time,
    ILogger<BillGrain> log) : Grain, IBillGrain
{
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(10);
    private const int FinishRounds = 3;
    private const int CloseRounds = 5;

    private TaskCompletionSource? _changed;

    public async Task<SwipeAnswer> Pay(PayBill swipe)
    {
        using var span = Instrumentation.Source.StartActivity("bill.pay");
        span?.SetTag("lakala.swipe", swipe.Key.ToString());
        try
        {
            return span.RecordAnswer(swipe.Card is { } card
                ? await Pay(swipe, card)
                : await keys.Refuse(swipe.Key, Refusal.CardInvalid, swipe.Bill, swipe.Amount, null));
        }
        catch (Exception fault) when (fault is DatabaseAwayException or CommitQueueFullException)
        {
            // Nothing was stored, so nothing was sent.
            return span.RecordAnswer(SwipeAnswer.Refused(Refusal.TryLater));
        }
        catch (CommitUnknownException fault)
        {
            log.LogWarning(fault, "{Key}: the outcome of a commit is unknown; the terminal will ask again.", swipe.Key);
            return span.RecordAnswer(SwipeAnswer.Silence);
        }
    }

    public async Task<BillFound> Lookup()
    {
        var (row, asOf) = await commits.HoldBills.Submit(Number);
        LeaveWhenFinal(row);
        if (row is null)
        {
            return new BillFound(null, Refusal.BillUnknown, TimeSpan.Zero);
        }

        var end = row.Bill.HeldUntil > row.Bill.ExpiresAt ? row.Bill.HeldUntil.Value : row.Bill.ExpiresAt;
        return new BillFound(row, row.Bill.Decide(new BillCommand.Hold(), asOf).Refusal, end > asOf ? end - asOf : TimeSpan.Zero);
    }

    public async Task<BillRow?> Get()
    {
        var (row, _) = await commits.ReadBills.Submit(Number);
        LeaveWhenFinal(row);
        return row;
    }

    public async Task<BillRow?> WaitForChange(BillState seen, CancellationToken stop)
    {
        // Subscribed before it is read: a change in between is not missed.
        var changed = (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        var row = await Get();
        if (row is null || row.Bill.State != seen)
        {
            return row;
        }

        await Task.WhenAny(changed, Task.Delay(LongPoll, time, stop));
        stop.ThrowIfCancellationRequested();
        return await Get();
    }

    public async Task<bool> SettleLate(long rrn, BankAnswer answer)
    {
        var begun = time.GetTimestamp();
        if (await attempts.FindByRrn(rrn, CancellationToken.None) is not { State: AttemptState.Sent } row || await Get() is not { } bill)
        {
            return false;
        }

        // Whatever else the answer may be, its attempt is somebody's who still waits, or the sweeper's.
        var attempt = new SentAttempt(row, bill);
        var move = attempt.Decide(new BankOutcome.Answered(answer));
        return move.To == AttemptState.Approved && await Commit(ToCommit(attempt, move), begun) is null;
    }

    public Task<BillClosed> Cancel() => Close(new BillCommand.Cancel(), new BillEvent.Cancelled());

    public Task<BillClosed> Expire() => Close(new BillCommand.Expire(), new BillEvent.Expired());

    public async Task Remind()
    {
        if (await Get() is not { } row)
        {
            return;
        }

        var now = time.GetUtcNow();
        var data = BillView.Json(row, pageOptions.Value.PublicUrl);
        var reminder = new RemindShopper(Number, Guid.CreateVersion7(now), row.MerchantId, data, shoppers.Of(row), now);
        if ((await commits.RemindShoppers.Submit(reminder)).Done)
        {
            notices.Raise();
        }
    }

    public Task Refresh()
    {
        Changed();
        return Task.CompletedTask;
    }

    private long Number => this.GetPrimaryKeyLong();

    private async Task<BillClosed> Close(BillCommand command, BillEvent closing)
    {
        BillRow? before = null;
        for (var round = 0; round < CloseRounds; round++)
        {
            if (await Get() is not { } row)
            {
                return new BillClosed(null, Refusal.BillUnknown);
            }

            var now = time.GetUtcNow();
            var closed = row with { Bill = row.Bill.Apply(closing), ClosedAt = now };
            var data = BillView.Json(closed, pageOptions.Value.PublicUrl);
            var outcome = await commits.CloseBills.Submit(
                new CloseBill(Number, closed.Bill.State, Guid.CreateVersion7(now), row.MerchantId, data, shoppers.Of(row), now));
            if (outcome.Closed)
            {
                LeaveWhenFinal(closed);
                Changed();
                notices.Raise();
                return new BillClosed(closed, null);
            }

            before = outcome.Before;
            var decision = before.Bill.Decide(command, outcome.AsOf);
            if (decision.Event is null)
            {
                return new BillClosed(before, decision.Refusal ?? Refusal.TryLater);
            }

            // Nothing spoke against it when the statement began: another session was just at the bill. What it did is there now.
        }

        return new BillClosed(before, Refusal.TryLater);
    }

    private async Task<SwipeAnswer> Pay(PayBill swipe, PresentedCard card)
    {
        var begun = time.GetTimestamp();
        var start = new StartAttempt(
            Guid.NewGuid(), swipe.Key, await rrns.Next(), swipe.Bill, swipe.Amount, card.MaskedPan, swipe.Store, Instrumentation.TraceId);
        switch (await retry.UntilDeadline(commits.StartAttempts, start, begun))
        {
            case StartOutcome.KeyKnown { Row: var row }:
                return SwipeKeys.AnswerOf(row, swipe.Bill, swipe.Amount, card.MaskedPan);

            case StartOutcome.Refused { Reason: var reason }:
                return await keys.Refuse(swipe.Key, reason, swipe.Bill, swipe.Amount, card.MaskedPan);

            case StartOutcome.Started started:
                Changed();
                var outcome = await tender.Authorise(new TenderRequest(
                    swipe.Key,
                    swipe.Store,
                    start.Rrn,
                    swipe.Amount,
                    card,
                    swipe.EntryMode,
                    started.StartedAt,
                    begun + (long)(swipeOptions.Value.BankTimeout.TotalSeconds * time.TimestampFrequency)));
                return await Finish(new SentAttempt(start, started), outcome, begun);

            default:
                throw new InvalidOperationException("C1 has no other outcome.");
        }
    }

    /// <summary>C2, or the attempt's other way out of SENT. Nobody is told anything before it is durable.</summary>
    private async Task<SwipeAnswer> Finish(SentAttempt attempt, BankOutcome outcome, long begun)
    {
        var move = attempt.Decide(outcome);
        for (var round = 0; round < FinishRounds; round++)
        {
            var finish = ToCommit(attempt, move);
            if (await Commit(finish, begun) is not { } found)
            {
                return Told(attempt, move, finish.At);
            }

            if (found.State != AttemptState.Sent)
            {
                // Found as we, or the sweeper, an abandonment or a late approval left it: that is the answer.
                return SwipeKeys.AnswerOf(found, attempt.Bill.Number, attempt.Amount, null);
            }

            // Still SENT and yet not moved: the approval came past the deadline.
            move = attempt.Decide(new BankOutcome.NoAnswer());
        }

        return SwipeAnswer.Silence;
    }

    /// <returns>Null when the attempt has moved, else what the statement found.</returns>
    private async Task<AttemptRow?> Commit(FinishAttempt finish, long begun)
    {
        var found = (await retry.UntilDeadline(commits.FinishAttempts, finish, begun, mayBeStored: true)).Found;
        if (found is null && finish.Paid is not null)
        {
            DeactivateOnIdle();
        }

        if (found is not { State: AttemptState.Sent })
        {
            Changed();
            notices.Raise();
        }

        return found;
    }

    private FinishAttempt ToCommit(SentAttempt attempt, AttemptMove move)
    {
        // As exact as the database keeps it, so that a repeat hears the same.
        var now = time.GetUtcNow();
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        PaidFacts? facts = null;
        if (move.To == AttemptState.Approved)
        {
            var paid = attempt.Bill with
            {
                Bill = attempt.Bill.Bill.Apply(new BillEvent.Paid()),
                Payment = new Payment(
                    now, Rrn.ToText(attempt.Rrn), move.AuthorisationCode!, attempt.MaskedPan, attempt.Store, attempt.Key.Terminal),
                ClosedAt = now,
            };
            facts = new PaidFacts(
                Guid.CreateVersion7(now),
                paid.MerchantId,
                BillView.Json(paid, pageOptions.Value.PublicUrl),
                shoppers.Of(paid),
                Postings.Share(attempt.Amount.Minor, attempt.Rates));
        }

        return new FinishAttempt(attempt.Key, attempt.Id, attempt.Bill.Number, move, now, facts);
    }

    private static SwipeAnswer Told(SentAttempt attempt, AttemptMove move, DateTimeOffset at) => new(
        move.ResponseCode,
        move.Reason,
        move.To,
        Rrn.ToText(attempt.Rrn),
        move.AuthorisationCode,
        attempt.MaskedPan,
        at,
        attempt.Bill.MerchantName,
        attempt.Bill.OrderId);

    private void LeaveWhenFinal(BillRow? row)
    {
        if (row is null || row.Bill.State is BillState.Paid or BillState.Expired or BillState.Cancelled)
        {
            DeactivateOnIdle();
        }
    }

    private void Changed()
    {
        _changed?.TrySetResult();
        _changed = null;
    }

    /// <summary>An attempt that is SENT, as its C1 left it.</summary>
    private sealed record SentAttempt(
        SwipeKey Key, Guid Id, long Rrn, Money Amount, string MaskedPan, string Store, Rates Rates, BillRow Bill)
    {
        public SentAttempt(StartAttempt start, StartOutcome.Started started)
            : this(start.Key, start.Id, start.Rrn, start.Amount, start.MaskedPan, start.Store, started.Rates, started.Bill)
        {
        }

        public SentAttempt(AttemptRow row, BillRow bill)
            : this(row.Key, row.Id, row.Rrn!.Value, row.Amount!.Value, row.MaskedPan!, row.Store!, row.Rates, bill)
        {
        }

        public AttemptMove Decide(BankOutcome outcome) => Attempt.Decide(outcome, Amount, Vocabulary.Rrn.ToText(Rrn), Key.Terminal);
    }
}
