using Lakala.Grains.Bills;
using Lakala.Grains.Tests;
using Lakala.Rules.Attempts;
using Lakala.Silo.Bank;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Bank;

/// <summary>Answers of the bank for which no request waits.</summary>
public sealed class LateAnswersTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>
{
    private Books Books => cluster.Books;

    [Fact]
    public async Task A_late_answer_is_recorded_however_long_PostgreSQL_is_away()
    {
        var start = await Books.NewAttempt(await Books.PutBill(), 1, terminal: "T7000000");
        await Books.Commits.StartAttempts.Submit(start);
        await Books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Reversing, TimeProvider.System.GetUtcNow()));
        await using var fragile = await FragileSilo.Start(cluster);
        var clock = new FakeTimeProvider();
        using var late = new LateAnswers(
            fragile.Silos.Service<AttemptRows>(), fragile.Silos.Service<ReversalRows>(), fragile.Silos.Service<IBillGrains>(), clock, NullLogger<LateAnswers>.Instance);
        fragile.Line.Close();

        late.Take(start.Rrn, new BankAnswer("00", Books.ApprovalCode, start.Amount, Rrn.ToText(start.Rrn), start.Key.Terminal));
        await fragile.Line.Refused;
        fragile.Line.Open();

        await Books.Until($"select count(*) = 1 from late_answers where rrn = {start.Rrn} and authorisation_code = '{Books.ApprovalCode}'", () => clock.Advance(TimeSpan.FromSeconds(1)));
        (await Books.StateUnder(start.Key)).Should().Be(AttemptState.Reversing);
    }
}
