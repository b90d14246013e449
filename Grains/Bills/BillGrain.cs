using Lakala.Bills;
using Lakala.Grains.Notices;
using Lakala.Grains.Storage;
using Lakala.Grains.Tenders;
using Lakala.Grains.Terminals;
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
    BillStore store,
    SwipeKeys keys,
    ITender tender,
    NoticeSignal notices,
    IOptions<SwipeOptions> swipeOptions,
    IOptions<BillPageOptions> pageOptions,
    TimeProvider time,
    ILogger<BillGrain> log) : Grain, IBillGrain
{
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);
    private const int FinishRounds = 3;

    private TaskCompletionSource? _changed;

    public async Task<SwipeAnswer> Pay(PayBill swipe)
    {
        using var span = Telemetry.Source.StartActivity("bill.pay");
        span?.SetTag("lakala.swipe", swipe.Key.ToString());
        try
        {
            return swipe.Card is { } card
                ? await Pay(swipe, card)
                : await keys.Refuse(swipe.Key, Refusal.CardInvalid, swipe.Bill, swipe.Amount, null);
        }
        catch (Exception fault) when (fault is DatabaseAwayException or CommitQueueFullException)
        {
            // Nothing was stored, so nothing was sent.
            return SwipeAnswer.Refused(Refusal.TryLater);
        }
        catch (CommitUnknownException fault)
        {
            log.LogWarning(fault, "{Key}: the outcome of a commit is unknown; the terminal will ask again.", swipe.Key);
            return SwipeAnswer.Silence;
        }
    }

    public async Task<BillFound> Lookup()
    {
        var (row, asOf) = await store.Held.Submit(Number);
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
        var (row, _) = await store.Read.Submit(Number);
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

    public Task<BillClosed> Cancel() => Close(new BillCommand.Cancel(), new BillEvent.Cancelled());

    public Task<BillClosed> Expire() => Close(new BillCommand.Expire(), new BillEvent.Expired());

    public Task Refresh()
    {
        Changed();
        return Task.CompletedTask;
    }

    private long Number => this.GetPrimaryKeyLong();

    private async Task<BillClosed> Close(BillCommand command, BillEvent closing)
    {
        var row = await Get();
        if (row is null)
        {
            return new BillClosed(null, Refusal.BillUnknown);
        }

        var now = time.GetUtcNow();
        var closed = row with { Bill = row.Bill.Apply(closing), ClosedAt = now };
        var data = BillView.Json(closed, pageOptions.Value.PublicUrl);
        var outcome = await store.Closed.Submit(
            new CloseBill(Number, closed.Bill.State, Guid.CreateVersion7(now), row.MerchantId, data, now));
        if (outcome.Closed)
        {
            LeaveWhenFinal(closed);
            Changed();
            notices.Raise();
            return new BillClosed(closed, null);
        }

        // Nothing speaks against it by now: another session was just at it.
        return new BillClosed(outcome.Before, outcome.Before.Bill.Decide(command, outcome.AsOf).Refusal ?? Refusal.TryLater);
    }

    private async Task<SwipeAnswer> Pay(PayBill swipe, PresentedCard card)
    {
        var begun = time.GetTimestamp();
        var start = new StartAttempt(
            Guid.NewGuid(), swipe.Key, await store.Rrns.Next(), swipe.Bill, swipe.Amount, card.MaskedPan, swipe.Store);
        switch (await UntilDeadline(store.Started, start, begun))
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
                return await Finish(swipe, start, started, outcome, begun);

            default:
                throw new InvalidOperationException("C1 has no other outcome.");
        }
    }

    /// <summary>C2, or the attempt's other way out of SENT. Nobody is told anything before it is durable.</summary>
    private async Task<SwipeAnswer> Finish(PayBill swipe, StartAttempt start, StartOutcome.Started started, BankOutcome outcome, long begun)
    {
        var move = Attempt.Decide(outcome, swipe.Amount, RrnBlocks.Text(start.Rrn), swipe.Key.Terminal);
        for (var round = 0; round < FinishRounds; round++)
        {
            var finish = ToCommit(swipe, start, started, move);
            if ((await UntilDeadline(store.Finished, finish, begun)).Found is not { } found)
            {
                if (finish.Paid is not null)
                {
                    DeactivateOnIdle();
                }

                Changed();
                notices.Raise();
                return Told(swipe, start, started.Bill, move, finish.At);
            }

            if (found.State != AttemptState.Sent)
            {
                // Found as we, or the sweeper, or an abandonment left it: that is the answer.
                Changed();
                notices.Raise();
                return SwipeKeys.AnswerOf(found, swipe.Bill, swipe.Amount, null);
            }

            // Still SENT and yet not moved: the approval came past the deadline.
            move = Attempt.Decide(new BankOutcome.NoAnswer(), swipe.Amount, RrnBlocks.Text(start.Rrn), swipe.Key.Terminal);
        }

        return SwipeAnswer.Silence;
    }

    private FinishAttempt ToCommit(PayBill swipe, StartAttempt start, StartOutcome.Started started, AttemptMove move)
    {
        // As exact as the database keeps it, so that a repeat hears the same.
        var now = time.GetUtcNow();
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        PaidFacts? facts = null;
        if (move.To == AttemptState.Approved)
        {
            var paid = started.Bill with
            {
                Bill = started.Bill.Bill.Apply(new BillEvent.Paid()),
                Payment = new Payment(
                    now, RrnBlocks.Text(start.Rrn), move.AuthorisationCode!, start.MaskedPan, swipe.Store, swipe.Key.Terminal),
                ClosedAt = now,
            };
            facts = new PaidFacts(
                Guid.CreateVersion7(now),
                paid.MerchantId,
                BillView.Json(paid, pageOptions.Value.PublicUrl),
                Postings.Share(swipe.Amount.Minor, started.Rates));
        }

        return new FinishAttempt(swipe.Key, start.Id, swipe.Bill, move, now, facts);
    }

    private static SwipeAnswer Told(PayBill swipe, StartAttempt start, BillRow bill, AttemptMove move, DateTimeOffset at) => new(
        move.ResponseCode,
        move.Reason,
        move.To,
        RrnBlocks.Text(start.Rrn),
        move.AuthorisationCode,
        start.MaskedPan,
        at,
        bill.MerchantName,
        bill.OrderId);

    /// <summary>
    /// Submits the command until its outcome is known or the commit deadline has passed. Submitting the same command again
    /// is harmless: the attempt's id tells whether it had been committed.
    /// </summary>
    private async Task<TOutcome> UntilDeadline<TCommand, TOutcome>(GroupCommit<TCommand, TOutcome> writer, TCommand command, long begun)
        where TOutcome : class
    {
        using var span = Telemetry.Source.StartActivity(writer.Name);
        var mayBeStored = command is FinishAttempt;
        while (true)
        {
            try
            {
                return await writer.Submit(command);
            }
            catch (Exception fault) when (fault is CommitUnknownException or DatabaseAwayException or CommitQueueFullException)
            {
                mayBeStored |= fault is CommitUnknownException;
                if (!mayBeStored)
                {
                    throw;
                }

                if (time.GetElapsedTime(begun) + RetryPause >= swipeOptions.Value.CommitDeadline)
                {
                    throw new CommitUnknownException("The commit deadline has passed; the sweeper will reverse what is SENT.", fault);
                }

                await Task.Delay(RetryPause, time);
            }
        }
    }

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
}
