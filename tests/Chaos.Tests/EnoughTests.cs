using Lakala.Chaos.Audit;
using Lakala.Rules.Ledger;
using Lakala.Storage;

namespace Lakala.Chaos.Tests;

/// <summary>When a run has done enough to prove something, and the auditor names all that it reads.</summary>
public sealed class EnoughTests
{
    [Theory]
    [InlineData(600, 200, 200, null)]
    [InlineData(600, 199, 200, "the bank has credited 199 refunds, fewer than 200")]
    [InlineData(600, 200, 199, "held money was released 199 times, fewer than 200")]
    [InlineData(180, 199, 200, "the bank has credited 199 refunds, fewer than 200")]
    [InlineData(90, 100, 100, null)]
    [InlineData(90, 99, 100, "the bank has credited 99 refunds, fewer than 100")]
    [InlineData(90, 100, 99, "held money was released 99 times, fewer than 100")]
    [InlineData(0, 1, 1, null)]
    [InlineData(0, 0, 1, "the bank has credited 0 refunds, fewer than 1")]
    [InlineData(0, 1, 0, "held money was released 0 times, fewer than 1")]
    public void A_run_with_too_few_refunds_or_releases_fails(int seconds, int refunded, int released, string? fault) =>
        ChaosRun.WhyTooFew(refunded, released, TimeSpan.FromSeconds(seconds)).Should().Be(fault);

    [Fact]
    public void The_auditor_names_every_kind_of_entry() => EntryKinds.All.Should().BeEquivalentTo(Enum.GetValues<EntryKind>().Select(StateNames.Format));
}
