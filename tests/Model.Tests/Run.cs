using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Storage.Bills;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Model.Tests;

/// <summary>How one seed ended.</summary>
/// <param name="Violation">Null when everything held.</param>
public sealed record RunOutcome(string? Violation, IReadOnlyList<string> Trace, ModelBooks Books);

/// <summary>One run of the model: a random phase with faults, then the healing, then the final checks.</summary>
public sealed class Run
{
    private const int ReadyWeight = 40;
    private const int DeliveryWeight = 30;
    private const int LongestHealing = 20_000;
    private const int SweepEvery = 50;
    private static readonly Rates Rates = new(60, 20);
    private static readonly string[] Endpoints = ["we_1", "we_2"];
    private static readonly int[] Seconds = [1, 1, 1, 2, 2, 3, 4, 5, 6, 9, 14, 31, 200];

    private readonly Configuration _configuration;
    private readonly World _world;
    private readonly Temperament _temperament;
    private readonly Network _network;
    private readonly ModelBooks _books;
    private readonly ModelBank _bank;
    private readonly Checks _checks;
    private readonly ModelSilo[] _silos;
    private readonly ModelTerminal[] _terminals;

    private Run(Configuration configuration, int seed, Mutation broken, bool isTraced)
    {
        _configuration = configuration;
        _world = new World(seed, isTraced);
        _temperament = Temperament.Draw(_world.Random);
        _network = new Network(_world, _temperament);
        _books = new ModelBooks(new SwipeOptions().CommitDeadline, broken) { Now = _world.Now, Rates = Rates, Endpoints = Endpoints };
        _bank = new ModelBank(_world, _network, _temperament, configuration, broken);
        _checks = new Checks(_world, _books, looksInside: broken == Mutation.None);
        var database = new ModelDatabase(_world, _books, _temperament, _checks.AfterCommit);
        _silos = [.. Enumerable.Range(1, 2).Select(number =>
            new ModelSilo($"silo{number}", _world, database, _network, _bank, _checks, _temperament, configuration, broken))];
        _terminals = [.. Enumerable.Range(1, configuration.Terminals).Select(number =>
            new ModelTerminal($"T{number}", _world, _network, _temperament, configuration, broken, bill => _books.Bills[bill].Bill.Amount))];
        for (var number = 1; number <= configuration.Bills; number++)
        {
            PutBill(Configuration.BillAt(number));
        }
    }

    public static RunOutcome Of(Configuration configuration, int seed, Mutation broken = Mutation.None, bool isTraced = false)
    {
        var run = new Run(configuration, seed, broken, isTraced);
        try
        {
            run.Play();
            return new RunOutcome(null, run._world.Trace, run._books);
        }
        catch (ViolationException violation)
        {
            return new RunOutcome(violation.Message, run._world.Trace, run._books);
        }
    }

    private void PutBill(long number)
    {
        var lifetime = _configuration.Closes ? TimeSpan.FromSeconds(_world.Random.Next(5, 400)) : TimeSpan.FromDays(1);
        _books.Put(new BillRow(
            Number: number,
            MerchantId: "shop",
            MerchantName: "Test Shop",
            OrderId: $"order-{number}",
            Description: "A thing",
            Bill: new Bill(BillState.Open, new Money(1000 + number, Money.Cny), _world.Now + lifetime, null, 0),
            PageToken: "",
            ShopperName: null,
            ShopperEmail: null,
            ShopperPhone: null,
            ShopperLanguage: null,
            Metadata: null,
            CreatedAt: _world.Now,
            Payment: null,
            ClosedAt: null));
    }

    private void Play()
    {
        foreach (var terminal in _terminals)
        {
            terminal.Boot();
        }

        for (var step = 0; step < _temperament.Steps && !IsQuiet; step++)
        {
            Step();
            _world.ThrowFault();
        }

        Heal();
        _checks.AtEnd(_bank, _terminals);
    }

    private void Step()
    {
        var (crash, dead, work, time) = (_temperament.SiloCrash, _temperament.TerminalCrash, _temperament.Background, _temperament.Passing);
        var drawn = _world.Random.Next(ReadyWeight + DeliveryWeight + crash + dead + work + time);
        if ((drawn -= ReadyWeight) < 0)
        {
            if (!_world.Resume())
            {
                Deliver();
            }
        }
        else if ((drawn -= DeliveryWeight) < 0)
        {
            Deliver();
        }
        else if ((drawn -= crash) < 0)
        {
            _world.Note($"a silo dies");
            _world.Pick(_silos).Crash();
        }
        else if ((drawn -= dead) < 0)
        {
            _world.Pick(_terminals).Crash();
        }
        else if ((drawn -= work) < 0)
        {
            WorkInTheBackground();
        }
        else
        {
            _world.Pass(TimeSpan.FromSeconds(_world.Pick(Seconds)));
        }
    }

    private void WorkInTheBackground()
    {
        var silo = _world.Pick(_silos);
        switch (_world.Random.Next(_configuration.Closes ? 9 : 8))
        {
            case < 4:
                silo.Sweep();
                break;
            case < 8:
                silo.SendReversals();
                break;
            default:
                silo.Cancel(Configuration.BillAt(_world.Random.Next(_configuration.Bills) + 1));
                break;
        }
    }

    private void Deliver()
    {
        if (_network.Count == 0)
        {
            return;
        }

        var message = _network.Take();
        _world.Note($"arrives: {Network.Named(message)}");
        switch (message)
        {
            case TerminalRequest request:
                _world.Pick(_silos).Receive(request);
                break;
            case TerminalAnswer answer:
                answer.To.Receive(answer);
                break;
            case BankRequest request:
                _bank.Receive(request);
                break;
            case BankSaid said:
                said.To.Receive(said);
                break;
        }
    }

    /// <summary>No more faults and no new sales; everybody works until nothing is left to do.</summary>
    private void Heal()
    {
        _world.Note($"all is healed");
        _temperament.Heal();
        _bank.SayAgain();
        foreach (var terminal in _terminals)
        {
            terminal.Finish();
        }

        for (var step = 0; step < LongestHealing; step++)
        {
            if (step % SweepEvery == 0)
            {
                _silos[0].Sweep();
                _silos[1].SendReversals();
            }

            if (_network.Count > 0 && (_world.Chance(50) || !_world.Resume()))
            {
                Deliver();
            }
            else if (_network.Count == 0 && !_world.Resume() && !_world.PassToNext())
            {
                if (IsQuiet)
                {
                    return;
                }

                _world.Pass(TimeSpan.FromSeconds(1));
            }

            _world.ThrowFault();
        }

        throw new ViolationException("it does not come to rest");
    }

    private bool IsQuiet => _network.Count == 0
        && _world.IsIdle
        && _terminals.All(terminal => terminal.IsDone)
        && _books.Attempts.Values.All(attempt => attempt.Row.State is not (AttemptState.Sent or AttemptState.Reversing))
        && _books.LateAnswers.All(late => late.IsJudged)
        && _books.Reversals.Values.All(reversal => reversal.IsAcknowledged);
}
