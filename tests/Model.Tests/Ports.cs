using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;

namespace Lakala.Model.Tests;

/// <summary>The ports through which a silo's classes use the books. A mutation replaces one of them.</summary>
/// <param name="asking">The terminal's request about a key, for a rule that answers too early.</param>
/// <param name="tell">Answers a terminal.</param>
public sealed class Ports(
    World world, ModelDatabase database, ModelBank bank, Mutation broken, Func<SwipeKey, TerminalRequest?> asking, Action<TerminalRequest, SwipeAnswer> tell)
{
    public ICommit<StartAttempt, StartOutcome> StartAttempts => field ??= NewStartAttempts();

    public ICommit<FinishAttempt, FinishOutcome> FinishAttempts => field ??= NewFinishAttempts();

    public ICommit<CloseKey, AttemptRow> CloseKeys => field ??= NewCloseKeys();

    public ICommit<HoldBill, BillSeen> HoldBills { get; } =
        new ModelCommit<HoldBill, BillSeen>("hold", database, static (books, item) => books.Hold(item.Number));

    public ICommit<long, BillSeen> ReadBills { get; } = new ModelCommit<long, BillSeen>("read", database, static (books, number) => books.Read(number));

    public ICommit<CloseBill, CloseOutcome> CloseBills { get; } = new ModelCommit<CloseBill, CloseOutcome>("close bill", database, (books, item) =>
    {
        var outcome = books.Close(item)!;
        world.Note($"close bill {item.Number} as {item.State}: {outcome.Closed}");
        return outcome;
    });

    public ICommit<RemindShopper, ReminderOutcome> RemindShoppers { get; } = new ModelCommit<RemindShopper, ReminderOutcome>(
        "remind", database, static (_, _) => throw new NotSupportedException("Nobody is reminded here."));

    public IAttemptReader Attempts { get; } = new ModelAttempts(
        database,
        row => broken == Mutation.LateApprovalSettlesReversing && row is { State: AttemptState.Reversing } ? row with { State = AttemptState.Sent } : row);

    public IDueBills Bills { get; } = new ModelDueBills(database);

    public ModelKeys Keys { get; } = new(database);

    public IReversalRows Reversals { get; } = new ModelReversals(world, database, bank, broken);

    public IRrnSource Rrns { get; } = new ModelRrns(database);

    private ICommit<StartAttempt, StartOutcome> NewStartAttempts()
    {
        var sound = new ModelCommit<StartAttempt, StartOutcome>("C1", database, (books, start) =>
        {
            var outcome = books.Start(start);
            world.Note($"C1 {start.Key} rrn {start.Rrn} bill {start.Bill}: {Named(outcome)}");
            return outcome;
        });
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
        var sound = new ModelCommit<FinishAttempt, FinishOutcome>("C2", database, (books, finish) =>
        {
            var outcome = books.Finish(finish);
            world.Note($"C2 {finish.Key} {finish.Move.To}: {(outcome.Found is { } found ? $"found {found.State}" : "moved")}");
            return outcome;
        });
        return broken switch
        {
            Mutation.AnswerBeforeC2 => TellsEarly(sound, AttemptState.Approved),
            Mutation.NotPaidBeforeReversing => TellsEarly(sound, AttemptState.Reversing),
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

    private BrokenCommit<FinishAttempt, FinishOutcome> TellsEarly(ModelCommit<FinishAttempt, FinishOutcome> sound, AttemptState what) =>
        new(sound, async finish =>
        {
            if (finish.Move.To == what && asking(finish.Key) is { } request)
            {
                tell(request, new SwipeAnswer(finish.Move.ResponseCode, finish.Move.Reason, finish.Move.To, null, finish.Move.AuthorisationCode));
                await world.Turn();
            }

            return await sound.Submit(finish);
        });

    private ICommit<CloseKey, AttemptRow> NewCloseKeys()
    {
        var sound = new ModelCommit<CloseKey, AttemptRow>("close key", database, (books, item) =>
        {
            var row = books.CloseKey(item);
            world.Note($"close {item.Key} as {item.State}: {row.State}");
            return row;
        });
        return broken == Mutation.AbandonReversesApproved
            ? new BrokenCommit<CloseKey, AttemptRow>(sound, async item =>
            {
                var row = await sound.Submit(item);
                return row.State == AttemptState.Approved && asking(item.Key) is Abandon ? row with { State = AttemptState.Sent } : row;
            })
            : sound;
    }

    private static string Named(StartOutcome outcome) => outcome switch
    {
        StartOutcome.Started => "SENT",
        StartOutcome.KeyKnown known => $"known as {known.Row.State}",
        StartOutcome.Refused refused => $"refused, {refused.Reason}",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };
}
