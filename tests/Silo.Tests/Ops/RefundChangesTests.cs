using Lakala.Grains.Notices;
using Lakala.Grains.Tests;
using Lakala.Rules.Attempts;
using Lakala.Rules.Refunds;
using Lakala.Silo.Ops;
using Lakala.Silo.Ops.Refunds;
using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Refunds;
using Lakala.Testing;
using Lakala.Vocabulary;

namespace Lakala.Silo.Tests.Ops;

/// <summary>What operators do about refunds that are not sent any more, over the real database.</summary>
public sealed class RefundChangesTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>
{
    private static int Stans;

    private Books Books => cluster.Books;

    private RefundRows Refunds => cluster.Silos.Service<RefundRows>();

    private RefundChanges Changes => new(
        Refunds,
        new RefundRulings(Books.Connections, Refunds, new RefundRemedies(Refunds, cluster.Silos.Service<IClaimNotices>(), TimeProvider.System)),
        Books.Rrns,
        cluster.Silos.Service<NoticeSignal>(),
        cluster.Silos.Service<IBillChanges>());

    [Theory]
    [InlineData(nameof(RefundVerdict.Credited), RefundState.Done)]
    [InlineData(nameof(RefundVerdict.NotCredited), RefundState.Declined)]
    public async Task A_ruling_is_proposed_by_one_and_approved_once_by_another(string what, RefundState state)
    {
        var refund = await Stopped();
        (await Changes.Propose(refund, what, " letter 7 ", "wang")).Refused.Should().BeNull();
        (await Changes.Propose(refund, what, "letter 8", "li")).Refused.Should().Match<Refused>(why => why.Problem.StatusCode == 409 && why.Reasons[0].Contains("waits already"));

        (await Changes.Approve(refund, 1, "wang")).Refused.Should().Match<Refused>(why => why.Problem.StatusCode == 409 && why.Reasons[0].Contains("yourself"));
        (await State(refund)).Should().Be(RefundState.Sent);
        (await Changes.Approve(refund, 1, "li")).Refused.Should().BeNull();
        (await Changes.Approve(refund, 1, "chen")).Refused!.Reasons[0].Should().Contain("does not wait any more");

        (await State(refund)).Should().Be(state);
        (await Books.Scalar<string>($"select reason || ' ' || approved_by from refund_rulings where rrn = {refund}")).Should().Be("letter 7 li");
    }

    [Fact]
    public async Task A_ruling_without_a_reason_or_about_nothing_is_not_proposed()
    {
        var refund = await Stopped();

        (await Changes.Propose(refund, "", "letter 7", "wang")).Refused!.Problem.StatusCode.Should().Be(400);
        (await Changes.Propose(refund, nameof(RefundVerdict.Credited), " ", "wang")).Refused!.Problem.StatusCode.Should().Be(400);
        (await Changes.Propose(refund, nameof(RefundVerdict.Credited), new string('x', RefundChanges.MostText + 1), "wang")).Refused!.Problem.StatusCode.Should().Be(400);
        (await Changes.Propose("000000000001", nameof(RefundVerdict.Credited), "letter 7", "wang")).Refused!.Problem.StatusCode.Should().Be(404);
        (await Changes.Propose("one", nameof(RefundVerdict.Credited), "letter 7", "wang")).Refused!.Problem.StatusCode.Should().Be(404);

        (await Books.Scalar<long>($"select count(*) from refund_rulings where rrn = {refund}")).Should().Be(0);
    }

    [Fact]
    public async Task A_ruling_is_too_late_when_the_banks_word_came_first()
    {
        var refund = await Stopped();
        await Changes.Propose(refund, nameof(RefundVerdict.NotCredited), "letter 7", "wang");
        (await Refunds.Finish(long.Parse(refund), RefundState.Done, "00")).Should().Be(FinalWord.Posted);

        (await Changes.Approve(refund, 1, "li")).Refused.Should().Match<Refused>(why => why.Problem.StatusCode == 409 && why.Reasons[0].Contains("nothing of this kind to decide"));

        (await State(refund)).Should().Be(RefundState.Done);
    }

    [Fact]
    public async Task A_ruling_that_is_turned_down_makes_room()
    {
        var refund = await Stopped();
        await Changes.Propose(refund, nameof(RefundVerdict.Credited), "letter 7", "wang");

        (await Changes.Drop(refund, 1, "wang")).Refused.Should().BeNull();

        (await Changes.Drop(refund, 1, "li")).Refused!.Reasons[0].Should().Contain("does not wait any more");
        (await Changes.Propose(refund, nameof(RefundVerdict.NotCredited), "letter 8", "li")).Refused.Should().BeNull();
        (await Changes.Approve(refund, 2, "wang")).Refused.Should().BeNull();
    }

    [Fact]
    public async Task Nobody_rules_about_a_refund_that_is_still_sent()
    {
        var refund = await Stopped();
        await Books.Execute($"update refunds set due_at = now() + interval '1 day' where rrn = {refund}");

        (await Changes.Propose(refund, nameof(RefundVerdict.Credited), "letter 7", "wang")).Refused!.Reasons[0].Should().Contain("nothing of this kind to decide");
    }

    private async Task<RefundState> State(string refund) => (await Refunds.Find(long.Parse(refund), TestContext.Current.CancellationToken))!.State;

    // As the sender leaves it 34 days after its first sending.
    private async Task<string> Stopped()
    {
        var bill = await Books.PutBill();
        var start = await Books.NewAttempt(bill, Interlocked.Increment(ref Stans));
        await Books.Commits.StartAttempts.Submit(start);
        await Books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow()));
        var rrn = await Books.Rrns.Next();
        (await Refunds.Request(new RequestRefund(rrn, Books.Merchant, bill, 300, null, $"{rrn}", made => new KeptAnswer($"{made.Rrn}", [1], 201, "{}")))).Should().BeOfType<RequestOutcome.Made>();
        await Eventually.Is(
            async () =>
            {
                await new Storage.Ledger.LedgerRows(Books.Connections).FoldCredits(TestContext.Current.CancellationToken);
                await Refunds.CoverQueued(16, TestContext.Current.CancellationToken);
                return await State(Rrn.ToText(rrn)) == RefundState.Requested;
            },
            "it is covered");
        await Books.Execute($"update refunds set state = 'SENT', tries = 1, sent_at = now() - interval '35 days', due_at = null where rrn = {rrn}");
        return Rrn.ToText(rrn);
    }
}
