namespace Lakala.Chaos;

/// <summary>The kinds of faults.</summary>
public enum FaultKind
{
    SiloKilled,
    SiloPaused,
    DatabaseCrashed,

    /// <summary>Unreachable for all silos, for longer than the time after which a silo that cannot reach it is declared dead.</summary>
    DatabaseAway,
    DatabaseLineCut,
    DatabaseLineStalled,

    /// <summary>Cut for longer than the time after which the other silos declare a silo dead that cannot reach the database.</summary>
    DatabaseLineLost,
    BankLineCut,
    BankLineStalled,
    BankLineCorrupted,
    BankAnswersTwice,
    BankAnswersLate,
    TerminalLineCut,
    TerminalLineCorrupted,
    TerminalLineStalled,
    TerminalKilled,
}

/// <param name="At">The time from the beginning of the run.</param>
/// <param name="Lasts">The time until it is healed; zero for a momentary fault.</param>
/// <param name="Target">The number of the part among its kind, before it is reduced to the range.</param>
public sealed record PlannedFault(FaultKind Kind, TimeSpan At, TimeSpan Lasts, int Target);

/// <summary>A fault as it happened.</summary>
public sealed record Fault(FaultKind Kind, string Target, DateTimeOffset Begun, DateTimeOffset Ended);

/// <summary>
/// All faults of a run, drawn from its seed. Faults of the same part come one after the other; different parts can fail at
/// the same time.
/// </summary>
public static class FaultPlan
{
    private const double Unit = 180;

    // Each row is one part of the system: its faults with their number in three minutes and their length (seconds, from and to).
    private static readonly (FaultKind Kind, int Count, double From, double To)[][] Parts =
    [
        [(FaultKind.SiloKilled, 7, 0, 0), (FaultKind.SiloPaused, 3, 11, 17)],
        [
            (FaultKind.DatabaseCrashed, 3, 0, 2), (FaultKind.DatabaseLineCut, 3, 0, 0), (FaultKind.DatabaseLineStalled, 2, 1, 16), (FaultKind.DatabaseLineLost, 1, 25, 35),
            (FaultKind.DatabaseAway, 1, 25, 35),
        ],
        [
            (FaultKind.BankLineCut, 3, 0, 3), (FaultKind.BankLineStalled, 2, 2, 14), (FaultKind.BankLineCorrupted, 2, 0, 0),
            (FaultKind.BankAnswersTwice, 2, 0, 0), (FaultKind.BankAnswersLate, 3, 3, 14),
        ],
        [(FaultKind.TerminalLineCut, 5, 0, 3), (FaultKind.TerminalLineCorrupted, 3, 0, 0), (FaultKind.TerminalLineStalled, 2, 2, 12)],
        [(FaultKind.TerminalKilled, 16, 0, 0)],
    ];

    public static IReadOnlyList<IReadOnlyList<PlannedFault>> Draw(int seed, TimeSpan length)
    {
        var random = new Random(seed);
        return [.. Parts.Select(part => Draw(part, length, random))];
    }

    private static List<PlannedFault> Draw((FaultKind Kind, int Count, double From, double To)[] part, TimeSpan length, Random random)
    {
        var kinds = part.SelectMany(row => Enumerable.Repeat(row, (int)Math.Ceiling(row.Count * length.TotalSeconds / Unit))).ToArray();
        random.Shuffle(kinds);
        var slot = length / kinds.Length;
        return [.. kinds.Select((row, place) => new PlannedFault(
            row.Kind,
            slot * (place + random.NextDouble() * 0.5),
            TimeSpan.FromSeconds(row.From + random.NextDouble() * (row.To - row.From)),
            random.Next(1_000)))];
    }
}
