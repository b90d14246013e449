using Lakala.Vocabulary;

namespace Lakala.Model.Tests;

/// <summary>The parts of a run of the model. The seed draws its faults and their frequency.</summary>
public sealed record Configuration(string Name)
{
    public int Bills { get; init; } = 1;

    /// <param name="place">From 1.</param>
    public static long BillAt(int place) => BillNumber.FromRandom(place).Value;

    public int Terminals { get; init; } = 2;

    /// <summary>Sales that each terminal tries.</summary>
    public int Sales { get; init; } = 3;

    /// <summary>True: terminals abandon with 0420 after a time; false: they go on asking.</summary>
    public bool Abandons { get; init; }

    /// <summary>Bills expire while they are being sold, and the merchant cancels.</summary>
    public bool Closes { get; init; }

    /// <summary>True: what must not happen also happens: the bank approves after a decline, and the line reports "not sent" for a request that it sent.</summary>
    public bool TrustIsBroken { get; init; }

    public static readonly IReadOnlyList<Configuration> All =
    [
        new("one-bill"),
        new("abandoned") { Abandons = true },
        new("closing") { Abandons = true, Closes = true },
        new("crowd") { Bills = 2, Terminals = 3, Abandons = true, Closes = true },
        new("false-bank") { Abandons = true, TrustIsBroken = true },
    ];

    public override string ToString() => Name;
}

/// <summary>The frequency of faults: in percent, or as weights. Drawn, so that runs have different faults.</summary>
public sealed class Temperament
{
    private Temperament(Random random)
    {
        int Some(params int[] of) => of[random.Next(of.Length)];
        (Lost, Twice) = (Some(0, 5, 25), Some(0, 5, 25));
        CommitFault = Some(0, 5, 20);
        ReadFault = CommitFault / 5;
        (SiloCrash, TerminalCrash) = (Some(0, 1, 4), Some(0, 1, 4));
        (Background, Passing) = (Some(1, 3, 10), Some(1, 3, 10));
        (BankDeclines, BankStrange, LineDown) = (Some(0, 20, 60), Some(0, 10, 30), Some(0, 10));
        (SignOnLost, Unsent, Mistyped) = (Some(0, 0, 15), Some(0, 0, 15), Some(0, 0, 20));
        Steps = Some(100, 300, 800);
    }

    /// <summary>Percent of the messages.</summary>
    public int Lost { get; private set; }

    public int Twice { get; private set; }

    /// <summary>Percent of the commits.</summary>
    public int CommitFault { get; private set; }

    /// <summary>Percent of the questions that change nothing.</summary>
    public int ReadFault { get; private set; }

    /// <summary>Weights, beside 40 for the handlers that can go on.</summary>
    public int SiloCrash { get; private set; }

    public int TerminalCrash { get; private set; }

    public int Background { get; private set; }

    public int Passing { get; private set; }

    /// <summary>Percent of the authorisations.</summary>
    public int BankDeclines { get; private set; }

    public int BankStrange { get; private set; }

    public int LineDown { get; private set; }

    /// <summary>Percent of the swipes.</summary>
    public int SignOnLost { get; private set; }

    public int Unsent { get; private set; }

    public int Mistyped { get; private set; }

    public int Steps { get; }

    public static Temperament Draw(Random random) => new(random);

    /// <summary>No further faults.</summary>
    public void Heal() =>
        Lost = Twice = CommitFault = ReadFault = SiloCrash = TerminalCrash = BankStrange = LineDown = SignOnLost = Unsent = 0;
}
