using Lakala.Vocabulary;

namespace Lakala.Model.Tests;

/// <summary>What a run of the model is made of. What breaks in it, and how often, is drawn from its seed.</summary>
public sealed record Configuration(string Name)
{
    public int Bills { get; init; } = 1;

    /// <param name="place">From 1.</param>
    public static long BillAt(int place) => BillNumber.FromRandom(place).Value;

    public int Terminals { get; init; } = 2;

    /// <summary>Sales that each terminal tries.</summary>
    public int Sales { get; init; } = 3;

    /// <summary>Terminals that lose patience abandon with 0420; else they go on asking.</summary>
    public bool Abandons { get; init; }

    /// <summary>Bills expire while they are being sold, and the merchant cancels.</summary>
    public bool Closes { get; init; }

    /// <summary>What must not happen: the bank approves what it has declined, and the line sends what it says it has not.</summary>
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

/// <summary>How rough a run is: in percent, or as weights against each other. Drawn, so that runs differ in what breaks.</summary>
public sealed class Temperament
{
    private Temperament(Random random)
    {
        int Some(params int[] of) => of[random.Next(of.Length)];
        (Lost, Twice) = (Some(0, 5, 25), Some(0, 5, 25));
        CommitFault = Some(0, 5, 20);
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

    /// <summary>Weights, beside 40 for those who can go on.</summary>
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

    /// <summary>Nothing breaks any more.</summary>
    public void Heal() =>
        Lost = Twice = CommitFault = SiloCrash = TerminalCrash = BankStrange = LineDown = SignOnLost = Unsent = 0;
}
