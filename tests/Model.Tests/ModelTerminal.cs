using Lakala.Rules.Attempts;
using Lakala.Vocabulary;

namespace Lakala.Model.Tests;

/// <summary>A terminal's journal entry of one swipe.</summary>
public sealed class JournaledSwipe(SwipeKey key, long bill, Money amount)
{
    public SwipeKey Key { get; } = key;

    public long Bill { get; } = bill;

    public Money Amount { get; } = amount;

    /// <summary>Null: PENDING.</summary>
    public JournaledResult? Result { get; set; }

    public bool IsPrinted { get; set; }
}

/// <param name="ResponseCode">Null when the 0200 was never sent.</param>
public sealed record JournaledResult(string? ResponseCode, string? Rrn, string? AuthorisationCode)
{
    public bool IsApproved => ResponseCode == ResponseCodes.Approved;
}

public sealed record PrintedReceipt(SwipeKey Key, bool IsOriginal, JournaledResult Result);

/// <summary>
/// A store's terminal. Its journal and its paper survive; the process may die between any two steps. It works as
/// <c>Counter</c> and <c>TerminalSession</c>, and abandons with 0420 if the configuration says so.
/// </summary>
public sealed class ModelTerminal(
    string name, World world, Network network, Temperament temperament, Configuration configuration, Mutation broken, Func<long, Money> amountOf)
{
    public const string Card = "621700******0001";
    public const string Store = "STORE0000000001";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan[] AnswerTimes = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(30)];

    private readonly Actor _actor = new(name);
    private readonly List<JournaledSwipe> _journal = [];
    private readonly List<PrintedReceipt> _paper = [];
    private readonly List<TerminalAnswer> _heard = [];
    private int _stan;
    private int _sales = configuration.Sales;

    public string Name => _actor.Name;

    public IReadOnlyList<JournaledSwipe> Journal => _journal;

    public IReadOnlyList<PrintedReceipt> Paper => _paper;

    /// <summary>True when nothing is left to ask, print or sell.</summary>
    public bool IsDone => _sales == 0 && _journal.TrueForAll(swipe => swipe.IsPrinted);

    /// <summary>The clerk sells nothing more, and waits for open swipes.</summary>
    public void Finish() => _sales = 0;

    public void Boot() => world.Begin(_actor, Run);

    public void Crash()
    {
        world.Note($"{Name} dies");
        world.Kill(_actor);
        _heard.Clear();
        Boot();
    }

    public void Receive(TerminalAnswer answer) => _heard.Add(answer);

    private async Task Run()
    {
        while (!IsDone)
        {
            await world.Turn();
            foreach (var swipe in _journal.Where(swipe => swipe is { Result: not null, IsPrinted: false }).ToList())
            {
                await Print(swipe, isOriginal: broken == Mutation.OriginalPrintedAgain);
            }

            if (await ResolveOpen() && _sales > 0)
            {
                _sales--;
                await Sell();
            }
        }
    }

    // Before a new sale the outcome of every earlier one must be known.
    private async Task<bool> ResolveOpen()
    {
        foreach (var swipe in _journal.Where(swipe => swipe.Result is null).ToList())
        {
            if (await AskUntilCertain(swipe, isLive: false, isSent: false) is not { } result)
            {
                return false;
            }

            await Settle(swipe, result);
        }

        return true;
    }

    private async Task Sell()
    {
        var bill = Configuration.BillAt(world.Random.Next(configuration.Bills) + 1);
        var amount = amountOf(bill);
        if (world.Chance(50) && !await Find(bill))
        {
            return;
        }

        var swipe = new JournaledSwipe(TakeKey(), bill, world.Chance(temperament.Mistyped) ? amount with { Minor = amount.Minor + 1 } : amount);
        if (broken != Mutation.PendingAfterSending)
        {
            _journal.Add(swipe);
        }

        await world.Turn();
        if (world.Chance(temperament.Unsent))
        {
            _journal.Remove(swipe);
            _journal.Add(swipe);
            await Settle(swipe, new JournaledResult(null, null, null));
            return;
        }

        network.Send(new Pay(this, swipe.Key, swipe.Bill, swipe.Amount, IsRepeat: false));
        if (broken == Mutation.PendingAfterSending)
        {
            await world.Turn();
            _journal.Add(swipe);
        }

        if (await AskUntilCertain(swipe, isLive: true, isSent: true) is { } result)
        {
            await Settle(swipe, result);
        }
    }

    private async Task<bool> Find(long bill)
    {
        var key = TakeKey();
        network.Send(new Lookup(this, key, bill));
        await world.When(() => Heard(key) is not null, world.Now + AnswerTimes[^1]);
        return Heard(key) is LookedUp { Refusal: null };
    }

    /// <summary>Repeats until an answer is final. Null: the time is over, and the outcome is unknown.</summary>
    /// <param name="isLive">True: track and PIN are still in memory, so it sends a whole 0201; otherwise it only enquires.</param>
    /// <param name="isSent">True: the 0200 was just sent, so it first waits for the answer.</param>
    private async Task<JournaledResult?> AskUntilCertain(JournaledSwipe swipe, bool isLive, bool isSent)
    {
        var begun = world.Now;
        var isAbandoned = false;
        while (true)
        {
            if (!isSent)
            {
                network.Send(isAbandoned ? new Abandon(this, swipe.Key)
                    : isLive ? new Pay(this, swipe.Key, swipe.Bill, swipe.Amount, IsRepeat: true)
                    : new Enquire(this, swipe.Key, swipe.Bill, swipe.Amount));
            }

            isSent = false;
            await world.When(() => Heard(swipe.Key) is not null, world.Now + world.Pick(AnswerTimes));
            var heard = Heard(swipe.Key);
            _heard.Clear();
            if (FinalIn(heard) is { } final)
            {
                return final;
            }

            if (heard is null && (broken == Mutation.NewSaleBeforeCertain || (broken == Mutation.AbandonedTakenForUnpaid && isAbandoned)))
            {
                return new JournaledResult(ResponseCodes.NoAnswer, null, null);
            }

            isLive &= heard is not PayAnswered { Answer.ResponseCode: ResponseCodes.SignOnFirst or ResponseCodes.DuplicateKey };
            isAbandoned |= configuration.Abandons && world.Chance(30);
            if (world.Now - begun > Patience)
            {
                return null;
            }

            await world.Until(world.Now + Pause);
        }
    }

    // The first authenticated final answer counts, in a 0210 or a 0430.
    private static JournaledResult? FinalIn(TerminalAnswer? heard)
    {
        var stored = heard switch
        {
            PayAnswered paid when ResponseCodes.IsFinal(paid.Answer.ResponseCode!) => paid.Answer,
            AbandonAnswered
            {
                ResponseCode: ResponseCodes.Approved or ResponseCodes.NoActionTaken or ResponseCodes.NoSuchOriginal,
                Stored: { } answer,
            } => answer,
            _ => null,
        };
        return stored is null ? null : new JournaledResult(stored.ResponseCode, stored.Rrn, stored.AuthorisationCode);
    }

    private async Task Settle(JournaledSwipe swipe, JournaledResult result)
    {
        await world.Turn();
        swipe.Result = result;
        world.Note($"{swipe.Key} is certain: {result.ResponseCode ?? "never sent"}");
        await world.Turn();
        await Print(swipe, isOriginal: true);
    }

    private async Task Print(JournaledSwipe swipe, bool isOriginal)
    {
        _paper.Add(new PrintedReceipt(swipe.Key, isOriginal, swipe.Result!));
        await world.Turn();
        swipe.IsPrinted = true;
    }

    // Written before it is used, so that no key is ever used again.
    private SwipeKey TakeKey() => new(Name, 1, ++_stan);

    private TerminalAnswer? Heard(SwipeKey key) => _heard.Find(answer => answer.Key == key);
}
