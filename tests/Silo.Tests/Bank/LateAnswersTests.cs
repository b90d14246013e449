using Lakala.Grains.Bills;
using Lakala.Grains.Tests;
using Lakala.Rules.Attempts;
using Lakala.Rules.Trades;
using Lakala.Silo.Bank;
using Lakala.Storage.Bills;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Bank;

/// <summary>Answers of the bank for which no request waits.</summary>
public sealed class LateAnswersTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>
{
    private static int _stans;

    private Books Books => cluster.Books;

    [Fact]
    public async Task A_late_answer_is_recorded_however_long_PostgreSQL_is_away()
    {
        var start = await Books.NewAttempt(await Books.PutBill(), 1, terminal: "T7000000");
        await Books.Commits.StartAttempts.Submit(start);
        await Books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Reversing, TimeProvider.System.GetUtcNow()));
        await using var fragile = await FragileSilo.Start(cluster);
        var clock = new FakeTimeProvider();
        using var late = NewLateAnswers(fragile, clock);
        fragile.Line.Close();

        late.Take(start.Rrn, new BankAnswer("00", Books.ApprovalCode, start.Amount, Rrn.ToText(start.Rrn), start.Key.Terminal));
        await fragile.Line.Refused;
        fragile.Line.Open();

        await Books.Until($"select count(*) = 1 from late_answers where rrn = {start.Rrn} and authorisation_code = '{Books.ApprovalCode}'", () => clock.Advance(TimeSpan.FromSeconds(1)));
        (await Books.StateUnder(start.Key)).Should().Be(AttemptState.Reversing);
    }

    [Fact]
    public async Task A_late_answer_to_a_refund_decides_it_however_long_PostgreSQL_is_away_and_one_that_contradicts_it_is_kept()
    {
        var refund = await NewRefund();
        await using var fragile = await FragileSilo.Start(cluster);
        var clock = new FakeTimeProvider();
        using var late = NewLateAnswers(fragile, clock);
        fragile.Line.Close();

        late.TakeOfRefund(refund, Answer("00"));
        await fragile.Line.Refused;
        fragile.Line.Open();
        await Books.Until($"select state = 'DONE' from refunds where rrn = {refund}", () => clock.Advance(TimeSpan.FromSeconds(1)));
        late.TakeOfRefund(refund, Answer("14"));

        await Books.Until($"select count(*) = 1 from refund_contradictions where rrn = {refund} and response_code = '14'", () => clock.Advance(TimeSpan.FromSeconds(1)));
        (await Books.Scalar<string>($"select state || ' ' || response_code from refunds where rrn = {refund}")).Should().Be("DONE 00");
    }

    [Fact]
    public async Task A_late_answer_to_a_refund_that_is_not_final_or_about_something_else_changes_nothing()
    {
        var refund = await NewRefund();
        await using var fragile = await FragileSilo.Start(cluster);
        using var late = NewLateAnswers(fragile, new FakeTimeProvider());

        late.TakeOfRefund(refund, Answer("91"));
        late.TakeOfRefund(refund, Answer("14") with { Terminal = "T7000002" });
        late.TakeOfRefund(refund, Answer("00") with { Amount = new Money(1_001, Money.Cny) });
        await Eventually.Is(() => Task.FromResult(late.InHand == 0), "all are dealt with");

        late.Taken.Should().Be(3);
        (await Books.Scalar<string>($"select state || ' ' || coalesce(response_code, 'none') from refunds where rrn = {refund}")).Should().Be("SENT none");
    }

    private static LateAnswers NewLateAnswers(FragileSilo fragile, TimeProvider clock) => new(
        fragile.Silos.Service<AttemptRows>(),
        fragile.Silos.Service<ReversalRows>(),
        fragile.Silos.Service<RefundRows>(),
        fragile.Silos.Service<IBillGrains>(),
        clock,
        NullLogger<LateAnswers>.Instance);

    private static BankAnswer Answer(string code) => new(code, null, new Money(1_000, Money.Cny), null, "T7000001");

    // All that was held of a bill: SENT.
    private async Task<long> NewRefund()
    {
        var terms = new EscrowTerms(DeliveryMethod.Express, TimeSpan.FromHours(72), TimeSpan.FromDays(10));
        var bill = await Books.PutBill(escrow: terms);
        var start = await Books.NewAttempt(bill, Interlocked.Increment(ref _stans), terminal: "T7000001");
        await Books.Commits.StartAttempts.Submit(start);
        await Books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow(), terms));
        var (rows, rrn) = (cluster.Silos.Service<RefundRows>(), await Books.Rrns.Next());
        await rows.Request(new RequestRefund(rrn, Books.Merchant, bill, Amount: null, Reason: null, $"{rrn}", made => new KeptAnswer($"{made.Rrn}", [1], 201, "{}")));
        (await rows.TakeDue(TimeSpan.FromHours(1), 16, TestContext.Current.CancellationToken)).Should().ContainSingle(refund => refund.Rrn == rrn);
        return rrn;
    }
}
