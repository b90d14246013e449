using Lakala.Grains.Bills;
using Lakala.Grains.Notices;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Storage;
using Lakala.Testing;
using Lakala.Vocabulary;

namespace Lakala.Grains.Tests;

/// <summary>The swipe from the terminals' side: grains in a cluster, the real statements, a bank that waits for the test.</summary>
public sealed class SwipeTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>
{
    private Books Books => cluster.Books;

    [Fact]
    public async Task An_approved_swipe_is_paid_with_everything_that_belongs_to_it_when_it_is_answered()
    {
        var terminal = await cluster.NewTerminal();
        var bill = await Books.PutBill();
        var swipe = terminal.Swipe(bill);

        var answer = await terminal.Pay(swipe);

        answer.Should().Match<SwipeAnswer>(a => a.ResponseCode == "00" && a.State == AttemptState.Approved && a.AuthorisationCode == Books.ApprovalCode);
        answer.Payee.Should().Be("Test Shop");
        answer.OrderId.Should().Be($"order-{bill}");
        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Approved);
        var (row, _) = await Books.Commits.ReadBills.Submit(bill);
        row!.Bill.State.Should().Be(BillState.Paid);
        row.Payment!.Rrn.Should().Be(answer.Rrn);
        (await Books.Scalar<long>($"select count(*) from events e join deliveries d on d.event_id = e.id where e.bill = {bill}")).Should().Be(1);
        await Books.ShouldBalance();
    }

    [Fact]
    public async Task The_event_shows_the_bill_as_the_API_shows_it_later()
    {
        var terminal = await cluster.NewTerminal();
        var bill = await Books.PutBill();

        await terminal.Pay(terminal.Swipe(bill));

        var later = (await Books.Commits.ReadBills.Submit(bill)).Row!;
        (await Books.Scalar<string>($"select data from events where bill = {bill}")).Should().Be(BillView.Json(later, SwipeCluster.Pages));
    }

    [Fact]
    public async Task The_terminal_is_not_answered_before_the_approval_is_committed()
    {
        var terminal = await cluster.NewTerminal();
        var bill = await Books.PutBill();
        var swipe = terminal.Swipe(bill);
        var desk = cluster.Bank.Desk(terminal.Id);
        var answering = terminal.Pay(swipe);
        await desk.Asked;

        await using (var connection = await Books.Database.OpenConnectionAsync(TestContext.Current.CancellationToken))
        await using (var holding = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"select 1 from bills where number = {bill} for no key update";
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            desk.Answers("00");
            await Books.SomebodyWaits();

            answering.IsCompleted.Should().BeFalse();
            (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Sent);
        }

        (await answering).ResponseCode.Should().Be("00");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_repeat_hears_the_stored_answer_and_the_bank_is_not_asked_again(bool forgotten)
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());
        var first = await terminal.Pay(swipe);
        if (forgotten)
        {
            await terminal.Forget();
        }

        var repeat = await terminal.Pay(swipe);
        var enquiry = await terminal.Enquire(swipe);

        repeat.Should().Be(first);
        enquiry.Should().Be(repeat);
        cluster.Bank.Asked(swipe.Key).Should().Be(1);
    }

    [Fact]
    public async Task The_same_key_with_another_bill_amount_or_card_is_refused_and_never_reaches_the_bank()
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());
        var other = await Books.PutBill();
        await terminal.Pay(swipe);

        PayBill[] others =
        [
            terminal.Swipe(other, swipe.Key), terminal.Swipe(swipe.Bill, swipe.Key, amount: 999),
            terminal.Swipe(swipe.Bill, swipe.Key, maskedPan: "621700******0002"), swipe with { Card = null },
        ];
        foreach (var changed in others)
        {
            (await terminal.Pay(changed)).Reason.Should().Be(Refusal.KeyReused);
        }

        (await terminal.Enquire(terminal.Swipe(other, swipe.Key))).ResponseCode.Should().Be("94");
        cluster.Bank.Asked(swipe.Key).Should().Be(1);
        (await Books.StateOf(other)).Should().Be(BillState.Open);
        (await terminal.Enquire(swipe)).ResponseCode.Should().Be("00");
    }

    [Fact]
    public async Task What_cannot_be_read_is_no_repeat_of_a_real_attempt_but_is_one_of_itself()
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());
        await terminal.Pay(swipe);
        var mistyped = terminal.NextKey();

        (await terminal.Refuse(swipe.Key, Refusal.BillMistyped)).ResponseCode.Should().Be("94");
        (await terminal.Refuse(swipe.Key, Refusal.FormatError)).ResponseCode.Should().Be("94");
        (await terminal.Refuse(mistyped, Refusal.BillMistyped)).Reason.Should().Be(Refusal.BillMistyped);
        (await terminal.Refuse(mistyped, Refusal.BillMistyped)).Reason.Should().Be(Refusal.BillMistyped);
        (await terminal.Refuse(mistyped, Refusal.FormatError)).ResponseCode.Should().Be("94");
        (await terminal.Enquire(swipe)).ResponseCode.Should().Be("00");
    }

    [Fact]
    public async Task A_card_that_is_none_is_refused_for_ever()
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill()) with { Card = null };

        (await terminal.Pay(swipe)).ResponseCode.Should().Be("14");
        (await terminal.Pay(swipe)).ResponseCode.Should().Be("14");
        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Refused);
        cluster.Bank.Asked(terminal.Id).Should().Be(0);
    }

    [Fact]
    public async Task While_the_bank_is_asked_a_repeat_hears_09_another_terminal_12_and_readers_do_not_wait()
    {
        var (terminal, other) = (await cluster.NewTerminal(), await cluster.NewTerminal());
        var swipe = terminal.Swipe(await Books.PutBill());
        var desk = cluster.Bank.Desk(terminal.Id);
        var first = terminal.Pay(swipe);
        await desk.Asked;

        (await terminal.Pay(swipe)).ResponseCode.Should().Be("09");
        (await terminal.Enquire(swipe)).ResponseCode.Should().Be("09");
        (await other.Pay(other.Swipe(swipe.Bill))).Should().Match<SwipeAnswer>(a => a.ResponseCode == "12" && a.Reason == Refusal.BillBeingPaid);
        (await other.Grain.Lookup(other.Keys, other.NextKey(), swipe.Bill)).Refusal.Should().Be(Refusal.BillBeingPaid);
        (await cluster.Bill(swipe.Bill).Cancel(swipe.Bill)).Refusal.Should().Be(Refusal.BillBeingPaid);
        desk.Answers("00");

        (await first).ResponseCode.Should().Be("00");
        cluster.Bank.Asked(other.Id).Should().Be(0);
        cluster.Bank.Asked(swipe.Key).Should().Be(1);
    }

    [Fact]
    public async Task Each_change_of_a_bill_is_reported_once_it_is_committed()
    {
        var (terminal, other) = (await cluster.NewTerminal(), await cluster.NewTerminal());
        var swipe = terminal.Swipe(await Books.PutBill());
        var changes = cluster.Silos.Service<ReportedChanges>();
        var (abandoned, last) = (cluster.Bank.Desk(terminal.Id), cluster.Bank.Desk(other.Id));
        var answers = new List<Task<SwipeAnswer>>();

        (await StateAfter(() => answers.Add(terminal.Pay(swipe)))).Should().Be(BillState.Paying);
        (await StateAfter(() => answers.Add(terminal.Abandon(swipe)))).Should().Be(BillState.Open);
        (await StateAfter(() => answers.Add(other.Pay(other.Swipe(swipe.Bill))))).Should().Be(BillState.Paying);
        (await StateAfter(() => last.Answers("00"))).Should().Be(BillState.Paid);

        abandoned.Answers("00");
        (await Task.WhenAll(answers)).Select(answer => answer.ResponseCode).Should().Equal("68", "68", "00");

        async Task<BillState> StateAfter(Action act)
        {
            var change = changes.Next(swipe.Bill);
            act();
            await change;
            return await Books.StateOf(swipe.Bill);
        }
    }

    [Fact]
    public async Task A_declined_bill_is_open_again_and_another_card_pays_it()
    {
        var (terminal, other) = (await cluster.NewTerminal(), await cluster.NewTerminal());
        var swipe = terminal.Swipe(await Books.PutBill());
        cluster.Bank.Desk(terminal.Id).Answers("51");

        (await terminal.Pay(swipe)).Should().Match<SwipeAnswer>(a => a.ResponseCode == "51" && a.Reason == Refusal.DeclinedByBank);
        (await Books.StateOf(swipe.Bill)).Should().Be(BillState.Open);
        (await other.Pay(other.Swipe(swipe.Bill, maskedPan: "621700******0002"))).ResponseCode.Should().Be("00");

        (await terminal.Pay(swipe)).ResponseCode.Should().Be("51");
    }

    public static TheoryData<string, Func<Authorisation, BankAnswer, BankAnswer>> AnswersToReverse => new()
    {
        { "another amount", (_, answer) => answer with { Amount = new Money(1, Money.Cny) } },
        { "no amount", (_, answer) => answer with { Amount = null } },
        { "another RRN", (request, answer) => answer with { Rrn = Rrn.ToText(request.Rrn + 1) } },
        { "another terminal", (_, answer) => answer with { Terminal = "T9999999" } },
        { "no authorisation code", (_, answer) => answer with { AuthorisationCode = null } },
        { "in progress", (_, answer) => answer with { ResponseCode = "09" } },
        { "partial approval", (_, answer) => answer with { ResponseCode = "10" } },
        { "unlisted", (_, answer) => answer with { ResponseCode = "zz" } },
    };

    [Theory]
    [MemberData(nameof(AnswersToReverse))]
    public async Task An_answer_that_is_not_this_approval_nor_a_final_decline_is_reversed(string what, Func<Authorisation, BankAnswer, BankAnswer> change)
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());
        cluster.Bank.Desk(terminal.Id).Answers(request => new BankOutcome.Answered(
            change(request, ((BankOutcome.Answered)TestBank.Approve(request)).Answer)));

        (await terminal.Pay(swipe)).ResponseCode.Should().Be("68", "the bank answers with {0}", what);

        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Reversing);
    }

    [Theory]
    [InlineData(AttemptState.Reversing)]
    [InlineData(AttemptState.Reversed)]
    public async Task A_reversed_key_answers_68_whatever_the_content(AttemptState state)
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());
        cluster.Bank.Desk(terminal.Id).Answers(_ => new BankOutcome.NoAnswer());
        await terminal.Pay(swipe);
        if (state == AttemptState.Reversed)
        {
            await Books.Reversals.Acknowledged(await Books.Scalar<long>($"select rrn from attempts where terminal_id = '{terminal.Id}'"));
        }

        (await Books.StateUnder(swipe.Key)).Should().Be(state);
        (await ToldUnderAnyContent(terminal, swipe)).Should().OnlyContain(code => code == "68");
        (await terminal.Abandon(swipe)).Should().Match<SwipeAnswer>(a => a.ResponseCode == "68" && a.State == state);
    }

    [Fact]
    public async Task An_enquiry_of_an_unknown_key_voids_it_and_a_delayed_swipe_hears_25_whatever_the_content()
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());

        (await terminal.Enquire(swipe)).Should().Match<SwipeAnswer>(a => a.ResponseCode == "25" && a.State == AttemptState.Void);

        (await ToldUnderAnyContent(terminal, swipe)).Should().OnlyContain(code => code == "25");
        (await Books.StateOf(swipe.Bill)).Should().Be(BillState.Open);
        cluster.Bank.Asked(terminal.Id).Should().Be(0);
    }

    public static TheoryData<BillState, long, string> Refused => new()
    {
        { BillState.Open, 999, "13" },
        { BillState.Paid, 1000, "40" },
        { BillState.Expired, 1000, "40" },
        { BillState.Cancelled, 1000, "40" },
        { BillState.Paying, 1000, "12" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_final_refusal_is_stored_before_it_is_told_and_repeated_for_ever(BillState state, long amount, string code)
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill(state: state), amount: amount);

        var first = await terminal.Pay(swipe);

        first.ResponseCode.Should().Be(code);
        (await Books.StateUnder(swipe.Key)).Should().Be(AttemptState.Refused);
        await Books.Execute(
            $"update bills set amount = {amount}, state = 'OPEN', paid_rrn = null, live = true where number = {swipe.Bill}");
        await terminal.Forget();
        (await terminal.Pay(swipe)).Should().Be(first);
        cluster.Bank.Asked(terminal.Id).Should().Be(0);
    }

    [Fact]
    public async Task An_unknown_bill_is_refused_for_ever_under_its_key()
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(BillNumber.FromRandom(123_456_789_012).Value);

        var first = await terminal.Pay(swipe);

        first.Reason.Should().Be(Refusal.BillUnknown);
        (await terminal.Pay(swipe)).Should().Be(first);
    }

    [Fact]
    public async Task A_bill_past_its_time_is_payable_while_it_is_held_and_refused_when_it_is_not()
    {
        var terminal = await cluster.NewTerminal();
        var held = await Books.PutBill(expiresIn: TimeSpan.FromMinutes(-1), heldFor: TimeSpan.FromMinutes(1));
        var over = await Books.PutBill(expiresIn: TimeSpan.FromMinutes(-1));

        (await terminal.Pay(terminal.Swipe(held))).ResponseCode.Should().Be("00");
        (await terminal.Pay(terminal.Swipe(over))).Reason.Should().Be(Refusal.BillExpired);
        (await terminal.Grain.Lookup(terminal.Keys, terminal.NextKey(), over)).Refusal.Should().Be(Refusal.BillExpired);
    }

    [Fact]
    public async Task A_looked_up_bill_cannot_be_cancelled_nor_expire_while_it_is_held()
    {
        var terminal = await cluster.NewTerminal();
        var bill = await Books.PutBill();

        (await terminal.Grain.Lookup(terminal.Keys, terminal.NextKey(), bill)).Refusal.Should().BeNull();

        (await cluster.Bill(bill).Cancel(bill)).Refusal.Should().Be(Refusal.BillHeld);
        (await cluster.Bill(bill).Expire(bill)).Refusal.Should().Be(Refusal.BillHeld);
        (await Books.StateOf(bill)).Should().Be(BillState.Open);
    }

    [Theory]
    [InlineData("bill.cancelled", "CANCELLED")]
    [InlineData("bill.expired", "EXPIRED")]
    public async Task A_closed_bill_has_one_event_and_one_delivery_however_often_it_is_closed(string type, string state)
    {
        var bill = await Books.PutBill(expiresIn: TimeSpan.FromMinutes(type == "bill.expired" ? -1 : 1));
        var grain = cluster.Bill(bill);
        var change = cluster.Silos.Service<ReportedChanges>().Next(bill);
        Task<BillClosed> Close() => type == "bill.expired" ? grain.Expire(bill) : grain.Cancel(bill);

        var closed = await Task.WhenAll(Close(), Close(), Close());
        var again = await Close();

        closed.Count(outcome => outcome.Refusal is null).Should().Be(1);
        await change;
        again.Refusal.Should().Be(type == "bill.expired" ? Refusal.BillExpired : Refusal.BillCancelled);
        (await Books.Scalar<string>($"select string_agg(type, ',') from events where bill = {bill}")).Should().Be(type);
        (await Books.Scalar<long>($"select count(*) from deliveries d join events e on e.id = d.event_id where e.bill = {bill}")).Should().Be(1);
        var row = (await Books.Commits.ReadBills.Submit(bill)).Row!;
        StateNames.Format(row.Bill.State).Should().Be(state);
        (await Books.Scalar<string>($"select data from events where bill = {bill}")).Should().Be(BillView.Json(row, SwipeCluster.Pages));
    }

    private static async Task<List<string?>> ToldUnderAnyContent(TestTerminal terminal, PayBill swipe) =>
    [
        (await terminal.Pay(swipe)).ResponseCode,
        (await terminal.Pay(swipe with { Card = null })).ResponseCode,
        (await terminal.Pay(terminal.Swipe(swipe.Bill, swipe.Key, amount: 7))).ResponseCode,
        (await terminal.Pay(terminal.Swipe(swipe.Bill, swipe.Key, maskedPan: "621700******0002"))).ResponseCode,
        (await terminal.Enquire(terminal.Swipe(swipe.Bill, swipe.Key, amount: 7))).ResponseCode,
        (await terminal.Refuse(swipe.Key, Refusal.FormatError)).ResponseCode,
    ];
}
