using Lakala.Grains.Notices;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Storage.Bills;
using Lakala.Storage.Notices;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Lakala.Model.Tests;

/// <summary>
/// A silo: each message begins a handler, and nothing keeps two of one bill or one key from running at once, here or in
/// another silo. What is done for a swipe is the product's own <see cref="Payments"/> and <see cref="SwipeKeys"/>, over the model's
/// books, bank and clock; what carries messages to them and sweeps behind them goes as the product does.
/// </summary>
public sealed class ModelSilo(
    string name, World world, ModelDatabase database, Network network, ModelBank bank, Checks checks, Temperament temperament,
    Configuration configuration, Mutation broken) : IBankLine
{
    private const int Limit = 16;
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReversalTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ReversalLease = ReversalTimeout * 3;
    private static readonly SwipeOptions Timers = new();
    private static readonly PresentedCard Card = new(ModelTerminal.Card, "", [], new PinKey("", 1, []));

    // Who waits for the bank's answer to which RRN.
    private readonly Dictionary<long, Question> _authorisations = [];
    private readonly Dictionary<long, Question> _reversals = [];

    // Which request a key stands for, for a rule that answers too early.
    private readonly Dictionary<SwipeKey, TerminalRequest> _asking = [];
    private readonly Actor _actor = new(name);
    private readonly ModelClock _clock = new(world);

    bool IBankLine.IsUp => true;

    private ICommit<FinishAttempt, FinishOutcome> FinishAttempts => field ??= NewFinishAttempts();

    private SwipeKeys Keys => field ??= new SwipeKeys(NewCloseKeys(), FinishAttempts, Retry, _clock);

    private CommitRetry Retry => field ??= new CommitRetry(Options.Create(Timers), _clock);

    private Payments Payments => field ??= new Payments(
        NewStartAttempts(),
        FinishAttempts,
        new ModelCommit<long, BillSeen>("read", database, static (books, bill) => books.Read(bill)),
        new ModelAttempts(database, Seen),
        Retry,
        Keys,
        new ModelRrns(database),
        this,
        new BillNotices(new ShopperReceivers(hasMail: false, hasSms: false), Options.Create(new BillPageOptions())),
        new NoticeSignal(_clock),
        Options.Create(Timers),
        _clock,
        NullLogger<Payments>.Instance);

    public void Crash()
    {
        world.Kill(_actor);
        _authorisations.Clear();
        _reversals.Clear();
        _asking.Clear();
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
            world.Begin(_actor, () => Try(() => Keys.Reverse(overdue)));
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
        _asking[request.Key] = request;
        var answer = world.Chance(temperament.SignOnLost) ? SwipeAnswer.Refused(Refusal.SignOnFirst) : await Pay(request);
        Tell(request, answer);
    }

    private async Task Answer(Enquire request) => Tell(request, await Ask(() => Keys.Enquire(request.Key, request.Bill, request.Amount)));

    private async Task Answer(Abandon request)
    {
        _asking[request.Key] = request;
        var answer = await Ask(async () => (await Keys.Abandon(request.Key)).Answer);
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

    private Task<SwipeAnswer> Pay(Pay request) => Payments.Pay(
        new PayBill(request.Key, ModelTerminal.Store, request.Bill, request.Amount, Card, "021", request.IsRepeat), () => { });

    private ICommit<StartAttempt, StartOutcome> NewStartAttempts()
    {
        var sound = new ModelCommit<StartAttempt, StartOutcome>("C1", database, Started);
        return broken switch
        {
            Mutation.UnknownC1TakenForStored => new BrokenCommit<StartAttempt, StartOutcome>(sound, async start =>
            {
                try
                {
                    return await sound.Submit(start);
                }
                catch (CommitUnknownException)
                {
                    return TakenForStarted(start);
                }
            }),
            Mutation.EverybodySends => new BrokenCommit<StartAttempt, StartOutcome>(sound, async start =>
            {
                var outcome = await sound.Submit(start);
                return outcome is StartOutcome.KeyKnown { Row.State: AttemptState.Sent } ? TakenForStarted(start) : outcome;
            }),
            _ => sound,
        };
    }

    private StartOutcome.Started TakenForStarted(StartAttempt start) => new(database.Books.Bills[start.Bill], database.Books.Rates, world.Now);

    private ICommit<FinishAttempt, FinishOutcome> NewFinishAttempts()
    {
        var sound = new ModelCommit<FinishAttempt, FinishOutcome>("C2", database, Finished);
        return broken switch
        {
            Mutation.AnswerBeforeC2 or Mutation.NotPaidBeforeReversing => new BrokenCommit<FinishAttempt, FinishOutcome>(sound, async finish =>
            {
                if (finish.Move.To == (broken == Mutation.AnswerBeforeC2 ? AttemptState.Approved : AttemptState.Reversing)
                    && _asking.TryGetValue(finish.Key, out var request))
                {
                    Tell(request, new SwipeAnswer(finish.Move.ResponseCode, finish.Move.Reason, finish.Move.To, null, finish.Move.AuthorisationCode));
                    await world.Turn();
                }

                return await sound.Submit(finish);
            }),
            Mutation.ReopenedApart => new BrokenCommit<FinishAttempt, FinishOutcome>(sound, async finish =>
            {
                var outcome = await sound.Submit(finish);
                if (outcome.Moved && finish.Move.To != AttemptState.Approved)
                {
                    await database.Commit(books =>
                    {
                        books.Reopen(finish.Bill);
                        return true;
                    });
                }

                return outcome;
            }),
            _ => sound,
        };
    }

    private ICommit<CloseKey, AttemptRow> NewCloseKeys()
    {
        var sound = new ModelCommit<CloseKey, AttemptRow>("close key", database, (books, command) =>
        {
            var row = books.CloseKey(command);
            world.Note($"close {command.Key} as {command.State}: {row.State}");
            return row;
        });
        return broken == Mutation.AbandonReversesApproved
            ? new BrokenCommit<CloseKey, AttemptRow>(sound, async command =>
            {
                var row = await sound.Submit(command);
                return row.State == AttemptState.Approved && _asking.GetValueOrDefault(command.Key) is Abandon
                    ? row with { State = AttemptState.Sent }
                    : row;
            })
            : sound;
    }

    private AttemptRow? Seen(AttemptRow? row) =>
        broken == Mutation.LateApprovalSettlesReversing && row is { State: AttemptState.Reversing } ? row with { State = AttemptState.Sent } : row;

    private StartOutcome Started(ModelBooks books, StartAttempt start)
    {
        var outcome = books.Start(start);
        world.Note($"C1 {start.Key} rrn {start.Rrn} bill {start.Bill}: {Named(outcome)}");
        return outcome;
    }

    private FinishOutcome Finished(ModelBooks books, FinishAttempt finish)
    {
        var outcome = books.Finish(finish);
        world.Note($"C2 {finish.Key} {finish.Move.To}: {(outcome.Found is { } found ? $"found {found.State}" : "moved")}");
        return outcome;
    }

    /// <summary>As the link: what is not sent has not been asked, and whoever has looked at the clock may be slow.</summary>
    async Task<BankOutcome> IBankLine.Authorise(Authorisation request, TimeSpan timeout)
    {
        var until = world.Now + timeout;
        await world.Turn();
        if (world.Now >= until || world.Chance(temperament.LineDown))
        {
            if (configuration.TrustIsBroken && world.Chance(50))
            {
                network.Send(new Authorise(this, request.Rrn, request.Amount, request.Key.Terminal));
            }

            return new BankOutcome.NotSent(Refusal.BankNotReachable);
        }

        await world.Turn();
        var question = new Question();
        _authorisations[request.Rrn] = question;
        network.Send(new Authorise(this, request.Rrn, request.Amount, request.Key.Terminal));
        await world.When(() => question.Answer is not null, until);
        _authorisations.Remove(request.Rrn);
        return question.Answer is Authorised said ? new BankOutcome.Answered(said.Answer)
            : broken == Mutation.SilenceTakenForDecline ? new BankOutcome.Answered(new BankAnswer("05", null, request.Amount, Rrn.ToText(request.Rrn), request.Key.Terminal))
            : new BankOutcome.NoAnswer();
    }

    Task<bool> IBankLine.Reverse(ReversalRow reversal, CancellationToken stop) => throw new NotSupportedException("The model sends reversals itself.");

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

    /// <summary>
    /// As <c>LateAnswers</c>: an approval of what is still SENT settles it, under the row's own id and the guard of every C2; then
    /// it is recorded, however often that must be tried.
    /// </summary>
    private async Task TakeLate(Authorised late)
    {
        if (late.Answer.ResponseCode == Attempt.ApprovedCode)
        {
            await Try(() => Payments.SettleLate(late.Rrn, late.Answer, () => { }));
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
