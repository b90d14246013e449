using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Model.Tests;

/// <summary>
/// A silo: each message begins a handler, and nothing keeps two of one bill or one key from running at once, here or in
/// another silo. The handlers go step by step as those of the product do: <c>BillGrain</c>, <c>SwipeKeys</c>,
/// <c>TerminalGrain</c>, <c>TerminalGateway</c>, <c>Sweeper</c>, <c>ReversalSender</c>, <c>BankLink</c> and <c>LateAnswers</c>.
/// </summary>
public sealed class ModelSilo(
    string name, World world, ModelDatabase database, Network network, ModelBank bank, Checks checks, Temperament temperament,
    Configuration configuration, Mutation broken)
{
    private const int FinishRounds = 3;
    private const int Limit = 16;
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReversalTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ReversalLease = ReversalTimeout * 3;
    private static readonly SwipeOptions Timers = new();
    private static readonly AttemptMove NoAnswer = Attempt.Decide(new BankOutcome.NoAnswer(), default, "", "");

    // Who waits for the bank's answer to which RRN.
    private readonly Dictionary<long, Question> _authorisations = [];
    private readonly Dictionary<long, Question> _reversals = [];
    private readonly Actor _actor = new(name);

    public void Crash()
    {
        world.Kill(_actor);
        _authorisations.Clear();
        _reversals.Clear();
    }

    public void Receive(TerminalRequest request) => world.Begin(_actor, () => request switch
    {
        Lookup lookup => Answer(lookup),
        Pay pay => Answer(pay),
        Enquire enquire => Answer(enquire),
        Abandon abandon => Answer(abandon),
        _ => throw new ArgumentOutOfRangeException(nameof(request)),
    });

    public void Receive(BankSaid said)
    {
        var questions = said is Authorised ? _authorisations : _reversals;
        if (questions.Remove(said.Rrn, out var question))
        {
            question.Answer = said;
            if (said is Authorised { Answer.ResponseCode: Attempt.ApprovedCode })
            {
                bank.Heard(said.Rrn);
            }
        }
        else if (said is Authorised late)
        {
            world.Begin(_actor, () => TakeLate(late));
        }
    }

    /// <summary>What is SENT past its time is moved to REVERSING, and bills past theirs expire.</summary>
    public void Sweep() => world.Begin(_actor, async () =>
    {
        foreach (var overdue in await database.Read(books => books.Overdue(Timers.SweepAfter - Timers.CommitDeadline, Limit)))
        {
            world.Begin(_actor, () => Try(() => Reverse(overdue)));
        }

        foreach (var bill in await database.Read(books => books.Expiring(Limit)))
        {
            world.Begin(_actor, () => Try(() => Close(bill, BillState.Expired)));
        }
    });

    /// <summary>The merchant's cancellation.</summary>
    public void Cancel(long bill) => world.Begin(_actor, () => Try(() => Close(bill, BillState.Cancelled)));

    /// <summary>0420, then 0421 until the bank's 0430.</summary>
    public void SendReversals() => world.Begin(_actor, () => Try(async () =>
    {
        await ReverseFalseApprovals();
        foreach (var due in await database.Commit(books => books.TakeDue(ReversalLease, Limit)))
        {
            world.Begin(_actor, () => Try(() => Send(due)));
        }

        return true;
    }));

    private async Task Answer(Lookup request)
    {
        Refusal? refusal;
        try
        {
            var seen = await database.Commit(books => books.Hold(request.Bill));
            refusal = seen.Row is null ? Refusal.BillUnknown : seen.Row.Bill.Decide(new BillCommand.Hold(), seen.AsOf).Refusal;
        }
        catch (Exception fault) when (fault is DatabaseAwayException or CommitUnknownException)
        {
            refusal = Refusal.TryLater;
        }

        network.Send(new LookedUp(request.From, request.Key, refusal));
    }

    private async Task Answer(Pay request)
    {
        // The sign-on is no longer the one of the PIN block: nothing is stored.
        var answer = world.Chance(temperament.SignOnLost) ? SwipeAnswer.Refused(Refusal.SignOnFirst) : await Pay(request);
        Tell(request, answer);
    }

    private async Task Answer(Enquire request) => Tell(request, await Ask(() => Enquire(request)));

    private async Task Answer(Abandon request)
    {
        var answer = await Ask(() => Abandon(request.Key));
        if (answer.ResponseCode is null)
        {
            return;
        }

        var code = answer.State switch
        {
            AttemptState.Approved => ResponseCodes.NoActionTaken,
            AttemptState.Void => ResponseCodes.NoSuchOriginal,
            AttemptState.Sent or null => answer.ResponseCode,
            _ => ResponseCodes.Approved,
        };
        checks.Told(request.Key, answer);
        network.Send(new AbandonAnswered(request.From, request.Key, code, answer.State is null ? null : answer));
    }

    private void Tell(TerminalRequest request, SwipeAnswer answer)
    {
        if (answer.ResponseCode is null)
        {
            return;
        }

        checks.Told(request.Key, answer);
        network.Send(new PayAnswered(request.From, request.Key, answer));
    }

    private async Task<SwipeAnswer> Pay(Pay request)
    {
        try
        {
            return await Swipe(request);
        }
        catch (DatabaseAwayException)
        {
            return SwipeAnswer.Refused(Refusal.TryLater);
        }
        catch (CommitUnknownException)
        {
            return SwipeAnswer.Silence;
        }
    }

    private async Task<SwipeAnswer> Swipe(Pay request)
    {
        var begun = world.Now;
        var start = new StartAttempt(
            world.NewGuid(), request.Key, database.NextRrn(), request.Bill, request.Amount, ModelTerminal.Card, ModelTerminal.Store);
        switch (await StartUntilDeadline(start, begun))
        {
            case StartOutcome.KeyKnown { Row: { State: AttemptState.Sent } } when broken == Mutation.EverybodySends:
                await AskBank(start, begun + Timers.BankTimeout);
                return SwipeAnswer.Silence;

            case StartOutcome.KeyKnown { Row: var row }:
                return SwipeKeys.AnswerOf(row, request.Bill, request.Amount, start.MaskedPan);

            case StartOutcome.Refused { Reason: var reason }:
                return await Refuse(request.Key, reason, request.Bill, request.Amount, start.MaskedPan);

            case StartOutcome.Started started:
                var outcome = await AskBank(start, begun + Timers.BankTimeout);
                return await Finish(request, start, started, outcome, begun);

            default:
                throw new InvalidOperationException("C1 has no other outcome.");
        }
    }

    private async Task<StartOutcome> StartUntilDeadline(StartAttempt start, DateTimeOffset begun)
    {
        try
        {
            return await UntilDeadline(books => Started(books, start), begun, mayBeStored: false);
        }
        catch (CommitUnknownException) when (broken == Mutation.UnknownC1TakenForStored)
        {
            return new StartOutcome.Started(database.Books.Bills[start.Bill], database.Books.Rates, world.Now);
        }
    }

    private StartOutcome Started(ModelBooks books, StartAttempt start)
    {
        var outcome = books.Start(start);
        world.Note($"C1 {start.Key} rrn {start.Rrn} bill {start.Bill}: {Named(outcome)}");
        return outcome;
    }

    private async Task<SwipeAnswer> Finish(Pay request, StartAttempt start, StartOutcome.Started started, BankOutcome outcome, DateTimeOffset begun)
    {
        var move = Attempt.Decide(outcome, request.Amount, Rrn.ToText(start.Rrn), request.Key.Terminal);
        if (broken == Mutation.SilenceTakenForDecline && outcome is BankOutcome.NoAnswer)
        {
            move = new AttemptMove(AttemptState.Declined, "05", Refusal.DeclinedByBank, null);
        }

        for (var round = 0; round < FinishRounds; round++)
        {
            var finish = ToCommit(request.Key, start.Id, request.Bill, move, request.Amount, started.Rates);
            var told = new SwipeAnswer(
                move.ResponseCode, move.Reason, move.To, Rrn.ToText(start.Rrn), move.AuthorisationCode, start.MaskedPan, finish.At);
            if (AnswersTooEarly(move.To))
            {
                Tell(request, told);
                await world.Turn();
            }

            if ((await UntilDeadline(books => Finished(books, finish), begun, mayBeStored: true)).Found is not { } found)
            {
                return told;
            }

            if (found.State != AttemptState.Sent)
            {
                return SwipeKeys.AnswerOf(found, request.Bill, request.Amount, null);
            }

            // Still SENT and yet not moved: the approval came past the deadline.
            move = NoAnswer;
        }

        return SwipeAnswer.Silence;
    }

    private bool AnswersTooEarly(AttemptState to) => (broken, to) is
        (Mutation.AnswerBeforeC2, AttemptState.Approved) or (Mutation.NotPaidBeforeReversing, AttemptState.Reversing);

    private FinishAttempt ToCommit(SwipeKey key, Guid id, long bill, AttemptMove move, Money amount, Rates rates) => new(
        key,
        id,
        bill,
        move,
        world.Now,
        move.To == AttemptState.Approved
            ? new PaidFacts(world.NewGuid(), database.Books.Bills[bill].MerchantId, "{}", "", Postings.Share(amount.Minor, rates))
            : null);

    private FinishOutcome Finished(ModelBooks books, FinishAttempt finish)
    {
        var outcome = books.Finish(finish);
        world.Note($"C2 {finish.Key} {finish.Move.To}: {(outcome.Found is { } found ? $"found {found.State}" : "moved")}");
        return outcome;
    }

    private async Task<T> UntilDeadline<T>(Func<ModelBooks, T> command, DateTimeOffset begun, bool mayBeStored)
    {
        while (true)
        {
            try
            {
                return await database.Commit(command);
            }
            catch (Exception fault) when (fault is CommitUnknownException or DatabaseAwayException)
            {
                world.Note($"{fault.GetType().Name}");
                mayBeStored |= fault is CommitUnknownException;
                if (!mayBeStored)
                {
                    throw;
                }

                if (world.Now - begun + RetryPause >= Timers.CommitDeadline || broken == Mutation.UnknownC1TakenForStored)
                {
                    throw new CommitUnknownException("The commit deadline has passed; the sweeper will reverse what is SENT.", fault);
                }

                await world.Until(world.Now + RetryPause);
            }
        }
    }

    // As BankCardTender and the link: nothing leaves past the last moment, but whoever has looked at the clock may be slow.
    private async Task<BankOutcome> AskBank(StartAttempt start, DateTimeOffset lastMoment)
    {
        await world.Turn();
        if (world.Now >= lastMoment || world.Chance(temperament.LineDown))
        {
            if (configuration.TrustIsBroken && world.Chance(50))
            {
                network.Send(new Authorise(this, start.Rrn, start.Amount, start.Key.Terminal));
            }

            return new BankOutcome.NotSent(Refusal.BankNotReachable);
        }

        await world.Turn();
        var question = new Question();
        _authorisations[start.Rrn] = question;
        network.Send(new Authorise(this, start.Rrn, start.Amount, start.Key.Terminal));
        await world.When(() => question.Answer is not null, lastMoment);
        _authorisations.Remove(start.Rrn);
        return question.Answer is Authorised said ? new BankOutcome.Answered(said.Answer) : new BankOutcome.NoAnswer();
    }

    private async Task<SwipeAnswer> Refuse(SwipeKey key, Refusal reason, long bill, Money amount, string maskedPan) => reason.IsFinal()
        ? SwipeKeys.AnswerOf(await CloseKey(key, AttemptState.Refused, reason, bill, amount, maskedPan), bill, amount, maskedPan)
        : SwipeAnswer.Refused(reason);

    private static async Task<SwipeAnswer> Ask(Func<Task<SwipeAnswer>> question)
    {
        try
        {
            return await question();
        }
        catch (DatabaseAwayException)
        {
            return SwipeAnswer.Refused(Refusal.TryLater);
        }
        catch (CommitUnknownException)
        {
            return SwipeAnswer.Silence;
        }
    }

    private async Task<SwipeAnswer> Enquire(Enquire request) => SwipeKeys.AnswerOf(
        await CloseKey(request.Key, AttemptState.Void, Refusal.NeverHappened, null, null, null), request.Bill, request.Amount, null);

    private async Task<SwipeAnswer> Abandon(SwipeKey key)
    {
        var row = await CloseKey(key, AttemptState.Void, Refusal.NeverHappened, null, null, null);
        if (row.State != AttemptState.Sent && !(broken == Mutation.AbandonReversesApproved && row.State == AttemptState.Approved))
        {
            return SwipeKeys.AnswerOf(row, null, null, null);
        }

        var outcome = await Reverse(row);
        return SwipeKeys.AnswerOf(outcome.Found ?? row with { State = AttemptState.Reversing }, null, null, null);
    }

    private Task<AttemptRow> CloseKey(SwipeKey key, AttemptState state, Refusal reason, long? bill, Money? amount, string? maskedPan)
    {
        var command = new CloseKey(world.NewGuid(), key, state, reason.ResponseCode(), reason, bill, amount, maskedPan);
        return UntilDeadline(
            books =>
            {
                var row = books.CloseKey(command);
                world.Note($"close {key} as {state}: {row.State}");
                return row;
            },
            world.Now,
            mayBeStored: false);
    }

    private async Task<FinishOutcome> Reverse(AttemptRow row)
    {
        var finish = ToCommit(row.Key, row.Id, row.Bill!.Value, NoAnswer, row.Amount!.Value, row.Rates);
        var outcome = await database.Commit(books => Finished(books, finish));
        if (broken == Mutation.ReopenedApart && outcome.Moved)
        {
            await database.Commit(books =>
            {
                books.Reopen(finish.Bill);
                return true;
            });
        }

        return outcome;
    }

    /// <summary>
    /// As <c>LateAnswers</c>: an approval of what is still SENT settles it, under the row's own id and the guard of every C2; then
    /// it is recorded, however often that must be tried.
    /// </summary>
    private async Task TakeLate(Authorised late)
    {
        if (late.Answer.ResponseCode == Attempt.ApprovedCode)
        {
            await Try(() => SettleLate(late));
        }

        while (!await Try(() => Record(late)))
        {
            await world.Until(world.Now + RetryPause);
        }

        if (late.Answer.ResponseCode == Attempt.ApprovedCode)
        {
            bank.Heard(late.Rrn);
        }
    }

    private async Task<bool> SettleLate(Authorised late)
    {
        var begun = world.Now;
        var row = await database.Read(books => books.FindByRrn(late.Rrn));
        if (row is null || !MaySettle(row.State))
        {
            return false;
        }

        var move = Attempt.Decide(new BankOutcome.Answered(late.Answer), row.Amount!.Value, Rrn.ToText(late.Rrn), row.Key.Terminal);
        if (move.To != AttemptState.Approved)
        {
            return false;
        }

        var finish = ToCommit(row.Key, row.Id, row.Bill!.Value, move, row.Amount.Value, row.Rates);
        return (await UntilDeadline(books => Finished(books, finish), begun, mayBeStored: true)).Moved;
    }

    private Task<bool> Record(Authorised late) => database.Commit(books =>
    {
        books.RecordLateAnswer(late.Rrn, late.Answer.ResponseCode, late.Answer.AuthorisationCode);
        world.Note($"late answer rrn {late.Rrn} {late.Answer.ResponseCode}");
        return true;
    });

    private Task<bool> ReverseFalseApprovals() => database.Commit(books =>
    {
        foreach (var (rrn, _) in books.ReverseFalseApprovals(Limit))
        {
            world.Note($"ALARM: the bank approves rrn {rrn}");
        }

        return true;
    });

    private bool MaySettle(AttemptState state) =>
        state == AttemptState.Sent || (broken == Mutation.LateApprovalSettlesReversing && state == AttemptState.Reversing);

    private async Task<bool> Close(long number, BillState to)
    {
        var row = (await database.Read(books => books.Read(number))).Row!;
        var outcome = (await database.Commit(books => books.Close(new CloseBill(number, to, world.NewGuid(), row.MerchantId, "{}", "", world.Now))))!;
        world.Note($"close bill {number} as {to}: {outcome.Closed}");
        if (outcome.Closed)
        {
            checks.Closed(number, to);
        }

        return outcome.Closed;
    }

    private async Task<bool> Send(ReversalRow due)
    {
        var question = new Question();
        _reversals[due.Rrn] = question;
        network.Send(new Reverse(this, due.Rrn));
        if (broken == Mutation.ReversedOnSending)
        {
            question.Answer = new Reversed(this, due.Rrn);
        }

        await world.When(() => question.Answer is not null, world.Now + ReversalTimeout);
        _reversals.Remove(due.Rrn);
        return await database.Commit(books =>
        {
            if (question.Answer is null && broken != Mutation.ReversalGivenUp)
            {
                books.TryAgain(due.Rrn, TimeSpan.FromSeconds(2));
            }
            else
            {
                books.Acknowledged(due.Rrn);
            }

            return question.Answer is not null;
        });
    }

    // What the background cannot commit is found again: by the sweeper, or when the lease ends.
    private async Task<bool> Try<T>(Func<Task<T>> what)
    {
        try
        {
            await what();
            return true;
        }
        catch (Exception fault) when (fault is DatabaseAwayException or CommitUnknownException)
        {
            world.Note($"left for later: {fault.GetType().Name}");
            return false;
        }
    }

    private static string Named(StartOutcome outcome) => outcome switch
    {
        StartOutcome.Started => "SENT",
        StartOutcome.KeyKnown known => $"known as {known.Row.State}",
        StartOutcome.Refused refused => $"refused, {refused.Reason}",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };

    private sealed class Question
    {
        public BankSaid? Answer { get; set; }
    }
}
