using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;

namespace Lakala.Model.Tests;

/// <summary>
/// A silo: a process that dies and starts again, and its messages. Each message begins a handler, and two handlers of one bill or one
/// key may run at once, here or in another silo. The handlers are the product's own: see <see cref="ModelProcess"/>.
/// </summary>
public sealed class ModelSilo
{
    private static readonly PresentedCard Card = new(ModelTerminal.Card, "", [], new PinKey("", 1, []));

    private readonly World _world;
    private readonly Network _network;
    private readonly Checks _checks;
    private readonly Temperament _temperament;
    private readonly Actor _actor;
    private readonly Func<ModelProcess> _start;

    // The request of each key, for a rule that answers too early.
    private readonly Dictionary<SwipeKey, TerminalRequest> _asking = [];
    private ModelProcess _process;

    public ModelSilo(
        string name, World world, ModelDatabase database, Network network, ModelBank bank, Checks checks, Temperament temperament,
        Configuration configuration, Mutation broken)
    {
        (_world, _network, _checks, _temperament, _actor) = (world, network, checks, temperament, new Actor(name));
        var ports = new Ports(world, database, bank, broken, _asking.GetValueOrDefault, Tell);
        _start = () => new ModelProcess(world, ports, new ModelBankLine(this, world, network, bank, temperament, configuration, broken), checks);
        _process = _start();
    }

    public void Crash()
    {
        _world.Kill(_actor);
        _asking.Clear();
        _process = _start();
    }

    public void Receive(TerminalRequest request) => _world.Begin(_actor, () => request switch
    {
        Lookup lookup => Answer(lookup),
        Pay pay => Answer(pay),
        Enquire enquire => Answer(enquire),
        Abandon abandon => Answer(abandon),
        _ => throw new ArgumentOutOfRangeException(nameof(request)),
    });

    public void Receive(BankSaid said)
    {
        if (!_process.Line.Receive(said) && said is Authorised late)
        {
            _world.Begin(_actor, () =>
            {
                _process.LateAnswers.Take(late.Rrn, late.Answer);
                return Task.CompletedTask;
            });
        }
    }

    /// <summary>Attempts that are SENT past their time are moved to REVERSING, and bills past their time expire.</summary>
    public void Sweep()
    {
        Begin(() => _process.Sweeps.ReverseOverdue(CancellationToken.None));
        Begin(() => _process.Sweeps.Expire(CancellationToken.None));
    }

    /// <summary>The merchant's cancellation.</summary>
    public void Cancel(long bill) => Begin(() => _process.Bills.GetBill(bill).Cancel(bill));

    /// <summary>Sends due reversals, and searches for false approvals.</summary>
    public void SendReversals() => Begin(async () =>
    {
        var reversals = _process.Reversals;
        foreach (var due in await reversals.TakeDue(CancellationToken.None))
        {
            Begin(() => reversals.Send(due, CancellationToken.None));
        }

        await reversals.ReverseFalseApprovals(CancellationToken.None);
    });

    private async Task Answer(Lookup request)
    {
        var found = await _process.GetTerminal(request.Key.Terminal).Lookup(request.Key, request.Bill);
        _network.Send(new LookedUp(request.From, request.Key, found.Refusal));
    }

    private async Task Answer(Pay request)
    {
        _asking[request.Key] = request;
        var swipe = new PayBill(
            Key: request.Key,
            Store: ModelTerminal.Store,
            Bill: request.Bill,
            Amount: request.Amount,
            Card: Card,
            EntryMode: "021",
            IsRepeat: request.IsRepeat);

        // If the sign-on is no longer the one of the PIN block, nothing is stored.
        Tell(request, _world.Chance(_temperament.SignOnLost)
            ? SwipeAnswer.Refused(Refusal.SignOnFirst)
            : await _process.GetTerminal(request.Key.Terminal).Pay(swipe));
    }

    private async Task Answer(Enquire request) =>
        Tell(request, await _process.GetTerminal(request.Key.Terminal).Enquire(request.Key, request.Bill, request.Amount));

    private async Task Answer(Abandon request)
    {
        _asking[request.Key] = request;
        var answer = await _process.GetTerminal(request.Key.Terminal).Abandon(request.Key);
        if (answer.ToAbandonCode() is { } code)
        {
            _checks.Told(request.Key, answer);
            _network.Send(new AbandonAnswered(request.From, request.Key, code, answer.State is null ? null : answer));
        }
    }

    private void Tell(TerminalRequest request, SwipeAnswer answer)
    {
        if (answer.ResponseCode is not null)
        {
            _checks.Told(request.Key, answer);
            _network.Send(new PayAnswered(request.From, request.Key, answer));
        }
    }

    // Background work that cannot commit is found again: by the sweeper, or when the lease ends.
    private void Begin(Func<Task> work) => _world.Begin(_actor, async () =>
    {
        try
        {
            await work();
        }
        catch (Exception fault) when (fault is DatabaseAwayException or CommitUnknownException)
        {
            _world.Note($"left for later: {fault.GetType().Name}");
        }
    });
}
