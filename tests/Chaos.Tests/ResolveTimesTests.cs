namespace Lakala.Chaos.Tests;

/// <summary>From when to when a sale that a fault left open is measured.</summary>
public sealed class ResolveTimesTests
{
    private static readonly DateTimeOffset Begin = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void From_the_end_of_the_first_fault_that_it_outlived() =>
        Times(Sale(10, 50), Of(FaultKind.SiloKilled, 5, 12), Of(FaultKind.BankLineCut, 20, 40)).Should().Equal(38_000);

    [Fact]
    public void Not_while_the_database_is_away_from_all() =>
        Times(Sale(10, 50), Of(FaultKind.SiloKilled, 5, 12), Of(FaultKind.DatabaseAway, 15, 45)).Should().Equal(5_000);

    [Fact]
    public void Not_at_all_when_no_fault_ended_while_it_was_open() =>
        Times(Sale(10, 50), Of(FaultKind.SiloKilled, 1, 9), Of(FaultKind.BankLineCut, 20, 60)).Should().BeEmpty();

    private static double[] Times(Resolution sale, params Fault[] faults) => ChaosRun.ResolveTimes([sale], faults);

    private static Resolution Sale(int begun, int resolved) => new("approved", Begin.AddSeconds(begun), Begin.AddSeconds(resolved));

    private static Fault Of(FaultKind kind, int begun, int ended) => new(kind, "it", Begin.AddSeconds(begun), Begin.AddSeconds(ended));
}
