using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;

namespace Lakala.Model.Tests;

/// <summary>Random interleavings of all events of a swipe, one for each seed.</summary>
public sealed class ModelTests
{
    [Theory]
    [MemberData(nameof(Configurations))]
    public void Every_statement_holds_whatever_breaks(Configuration configuration)
    {
        foreach (var seed in Seeds.Of(configuration.Name, 10_000))
        {
            var outcome = Run.Of(configuration, seed, isTraced: Seeds.IsOne);
            if (Seeds.IsOne)
            {
                Console.WriteLine(string.Join('\n', outcome.Trace));
            }

            if (outcome.Violation is not null)
            {
                Assert.Fail(Seeds.Report(configuration.Name, seed, outcome.Violation, Run.Of(configuration, seed, isTraced: true).Trace));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void The_same_seed_is_the_same_run(Configuration configuration)
    {
        Seeds.SkipWhenRepeating();
        for (var seed = 1; seed <= 100; seed++)
        {
            var once = Run.Of(configuration, seed, isTraced: true);
            var again = Run.Of(configuration, seed, isTraced: true);

            again.Trace.Should().Equal(once.Trace);
            once.Trace.Should().OnlyContain(line => line.Length <= 80);
        }
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void The_runs_come_to_every_end_that_a_swipe_can_have(Configuration configuration)
    {
        Seeds.SkipWhenRepeating();
        var books = Enumerable.Range(1, 1_000).Select(seed => Run.Of(configuration, seed).Books).ToList();

        var ends = books.SelectMany(book => book.Attempts.Values).CountBy(attempt => attempt.Row.State).ToDictionary();
        TestContext.Current.TestOutputHelper!.WriteLine(string.Join(", ", ends.Select(end => $"{end.Value} {end.Key}")));

        foreach (var end in Enum.GetValues<AttemptState>().Except([AttemptState.Sent, AttemptState.Reversing]))
        {
            ends.Should().ContainKey(end).WhoseValue.Should().BeGreaterThan(20, $"{end} is an end too");
        }

        var bills = books.SelectMany(book => book.Bills.Values).CountBy(bill => bill.Bill.State).ToDictionary();
        bills[BillState.Paid].Should().BeGreaterThan(200);
        bills[BillState.Open].Should().BeGreaterThan(20);
        if (configuration.Closes)
        {
            bills[BillState.Expired].Should().BeGreaterThan(20);
            bills[BillState.Cancelled].Should().BeGreaterThan(20);
        }

        books.Sum(book => book.LateAnswers.Count).Should().BeGreaterThan(100);
    }

    [Fact]
    public void A_violation_is_told_with_its_trace_and_the_command_that_repeats_it()
    {
        Seeds.SkipWhenRepeating();
        var outcome = Enumerable.Range(1, 100)
            .Select(seed => Run.Of(Configuration.All[0], seed, Mutation.ReopenedApart, isTraced: true))
            .First(outcome => outcome.Violation is not null);

        var report = Seeds.Report("one-bill", 123, outcome.Violation!, [.. outcome.Trace, new string('-', 200)]).Split('\n');

        report[0].Should().Be($"seed 123 of one-bill: {outcome.Violation}");
        report[1].Should().Be("again: LAKALA_MODEL=one-bill LAKALA_SEED=123 ./lakala test Model");
        report.Should().Contain(outcome.Trace).And.OnlyContain(line => line.Length <= 80);
    }

    public static TheoryData<Configuration> Configurations => [.. Configuration.All];
}
