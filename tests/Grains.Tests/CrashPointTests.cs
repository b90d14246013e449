using Lakala.Grains.Notices;
using Lakala.Grains.Swipes;
using Lakala.Grains.Terminals;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Lakala.Vocabulary;

namespace Lakala.Grains.Tests;

/// <summary>
/// The rows of docs/crash-points.md that need no separate process, in the page's order: the test controls the bank, the line to
/// PostgreSQL and a bill's lock, and holds the swipe at exactly that moment.
/// </summary>
public sealed class CrashPointTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>
{
    private const string Marked = "621700******0077";

    // A text that is only in the statement that closes a key.
    private const string Void = "VOID";

    private static readonly BankOutcome NoAnswer = new BankOutcome.NoAnswer();

    private Books Books => cluster.Books;

    // The outcome of C1 is unknown.

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task C1_is_unknown_and_the_bank_is_asked_once_it_is_proven_and_only_once(bool committed)
    {
        await using var fragile = await FragileSilo.Start(cluster);
        var terminal = fragile.Terminal;
        var swipe = terminal.Swipe(await Books.PutBill(), maskedPan: Marked);
        var cut = committed ? fragile.Line.CutAfter(Marked, close: true) : fragile.Line.CutBefore(Marked, close: true);

        var answering = terminal.Pay(swipe);
        await cut;
        await fragile.Line.Refused;

        (await Books.StateUnder(swipe.Key)).Should().Be(committed ? AttemptState.Sent : null);
        cluster.Bank.Asked(swipe.Key).Should().Be(0, "it is not proven yet");
        var attempt = committed ? await AttemptId(swipe) : (Guid?)null;
        fragile.Line.Open();
        (await answering).ResponseCode.Should().Be("00");
        cluster.Bank.Asked(swipe.Key).Should().Be(1);
        (await AttemptId(swipe)).Should().Be(attempt ?? await AttemptId(swipe), "the same run submits its attempt again");
        await Books.ShouldBalance();
    }

    [Fact]
    public async Task C1_stays_unknown_and_is_answered_with_silence_and_never_reaches_the_bank()
    {
        await using var fragile = await FragileSilo.Start(cluster, Short);
        var terminal = fragile.Terminal;
        var swipe = terminal.Swipe(await Books.PutBill(), maskedPan: Marked);
        var cut = fragile.Line.CutAfter(Marked, close: true);

        (await terminal.Pay(swipe)).ResponseCode.Should().BeNull();

        cut.IsCompletedSuccessfully.Should().BeTrue();
        cluster.Bank.Asked(terminal.Id).Should().Be(0);
        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Sent);
        await SweepShouldReverse(fragile, swipe);
    }

    // The outcome of C2 is unknown.

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task C2_is_unknown_and_nothing_is_answered_before_it_is_proven(bool committed)
    {
        await using var fragile = await FragileSilo.Start(cluster);
        var terminal = fragile.Terminal;
        var swipe = terminal.Swipe(await Books.PutBill());
        var cut = committed ? fragile.Line.CutAfter(Books.ApprovalCode, close: true) : fragile.Line.CutBefore(Books.ApprovalCode, close: true);

        var answering = terminal.Pay(swipe);
        await cut;
        await fragile.Line.Refused;

        answering.IsCompleted.Should().BeFalse();
        (await Books.StateUnder(swipe.Key)).Should().Be(committed ? AttemptState.Approved : AttemptState.Sent);
        fragile.Line.Open();
        var answer = await answering;
        answer.Should().Match<SwipeAnswer>(a => a.ResponseCode == "00" && a.AuthorisationCode == Books.ApprovalCode);
        (await Books.StateOf(swipe.Bill)).Should().Be(BillState.Paid);
        (await Books.Scalar<long>($"select count(*) from events where bill = {swipe.Bill}")).Should().Be(1);
        (await terminal.Pay(swipe)).Should().Be(answer);
        cluster.Bank.Asked(swipe.Key).Should().Be(1);
        await Books.ShouldBalance();
    }

    // The row under a key is unknown.

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_key_whose_closing_is_unknown_is_answered_once_it_is_proven(bool committed)
    {
        await using var fragile = await FragileSilo.Start(cluster);
        var terminal = fragile.Terminal;
        var swipe = terminal.Swipe(await Books.PutBill());
        var cut = committed ? fragile.Line.CutAfter(Void, close: true) : fragile.Line.CutBefore(Void, close: true);

        var answering = terminal.Abandon(swipe);
        await cut;
        await fragile.Line.Refused;

        answering.IsCompleted.Should().BeFalse();
        (await Books.StateUnder(swipe.Key)).Should().Be(committed ? AttemptState.Void : null);
        fragile.Line.Open();
        (await answering).ResponseCode.Should().Be("25");
        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Void);
    }

    // PostgreSQL is down or restarts.

    [Fact]
    public async Task While_PostgreSQL_is_down_a_terminal_hears_91_at_once_and_nothing_is_stored()
    {
        await using var fragile = await FragileSilo.Start(cluster);
        var terminal = fragile.Terminal;
        var swipe = terminal.Swipe(await Books.PutBill());
        fragile.Line.Close();

        (await terminal.Pay(swipe)).ResponseCode.Should().Be("91");
        (await terminal.Enquire(swipe)).ResponseCode.Should().Be("91");
        (await terminal.Abandon(swipe)).ResponseCode.Should().Be("91");
        (await terminal.Refuse(swipe.Key, Refusal.FormatError)).ResponseCode.Should().Be("91");
        (await terminal.Grain.Lookup(terminal.Keys, terminal.NextKey(), swipe.Bill)).Refusal.Should().Be(Refusal.TryLater);
        await terminal.Forget();
        (await terminal.Pay(swipe)).ResponseCode.Should().Be("91");
        (await terminal.Grain.Beat(terminal.Keys, null)).Refusal.Should().Be(Refusal.TryLater);
        await FluentActions.Awaiting(() => terminal.Grain.Find()).Should().ThrowAsync<DatabaseAwayException>();

        (await Books.StateUnder(swipe.Key)).Should().BeNull();
        cluster.Bank.Asked(terminal.Id).Should().Be(0);
        fragile.Line.Open();
        (await terminal.Pay(swipe)).ResponseCode.Should().Be("00");
    }

    [Fact]
    public async Task A_C2_in_hand_is_tried_until_PostgreSQL_is_back()
    {
        await using var fragile = await FragileSilo.Start(cluster);
        var terminal = fragile.Terminal;
        var swipe = terminal.Swipe(await Books.PutBill());
        var desk = cluster.Bank.Desk(terminal.Id);
        var answering = terminal.Pay(swipe);
        await desk.Asked;
        fragile.Line.Close();
        desk.Answers("00");

        await fragile.Line.Refused;
        answering.IsCompleted.Should().BeFalse();
        fragile.Line.Open();

        (await answering).ResponseCode.Should().Be("00");
        (await Books.StateOf(swipe.Bill)).Should().Be(BillState.Paid);
        await Books.ShouldBalance();
    }

    [Fact]
    public async Task A_C2_in_hand_at_its_deadline_ends_in_silence_and_is_reversed()
    {
        await using var fragile = await FragileSilo.Start(cluster, Short);
        var terminal = fragile.Terminal;
        var swipe = terminal.Swipe(await Books.PutBill());
        var desk = cluster.Bank.Desk(terminal.Id);
        var answering = terminal.Pay(swipe);
        await desk.Asked;
        fragile.Line.Close();
        desk.Answers("00");

        (await answering).ResponseCode.Should().BeNull();

        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Sent);
        await SweepShouldReverse(fragile, swipe);
    }

    // The bank is silent, or the link drops with the request possibly sent.

    [Fact]
    public async Task Without_an_answer_REVERSING_is_committed_before_68_is_told()
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());
        var desk = cluster.Bank.Desk(terminal.Id);
        var answering = terminal.Pay(swipe);
        await desk.Asked;

        await using (await Books.Lock(swipe.Bill))
        {
            desk.Answers(_ => NoAnswer);
            await Books.SomebodyWaits();

            answering.IsCompleted.Should().BeFalse();
            (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Sent);
        }

        (await answering).ResponseCode.Should().Be("68");
        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Reversing);
        (await Books.StateOf(swipe.Bill)).Should().Be(BillState.Open);
        (await Reversals(swipe)).Should().Be(1);
    }

    // The request was never handed to the socket.

    [Fact]
    public async Task What_was_never_handed_to_the_socket_is_92_for_ever_and_leaves_the_bill_open()
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());
        cluster.Bank.Desk(terminal.Id).Answers(_ => new BankOutcome.NotSent(Refusal.BankNotReachable));

        (await terminal.Pay(swipe)).ResponseCode.Should().Be("92");

        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.NotSent);
        (await terminal.Pay(swipe)).ResponseCode.Should().Be("92");
        (await terminal.Enquire(swipe)).ResponseCode.Should().Be("92");
        (await Books.StateOf(swipe.Bill)).Should().Be(BillState.Open);
        (await Reversals(swipe)).Should().Be(0);
        cluster.Bank.Asked(swipe.Key).Should().Be(1);
    }

    // A late approval.

    [Fact]
    public async Task A_late_approval_settles_while_SENT_and_before_the_deadline_and_whoever_waits_hears_00()
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());
        var desk = cluster.Bank.Desk(terminal.Id);
        var answering = terminal.Pay(swipe);
        var request = await desk.Asked;
        await Books.Execute($"update merchants set fee_basis_points = 9000 where id = '{Books.Merchant}'");

        (await SettleLate(request)).Should().BeTrue();

        await Books.Execute($"update merchants set fee_basis_points = {Books.Rates.FeeBasisPoints} where id = '{Books.Merchant}'");
        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Approved);
        (await Books.StateOf(swipe.Bill)).Should().Be(BillState.Paid);
        (await Books.Scalar<long>($"select count(*) from events e join deliveries d on d.event_id = e.id where e.bill = {swipe.Bill}")).Should().Be(1);
        (await Books.Scalar<string>($"select data from events where bill = {swipe.Bill}"))
            .Should().Be(BillView.Json((await Books.Commits.ReadBills.Submit(swipe.Bill)).Row!, SwipeCluster.Pages));
        var fee = Shares.Divide(TestTerminal.Amount, Books.Rates);
        (await Books.Scalar<long>($"select -amount from postings where rrn = {request.Rrn} and account = 'merchant:{Books.Merchant}'"))
            .Should().Be(fee.Merchant, "the rates in force at C1 count");
        (await terminal.Enquire(swipe)).ResponseCode.Should().Be("00");
        desk.Answers(_ => NoAnswer);
        var answer = await answering;
        answer.Should().Match<SwipeAnswer>(a => a.ResponseCode == "00" && a.AuthorisationCode == Books.ApprovalCode && a.State == AttemptState.Approved);
        (await terminal.Pay(swipe)).Should().Be(answer);
        (await Reversals(swipe)).Should().Be(0);
        await Books.ShouldBalance();
    }

    [Fact]
    public async Task A_late_approval_and_the_end_of_patience_at_once_agree_on_one_outcome()
    {
        await using var rival = await Silos.Start(Books.ConnectionString, cluster.Bank);
        for (var i = 0; i < 20; i++)
        {
            var terminal = await cluster.NewTerminal();
            var swipe = terminal.Swipe(await Books.PutBill());
            var desk = cluster.Bank.Desk(terminal.Id);
            var answering = terminal.Pay(swipe);
            var request = await desk.Asked;
            Task<bool> settling;
            await using (await Books.Lock(swipe.Bill))
            {
                settling = rival.GetBill(swipe.Bill).SettleLate(request.Rrn, Approval(request));
                desk.Answers(_ => NoAnswer);
                await Books.SomebodyWaits(2);
            }

            (await answering).ResponseCode.Should().Be(await settling ? "00" : "68");

            (await Books.StateUnder(swipe.Key)).Should().Be(await settling ? AttemptState.Approved : AttemptState.Reversing);
            (await Reversals(swipe)).Should().Be(await settling ? 0 : 1);
        }

        await Books.ShouldBalance();
    }

    [Fact]
    public async Task A_late_approval_past_the_deadline_does_not_settle()
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());
        var desk = cluster.Bank.Desk(terminal.Id);
        var answering = terminal.Pay(swipe);
        var request = await desk.Asked;
        await Books.Execute($"update attempts set deadline = clock_timestamp() where rrn = {request.Rrn}");

        (await SettleLate(request)).Should().BeFalse();

        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Sent, "that is the sweeper's to reverse");
        desk.Answers("00");
        (await answering).ResponseCode.Should().Be("68", "an approval that is waited for is held to the same deadline");
        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Reversing);
        (await Books.StateOf(swipe.Bill)).Should().Be(BillState.Open);
    }

    public static TheoryData<string, Func<BankAnswer, BankAnswer>> NotThisApproval => new()
    {
        { "a decline", answer => answer with { ResponseCode = "51", AuthorisationCode = null } },
        { "no final answer", answer => answer with { ResponseCode = "09" } },
        { "another amount", answer => answer with { Amount = new Money(1, Money.Cny) } },
        { "another terminal", answer => answer with { Terminal = "T9999999" } },
        { "another RRN", answer => answer with { Rrn = "999999999999" } },
    };

    [Theory]
    [MemberData(nameof(NotThisApproval))]
    public async Task A_late_answer_that_is_not_this_approval_changes_nothing(string what, Func<BankAnswer, BankAnswer> change)
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());
        var desk = cluster.Bank.Desk(terminal.Id);
        var answering = terminal.Pay(swipe);
        var request = await desk.Asked;

        (await cluster.Bill(swipe.Bill).SettleLate(request.Rrn, change(Approval(request)))).Should().BeFalse(what);

        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Sent);
        desk.Answers("00");
        (await answering).ResponseCode.Should().Be("00");
    }

    [Theory]
    [InlineData(AttemptState.Reversing)]
    [InlineData(AttemptState.NotSent)]
    [InlineData(AttemptState.Declined)]
    public async Task A_late_approval_of_what_is_not_SENT_any_more_does_not_settle(AttemptState state)
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());
        var desk = cluster.Bank.Desk(terminal.Id);
        desk.Answers(asked => state switch
        {
            AttemptState.NotSent => new BankOutcome.NotSent(Refusal.BankNotReachable),
            AttemptState.Declined => TestBank.Answer(asked, "51"),
            _ => NoAnswer,
        });
        var told = await terminal.Pay(swipe);

        (await SettleLate(await desk.Asked)).Should().BeFalse();

        (await Books.StateUnder(swipe.Key)).Should().Be(state);
        (await Books.StateOf(swipe.Bill)).Should().Be(BillState.Open);
        (await terminal.Pay(swipe)).ResponseCode.Should().Be(told.ResponseCode, "the answer stays");
    }

    // The terminal gives up and sends 0420.

    [Fact]
    public async Task An_abandoned_swipe_is_reversed_before_the_bank_answers_and_its_approval_does_not_settle()
    {
        var (terminal, other) = (await cluster.NewTerminal(), await cluster.NewTerminal());
        var swipe = terminal.Swipe(await Books.PutBill());
        var desk = cluster.Bank.Desk(terminal.Id);
        var answer = terminal.Pay(swipe);
        await desk.Asked;

        (await terminal.Abandon(swipe)).Should().Match<SwipeAnswer>(a => a.ResponseCode == "68" && a.State == AttemptState.Reversing);
        (await Books.StateOf(swipe.Bill)).Should().Be(BillState.Open);
        (await other.Pay(other.Swipe(swipe.Bill))).ResponseCode.Should().Be("00");
        desk.Answers("00");

        (await answer).ResponseCode.Should().Be("68");
        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Reversing);
        await Books.ShouldBalance();
    }

    [Fact]
    public async Task Abandonment_and_approval_at_once_agree_on_one_outcome()
    {
        for (var i = 0; i < 20; i++)
        {
            var terminal = await cluster.NewTerminal();
            var swipe = terminal.Swipe(await Books.PutBill());
            var desk = cluster.Bank.Desk(terminal.Id);
            var answering = terminal.Pay(swipe);
            await desk.Asked;

            var abandoning = terminal.Abandon(swipe);
            desk.Answers("00");
            var (answer, abandoned) = (await answering, await abandoning);

            abandoned.State.Should().BeOneOf(AttemptState.Approved, AttemptState.Reversing);
            answer.ResponseCode.Should().Be(abandoned.State == AttemptState.Approved ? "00" : "68");
            (await Books.StateUnder(swipe.Key)).Should().Be(abandoned.State);
        }

        await Books.ShouldBalance();
    }

    // Two terminals, or a duplicate activation, on one bill.

    [Fact]
    public async Task Two_terminals_on_one_bill_at_once_have_one_winner_and_the_loser_never_calls_the_bank()
    {
        await using var rival = await Silos.Start(Books.ConnectionString, cluster.Bank);
        TestTerminal[] terminals = [await cluster.NewTerminal(), await cluster.NewTerminal(rival)];
        var bill = await Books.PutBill();
        Task<SwipeAnswer>[] answering;
        await using (await Books.Lock(bill))
        {
            answering = [.. terminals.Select(terminal => terminal.Pay(terminal.Swipe(bill)))];
            await Books.SomebodyWaits(2);
        }

        var answers = await Task.WhenAll(answering);

        answers.Should().ContainSingle(answer => answer.ResponseCode == "00");
        answers.Should().ContainSingle(answer => answer.Reason == Refusal.BillBeingPaid || answer.Reason == Refusal.BillPaid);
        terminals.Sum(terminal => cluster.Bank.Asked(terminal.Id)).Should().Be(1);
        await Books.ShouldBalance();
    }

    [Fact]
    public async Task Of_many_terminals_on_one_bill_one_wins_and_the_others_never_call_the_bank()
    {
        var terminals = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => cluster.NewTerminal()));
        var bill = await Books.PutBill();

        var answers = await Task.WhenAll(terminals.Select(terminal => terminal.Pay(terminal.Swipe(bill))));

        answers.Where(answer => answer.ResponseCode == "00").Should().ContainSingle();
        answers.Where(answer => answer.ResponseCode != "00").Should().OnlyContain(
            answer => answer.Reason == Refusal.BillBeingPaid || answer.Reason == Refusal.BillPaid);
        terminals.Sum(terminal => cluster.Bank.Asked(terminal.Id)).Should().Be(1);
    }

    [Fact]
    public async Task Duplicate_activations_of_terminal_and_bill_ask_the_bank_once_and_agree()
    {
        var terminal = await cluster.NewTerminal();
        await using var rival = await Silos.Start(Books.ConnectionString, cluster.Bank);
        var twin = rival.Grains.GetGrain<ITerminalGrain>(terminal.Id);
        for (var i = 0; i < 20; i++)
        {
            var swipe = terminal.Swipe(await Books.PutBill());
            Task<SwipeAnswer>[] answering;
            await using (await Books.Lock(swipe.Bill))
            {
                answering = [terminal.Pay(swipe), twin.Pay(terminal.Keys, swipe), terminal.Pay(swipe)];
                await Books.SomebodyWaits(2);
            }

            var answers = await Task.WhenAll(answering);

            answers.Should().OnlyContain(answer => answer.ResponseCode == "00" || answer.ResponseCode == "09").And.Contain(answer => answer.ResponseCode == "00");
            cluster.Bank.Asked(swipe.Key).Should().Be(1);
        }
    }

    // The bank answers at once, so its time-out does not matter here; the tests wait for the commit deadline.
    private static SwipeOptions Short => new() { BankTimeout = TimeSpan.FromSeconds(2.5), CommitDeadline = TimeSpan.FromSeconds(3) };

    private static BankAnswer Approval(Authorisation request) => ((BankOutcome.Answered)TestBank.Approve(request)).Answer;

    /// <summary>As the bank line does with an approval for which no request waits.</summary>
    private async Task<bool> SettleLate(Authorisation request)
    {
        var bill = (await Books.Attempts.FindByRrn(request.Rrn, TestContext.Current.CancellationToken))!.Bill!.Value;
        return await cluster.Bill(bill).SettleLate(request.Rrn, Approval(request));
    }

    private Task<Guid> AttemptId(PayBill swipe) =>
        Books.Scalar<Guid>($"select id from attempts where terminal_id = '{swipe.Key.Terminal}' and stan = {swipe.Key.Stan}");

    private Task<long> Reversals(PayBill swipe) => Books.Scalar<long>(
        $"select count(*) from reversals where terminal_id = '{swipe.Key.Terminal}' and stan = {swipe.Key.Stan} and acknowledged_at is null");

    private async Task SweepShouldReverse(FragileSilo fragile, PayBill swipe)
    {
        fragile.Line.Open();
        await Books.Execute($"update attempts set deadline = clock_timestamp() - interval '1 minute' where terminal_id = '{fragile.Terminal.Id}'");
        var overdue = await Books.Attempts.Overdue(TimeSpan.FromSeconds(5), 100, TestContext.Current.CancellationToken);
        (await cluster.Silos.Service<SwipeKeys>().Reverse(overdue.Single(row => row.Key == swipe.Key))).Moved.Should().BeTrue();

        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Reversing);
        (await Books.StateOf(swipe.Bill)).Should().Be(BillState.Open);
        (await fragile.Terminal.Pay(swipe)).ResponseCode.Should().Be("68");
        await Books.ShouldBalance();
    }
}
