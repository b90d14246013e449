using Lakala.Rules.Attempts;
using Lakala.Rules.Claims;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Ledger;
using Lakala.Storage.Refunds;
using Lakala.Testing;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>What the bank has refused although the shopper was promised it, what waits for a merchant's money, and what a merchant withdraws.</summary>
public sealed class RefusedRefundTests(TestPostgres postgres) : ClaimBooks(postgres)
{
    private RefundRulings Rulings => new(Books.Connections, Refunds, new RefundRemedies(Refunds, new BareNotices(), TimeProvider.System));

    [Fact]
    public async Task What_the_bank_refuses_to_give_back_of_held_money_stops_the_trade_and_asks_two_operators()
    {
        var bill = await Ship();
        var refund = await Refuse((await Take((await Open(bill, 400)).Claim!.Id, new ClaimStep.Agree())).Claim!.Refund!.Value);

        (await Refunds.Find(refund, Stop)).Should().Match<RefundRow>(row => row.State == RefundState.Declined && row.IsSettled == false);
        (await TradeOf(bill)).Should().Be("SHIPPED 1000");
        (await Rulings.ListOpen(5, Stop)).Should().ContainSingle().Which.Should().Match<RefundToDecide>(
            one => one.Question == RefundQuestion.Refused && one.Rrn == refund && one.Amount == 400 && one.LastCode == "14" && !one.HasRuling);
        var stopped = (await new DisputeQueries(Books.Database).ListFrozen(5, Stop)).Should().ContainSingle().Which;
        (stopped.FrozenBy, stopped.Held).Should().Be((Trade.RefundDeclined, 1000));
        stopped.Since.Should().Be((await Refunds.Find(refund, Stop))!.FinishedAt);

        (await Stops.Unfreeze(bill, "it is whole", "li")).Should().Be(Refusal.RefundUndecided);
        (await Ask(bill, 600)).Should().Be(Refusal.RefundUndecided);
        (await Ask(bill, 601)).Should().Be(Refusal.RefundUndecided);
        (await Open(bill, 601)).Refusal.Should().Be(Refusal.ClaimExceeds);
        (await Events()).Should().BeEquivalentTo("claim.opened", "claim.agreed", "refund.created", "trade.deadline_changed", "trade.stopped", "refund.declined");
    }

    [Fact]
    public async Task It_is_sent_again_and_the_claim_follows()
    {
        var bill = await Ship();
        var claim = (await Take((await Open(bill, 1000)).Claim!.Id, new ClaimStep.Agree())).Claim!;
        var refund = await Refuse(claim.Refund!.Value);

        var next = await Rule(refund, RefundVerdict.SendAgain);

        (await TradeOf(bill)).Should().Be("CLOSED 0");
        (await Lines(next, "refund")).Should().Be($"held:{Books.Merchant} 1000, refunds_out -1000");
        (await Refunds.Find(next, Stop)).Should().Match<RefundRow>(row => row.State == RefundState.Requested && row.Amount.Minor == 1000 && row.IsSettled == null);
        (await Refunds.Find(refund, Stop))!.IsSettled.Should().BeTrue();
        (await Claims.Find(claim.Id, Stop))!.Refund.Should().Be(next);
        (await Events()).Should().BeEquivalentTo(
            "claim.opened", "claim.agreed", "trade.closed", "refund.created", "trade.stopped", "refund.declined", "trade.closed", "refund.created");
        (await Refunds.Withdraw((await Refunds.Find(next, Stop))!)).Refusal.Should().Be(Refusal.RefundPromised);

        // The card may refuse that one too.
        await Refuse(next);
        (await Rulings.FindQuestion(next, Stop)).Should().Be(RefundQuestion.Refused);
        (await TradeOf(bill)).Should().Be("SHIPPED 1000");
    }

    [Fact]
    public async Task It_is_paid_in_another_way_out_of_the_reserve_account()
    {
        var bill = await Ship();
        var refund = await Refuse((await Take((await Open(bill, 400)).Claim!.Id, new ClaimStep.Agree())).Claim!.Refund!.Value);

        var next = await Rule(refund, RefundVerdict.PayOtherwise);

        (await Refunds.Find(next, Stop)).Should().Match<RefundRow>(row => row.State == RefundState.Done && row.IsPaidOtherwise && row.FinishedAt != null && row.Tries == 0);
        (await Lines(next, "refund")).Should().Be($"held:{Books.Merchant} 400, refunds_out -400");
        (await Lines(next, "refund_taken")).Should().Be("refunds_out 400, reserve -400");
        (await TradeOf(bill)).Should().Be("SHIPPED 600");
        (await FrozenBy()).Should().BeEmpty("it goes on");
        (await Books.Scalar<long>($"select refunded from bills where number = {bill}")).Should().Be(400);
        (await Events()).Should().BeEquivalentTo(
            "claim.opened", "claim.agreed", "refund.created", "trade.deadline_changed", "trade.stopped", "refund.declined", "trade.resumed", "refund.done");
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().BeEmpty("it is never sent");
    }

    [Fact]
    public async Task It_is_left_where_it_was_and_the_trade_goes_on_for_a_day_at_least()
    {
        var bill = await Ship();
        var refund = await Refuse((await Take((await Open(bill, 400)).Claim!.Id, new ClaimStep.Agree())).Claim!.Refund!.Value);
        await Books.Execute("update trades set due_at = now() + interval '1 minute', moves = moves + 1");

        await Rule(refund, RefundVerdict.LeaveIt);

        (await TradeOf(bill)).Should().Be("SHIPPED 1000");
        (await Books.Scalar<bool>("select due_at > now() + interval '23 hours' and frozen_by is null from trades")).Should().BeTrue();
        (await Books.Scalar<long>("select count(*) from refunds")).Should().Be(1);
        (await Events()).Should().BeEquivalentTo(
            "claim.opened", "claim.agreed", "refund.created", "trade.deadline_changed", "trade.stopped", "refund.declined", "trade.resumed");
        (await Books.Commits.MoveTrades.Submit(await ReleaseOf(bill))).Found.Should().BeNull();
    }

    [Fact]
    public async Task A_trade_with_two_refused_refunds_goes_on_when_the_second_is_decided()
    {
        var bill = await Ship();
        long[] refunds = [await Made(bill, 100), await Made(bill, 200)];
        await Refuse(refunds);

        await Rule(refunds[0], RefundVerdict.LeaveIt);
        (await FrozenBy()).Should().Be(Trade.RefundDeclined);
        await Rule(refunds[1], RefundVerdict.SendAgain);

        (await FrozenBy()).Should().BeEmpty();
        (await TradeOf(bill)).Should().Be("SHIPPED 800");
    }

    [Fact]
    public async Task What_is_refused_of_released_money_does_not_stop_what_is_held()
    {
        var bill = await Ship();
        var ofHeld = await Made(bill, 400);
        (await Books.Commits.MoveTrades.Submit(await ReleaseOf(bill))).Found.Should().BeNull();
        var ofReleased = (await Take((await Open(bill, 300)).Claim!.Id, new ClaimStep.Agree())).Claim!.Refund!.Value;
        await Refuse([ofHeld, ofReleased]);
        (await TradeOf(bill)).Should().Be("SHIPPED 400");
        (await Open(bill, 1)).Refusal.Should().Be(Refusal.ClaimExceeds, "all that is held waits for operators");

        await Rule(ofHeld, RefundVerdict.SendAgain);

        (await TradeOf(bill)).Should().Be("CLOSED 0");
        (await FrozenBy()).Should().BeEmpty();
        (await Rulings.FindQuestion(ofReleased, Stop)).Should().Be(RefundQuestion.Refused);
        await Rule(ofReleased, RefundVerdict.SendAgain);
        (await Books.Scalar<long>($"select refunded from bills where number = {bill}")).Should().Be(700);
    }

    [Fact]
    public async Task What_the_bank_may_have_credited_is_not_given_again()
    {
        var refund = await Refuse(await Made(await Ship(), 100));
        (await Refunds.TakeLate(refund, RefundState.Done, new BankAnswer("00", null, new Money(100, Money.Cny), null, "T0000001"))).Should().Be(FinalWord.Contradicts);

        await Propose(refund, RefundVerdict.SendAgain, Refusal.RefundContradicted);
        await Propose(refund, RefundVerdict.PayOtherwise, Refusal.RefundContradicted);
        await Books.Execute("update refund_contradictions set closed_at = now(), closed_because = 'it has not'");

        await Rule(refund, RefundVerdict.SendAgain);
    }

    [Fact]
    public async Task What_is_left_of_a_trade_that_has_ended_otherwise_waits_for_nobody()
    {
        var bill = await Ship();
        var refund = await Refuse(await Made(bill, 100));

        // As a silo of the version before would let it go on and release it.
        await Books.Execute("update trades set frozen_by = null, moves = moves + 1");
        (await Books.Commits.MoveTrades.Submit(await ReleaseOf(bill))).Found.Should().BeNull();

        await Propose(refund, RefundVerdict.LeaveIt);
        (await Approve(refund)).Should().BeNull();
        (await Rulings.ListOpen(5, Stop)).Should().BeEmpty();
        (await TradeOf(bill)).Should().Be("FINISHED 0");
    }

    [Fact]
    public async Task A_stop_of_an_operator_ends_and_leaves_the_question_of_the_refused_refund()
    {
        var bill = await Ship();
        var refund = await Made(bill, 100);
        (await Stops.Freeze(bill, "looks like a fraud", "li")).Should().BeNull();
        await Refuse(refund);

        await Propose(refund, RefundVerdict.SendAgain);
        (await Approve(refund)).Should().Be(Refusal.TradeFrozen);
        (await Rulings.List(refund, Stop)).Should().ContainSingle().Which.IsWaiting.Should().BeTrue("nothing was done");
        (await Stops.Unfreeze(bill, "it is none", "li")).Should().BeNull();
        (await FrozenBy()).Should().Be(Trade.RefundDeclined);

        (await Approve(refund)).Should().BeNull();
        (await TradeOf(bill)).Should().Be("SHIPPED 900");
    }

    [Theory]
    [InlineData(RefundVerdict.SendAgain, 696)]
    [InlineData(RefundVerdict.PayOtherwise, 696)]
    [InlineData(RefundVerdict.LeaveIt, 994)]
    public async Task After_the_release_the_merchants_part_is_frozen_until_it_is_decided(RefundVerdict verdict, long left)
    {
        var bill = await Finish();
        var refund = await Refuse((await Take((await Open(bill, 300)).Claim!.Id, new ClaimStep.Agree())).Claim!.Refund!.Value);
        (await Lines(refund, "freeze")).Should().Be($"merchant:{Books.Merchant} 298, frozen:{Books.Merchant} -298");
        (await Balances()).Should().Be($"frozen:{Books.Merchant} 298, merchant:{Books.Merchant} 696, store:{Books.Store} 1");
        (await Ask(bill, 701)).Should().Be(Refusal.RefundUndecided);
        (await Open(bill, 701)).Refusal.Should().Be(Refusal.ClaimExceeds);
        (await new BalanceRows(Books.Database).List(Books.Merchant, Money.Cny, after: null, 2, Stop)).Should().ContainSingle(entry => entry.Kind == "freeze").Which.Should().Match<BalanceEntry>(
            entry => entry.Bill == bill && entry.Refund == refund && entry.Amount == -298);

        await Rule(refund, verdict);

        (await Balances()).Should().StartWith($"frozen:{Books.Merchant} 0, merchant:{Books.Merchant} {left}, ");
        (await TradeOf(bill)).Should().Be("FINISHED 0");
        (await Books.Scalar<long>($"select refunded from bills where number = {bill}")).Should().Be(verdict == RefundVerdict.LeaveIt ? 0 : 300);
    }

    [Fact]
    public async Task What_the_fund_has_lent_comes_back_to_it_and_is_lent_again()
    {
        var bill = await Finish();
        await HasMoney(0);
        var claim = await Judging(bill, 600);
        await Fund(600);
        await Claims.Propose(claim, new Split(0, 0, 600), "never delivered", "wang");
        var refund = (await Approve(claim, 1, "li")).Claim!.Compensation!.Value;
        await Refuse(refund);
        (await Guarantee.Balance(Money.Cny, Stop)).Should().Be(600);
        await Books.Execute("update balances set amount = 599 where account in (select id from accounts where kind = 'guarantee')");

        await Propose(refund, RefundVerdict.SendAgain);
        (await Approve(refund)).Should().Be(Refusal.GuaranteeShort);
        (await Books.Scalar<long>("select count(*) from refunds")).Should().Be(1, "all of it was taken back");
        await Books.Execute("update balances set amount = 600 where account in (select id from accounts where kind = 'guarantee')");
        (await Approve(refund)).Should().BeNull();

        (await Books.Scalar<long>("select sum(d.amount)::bigint from debts d join refunds r on r.rrn = d.refund where r.state <> 'DECLINED'")).Should().Be(600);
        (await Claims.Find(claim, Stop))!.Compensation.Should().NotBe(refund);
        await HasMoney(994);
    }

    [Fact]
    public async Task The_fund_pays_what_has_waited_too_long_for_the_merchants_money()
    {
        var bill = await Finish();
        await HasMoney(0);
        var refund = await Made(bill, 300);
        (await Refunds.Find(refund, Stop))!.State.Should().Be(RefundState.Queued);
        await Propose(refund, RefundVerdict.LendIt, Refusal.RefundDecided);
        await Books.Execute("update refunds set created_at = created_at - interval '5 days 1 second'");
        (await Rulings.FindQuestion(refund, Stop)).Should().Be(RefundQuestion.Uncovered);

        await Propose(refund, RefundVerdict.LendIt);
        (await Approve(refund)).Should().Be(Refusal.GuaranteeShort);
        await Fund(300);
        (await Approve(refund)).Should().BeNull();

        (await Refunds.Find(refund, Stop))!.State.Should().Be(RefundState.Requested);
        (await Lines(refund, "refund")).Should().Be($"guarantee 300, refunds_out -300, owed:{Books.Merchant} 300, guarantee_lent -300");
        (await Books.Scalar<string>("select refund || ' ' || merchant_id || ' ' || amount || ' ' || (claim is null) from debts")).Should().Be($"{refund} {Books.Merchant} 300 true");
        (await Books.Scalar<string>("select data from events where type = 'balance.owed' and created_at > now() - interval '1 day'")).Should()
            .Be($"refund {refund} claim  bill {bill} amount 300 owed 300");
        (await Refunds.Withdraw((await Refunds.Find(refund, Stop))!)).Refusal.Should().Be(Refusal.RefundPromised, "two people have decided it");
        (await Refunds.CoverQueued(16, Stop)).Should().Be(0);
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().ContainSingle();
        await HasMoney(994);
    }

    [Fact]
    public async Task A_ruling_that_answers_no_question_any_more_makes_room()
    {
        var bill = await Finish();
        await HasMoney(0);
        var refund = await Made(bill, 300);
        await Books.Execute("update refunds set created_at = created_at - interval '6 days', due_at = now()");
        await Propose(refund, RefundVerdict.LendIt);
        await HasMoney(994);
        (await Refunds.CoverQueued(16, Stop)).Should().Be(1);
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().ContainSingle();
        await Books.Execute("update refunds set sent_at = now() - interval '35 days', due_at = null");

        (await Approve(refund)).Should().Be(Refusal.RefundDecided);
        await Propose(refund, RefundVerdict.Credited);
        (await Approve(refund)).Should().Be(Refusal.RulingNone, "that place was turned down");
        (await Approve(refund, 2)).Should().BeNull();
    }

    [Fact]
    public async Task A_merchant_withdraws_a_refund_that_waits_for_money()
    {
        var bill = await Finish();
        await HasMoney(0);
        var refund = (await Refunds.Find(await Made(bill, 300), Stop))!;

        var both = await Task.WhenAll(Refunds.Withdraw(refund), Refunds.Withdraw(refund));

        both.Should().OnlyContain(one => one.Refusal == null && one.Refund.State == RefundState.Withdrawn);
        (await Books.Scalar<long>($"select refunded from bills where number = {bill}")).Should().Be(0);
        (await Books.Scalar<long>($"select count(*) from other_entries where subject = {refund.Rrn}")).Should().Be(0, "nothing was set aside");
        (await Events()).Should().BeEquivalentTo("refund.created", "refund.withdrawn");
        await HasMoney(994);
        (await Refunds.CoverQueued(16, Stop)).Should().Be(0);
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_merchant_withdraws_a_refund_that_was_not_sent_yet_and_the_money_is_held_again()
    {
        var bill = await Ship();
        var refund = (await Refunds.Find(await Made(bill, 1000), Stop))!;
        (await TradeOf(bill)).Should().Be("CLOSED 0");

        (await Refunds.Withdraw(refund)).Refusal.Should().BeNull();

        (await TradeOf(bill)).Should().Be("SHIPPED 1000");
        (await Lines(refund.Rrn, "refund_back")).Should().Be($"held:{Books.Merchant} -1000, refunds_out 1000");
        (await Events()).Should().BeEquivalentTo("refund.created", "trade.closed", "trade.deadline_changed", "refund.withdrawn");
        (await Rulings.ListOpen(5, Stop)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_withdrawal_waits_for_the_one_who_is_sending_it()
    {
        var refund = (await Refunds.Find(await Made(await Ship(), 100), Stop))!;
        Task<(RefundRow Refund, Refusal? Refusal)> withdrawal;
        await using (var sender = await Books.Database.OpenConnectionAsync(Stop))
        await using (var sending = await sender.BeginTransactionAsync(Stop))
        {
            await using var send = new NpgsqlCommand($"update refunds set state = 'SENT', tries = 1, sent_at = now() where rrn = {refund.Rrn}", sender);
            await send.ExecuteNonQueryAsync(Stop);
            withdrawal = Refunds.Withdraw(refund);
            await Books.SomebodyWaits();
            await sending.CommitAsync(Stop);
        }

        (await withdrawal).Refusal.Should().Be(Refusal.RefundSent);
        (await TradeOf(refund.Bill)).Should().Be("SHIPPED 900");
    }

    [Fact]
    public async Task What_is_sent_or_promised_is_not_withdrawn()
    {
        var sent = (await Refunds.Find(await Made(await Ship(), 100), Stop))!;
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().ContainSingle();
        (await Refunds.Withdraw(sent)).Refusal.Should().Be(Refusal.RefundSent);

        var ofClaim = (await Take((await Open(await Ship(), 100)).Claim!.Id, new ClaimStep.Agree())).Claim!.Refund!.Value;
        (await Refunds.Withdraw((await Refunds.Find(ofClaim, Stop))!)).Refusal.Should().Be(Refusal.RefundPromised);

        var notShipped = await Pay();
        await Books.Execute($"update trades set due_at = now() - interval '1 second', is_overdue = true, moves = moves + 1 where bill = {notShipped}");
        await Refunds.CloseOverdue(16, Books.Rrns.Next, Stop);
        var closed = await Books.Scalar<long>($"select rrn from refunds where bill = {notShipped}");
        (await Refunds.Withdraw((await Refunds.Find(closed, Stop))!)).Refusal.Should().Be(Refusal.RefundPromised);
    }

    [Fact]
    public async Task A_refund_beside_an_open_claim_leaves_what_the_claim_is_about()
    {
        var bill = await Finish();
        await Open(bill, 300);

        (await Ask(bill, 701)).Should().Be(Refusal.TradeClaimed);
        (await Ask(bill, 700)).Should().BeNull();
    }

    [Theory]
    [InlineData("update refused_refunds set next_refund = 1")]
    [InlineData("update refused_refunds set frozen = -1")]
    [InlineData("update refunds set is_paid_otherwise = true")]
    [InlineData("update refunds set state = 'WITHDRAWN'")]
    public async Task The_database_itself_refuses(string sql)
    {
        await Refuse(await Made(await Ship(), 100));

        await FluentActions.Awaiting(() => Books.Execute(sql)).Should().ThrowAsync<PostgresException>().Where(fault => fault.SqlState.StartsWith("23"));
    }

    private Task HasMoney(long amount) => Books.Execute($"update balances set amount = {amount} where account in (select id from accounts where kind = 'merchant')");

    // Empty: nobody.
    private Task<string> FrozenBy() => Books.Scalar<string>("select coalesce(frozen_by, '') from trades");

    private async Task<RequestOutcome> Request(long bill, long amount) => await Refunds.Request(new RequestRefund(
        await Books.Rrns.Next(), Books.Merchant, bill, amount, null, Guid.NewGuid().ToString(), made => new KeptAnswer($"{made.Rrn}", [1], 201, "{}")));

    private async Task<Refusal?> Ask(long bill, long amount) => (await Request(bill, amount) as RequestOutcome.Refused)?.Why;

    private async Task<long> Made(long bill, long amount) => (await Request(bill, amount)).Should().BeOfType<RequestOutcome.Made>().Which.Refund.Rrn;

    private async Task<long> Refuse(long refund)
    {
        await Refuse([refund]);
        return refund;
    }

    private async Task Refuse(long[] refunds)
    {
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().HaveCount(refunds.Length);
        foreach (var refund in refunds)
        {
            (await Refunds.Finish(refund, RefundState.Declined, "14")).Should().Be(FinalWord.Posted);
        }
    }

    private async Task Propose(long refund, RefundVerdict verdict, Refusal? refusal = null) =>
        (await Rulings.Propose((await Refunds.Find(refund, Stop))!, verdict, "she has a new card", "wang")).Should().Be(refusal);

    private async Task<Refusal?> Approve(long refund, int place = 1) =>
        await Rulings.Approve((await Refunds.Find(refund, Stop))!, place, "li", await Books.Rrns.Next());

    // The number of the refund that may take its place.
    private async Task<long> Rule(long refund, RefundVerdict verdict)
    {
        await Propose(refund, verdict);
        var number = await Books.Rrns.Next();
        (await Rulings.Approve((await Refunds.Find(refund, Stop))!, 1, "li", number)).Should().BeNull();
        return number;
    }
}
