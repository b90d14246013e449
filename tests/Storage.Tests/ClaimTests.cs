using Lakala.Rules.Claims;
using Lakala.Rules.Ledger;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Due;
using Lakala.Storage.Ledger;
using Lakala.Storage.Operators;
using Lakala.Storage.Refunds;
using Lakala.Testing;
using Lakala.Vocabulary;

namespace Lakala.Storage.Tests;

/// <summary>The moves of claims in the database. Each test has a database of its own, because balances are compared.</summary>
public sealed class ClaimTests(TestPostgres postgres) : ClaimBooks(postgres)
{
    private DebtRows Debts => new(Books.Connections, Books.Rrns, TimeProvider.System);

    private DisputeQueries Disputes => new(Books.Database);

    private EvidenceRows Evidence => new(Books.Connections);

    [Fact]
    public async Task An_open_claim_stops_the_trade_and_is_told()
    {
        var bill = await Ship();

        var claim = (await Open(bill, 300)).Claim!;

        claim.Should().Match<ClaimRow>(made => made.Claim.State == ClaimState.Asked && made.Place == 1 && !made.Claim.IsAfterSale && made.Reason == "it is broken");
        (await Claims.Find(claim.Id, Stop)).Should().Be(claim);
        (await TradeOf(bill)).Should().Be("CLAIMED 1000");
        (await Books.Scalar<bool>($"select due_at is null and time_left > interval '9 days' from trades where bill = {bill}")).Should().BeTrue();
        (await Books.Scalar<string>("select string_agg(e.type || ' to ' || d.receiver, ', ' order by d.receiver) from events e join deliveries d on d.event_id = e.id where e.type like 'claim.%'"))
            .Should().Be("claim.opened to mail, claim.opened to we_1");
    }

    [Fact]
    public async Task In_a_trial_each_move_has_little_time()
    {
        var claims = new ClaimRows(Books.Connections, Refunds, new BareNotices(), TimeProvider.System, new ClaimTimes(TimeSpan.FromSeconds(5)));
        var opened = (await claims.Open(new OpenClaim(await Books.Rrns.Next(), await Ship(), ClaimKind.NotAsDescribed, 300, "it is broken"))).Claim!;
        var refused = (await claims.Take(opened.Id, new ClaimStep.Refuse(), "no", await Numbers())).Claim!;

        new[] { opened, refused }.Should().OnlyContain(claim => claim.Claim.DueAt == claim.Claim.Since + TimeSpan.FromSeconds(5));
        (await Claims.Find(opened.Id, Stop)).Should().Be(refused);
    }

    [Fact]
    public async Task Of_two_at_once_one_is_opened_and_the_other_gets_it()
    {
        var bill = await Ship();
        Task<ClaimOutcome[]> both;
        await using (await Books.Lock(bill))
        {
            both = Task.WhenAll(Open(bill, 300), Open(bill, 400));
            await Books.SomebodyWaits(2);
        }

        var outcomes = await both;
        outcomes.Select(outcome => outcome.Refusal).Should().BeEquivalentTo([null, (Refusal?)Refusal.ClaimOpen]);
        outcomes[0].Claim.Should().Be(outcomes[1].Claim);
        (await Books.Scalar<long>("select count(*) from claims")).Should().Be(1);
    }

    [Fact]
    public async Task A_claim_and_a_release_at_once_never_both_take_the_held_money()
    {
        for (var round = 0; round < 6; round++)
        {
            var bill = await Ship();
            var release = await ReleaseOf(bill);
            await using var blocker = await Books.Database.OpenConnectionAsync(Stop);
            await using (var command = new Npgsql.NpgsqlCommand($"begin; select from trades where bill = {bill} for no key update", blocker))
            {
                await command.ExecuteNonQueryAsync(Stop);
            }

            var first = round % 2 == 0 ? Books.Commits.MoveTrades.Submit(release) : null;
            var claimed = Open(bill, 1000);
            var released = first ?? Books.Commits.MoveTrades.Submit(release);
            await Books.SomebodyWaits(2);
            await blocker.CloseAsync();

            var isReleased = (await released).Found is null;
            (await claimed).Should().Match<ClaimOutcome>(outcome => outcome.Refusal == null && outcome.Claim!.Claim.IsAfterSale == isReleased);
            (await TradeOf(bill)).Should().Be(isReleased ? "FINISHED 0" : "CLAIMED 1000");
        }
    }

    [Fact]
    public async Task A_refund_and_a_release_at_once_take_the_money_from_one_place_only()
    {
        for (var round = 0; round < 6; round++)
        {
            var bill = await Ship();
            var release = await ReleaseOf(bill);
            var ask = new RequestRefund(await Books.Rrns.Next(), Books.Merchant, bill, 300, null, $"key{round}", made => new KeptAnswer($"key{round}", [1], 201, "{}"));
            await using var blocker = await Books.Database.OpenConnectionAsync(Stop);
            await using (var command = new Npgsql.NpgsqlCommand($"begin; select from trades where bill = {bill} for no key update", blocker))
            {
                await command.ExecuteNonQueryAsync(Stop);
            }

            var first = round % 2 == 0 ? Books.Commits.MoveTrades.Submit(release) : null;
            var asked = Refunds.Request(ask);
            var released = first ?? Books.Commits.MoveTrades.Submit(release);
            await Books.SomebodyWaits(2);
            await blocker.CloseAsync();

            var isReleased = (await released).Found is null;
            var refund = (await asked).Should().BeOfType<RequestOutcome.Made>().Which.Refund;
            (await TradeOf(bill)).Should().Be(isReleased ? "FINISHED 0" : "SHIPPED 700");
            (await Books.Scalar<long>($"select refunded from bills where number = {bill}")).Should().Be(300);
            (await Lines(refund.Rrn, "refund")).Should().Be(
                isReleased ? $"merchant:{Books.Merchant} 298, store:{Books.Store} 1, platform 1, refunds_out -300" : $"held:{Books.Merchant} 300, refunds_out -300");
        }
    }

    [Fact]
    public async Task What_is_agreed_goes_back_in_the_same_commit()
    {
        var bill = await Ship();
        var claim = (await Open(bill, null)).Claim!;
        claim.Claim.Amount.Should().Be(1000);

        var agreed = (await Take(claim.Id, new ClaimStep.Agree())).Claim!;

        agreed.Claim.Should().Match<Claim>(over => over.State == ClaimState.Agreed && over.Granted == 1000);
        (await Refunds.Find(agreed.Refund!.Value, Stop)).Should().Match<RefundRow>(refund => refund.State == RefundState.Requested && refund.Amount.Minor == 1000);
        (await TradeOf(bill)).Should().Be("CLOSED 0");
        (await Lines(agreed.Refund.Value, "refund")).Should().Be($"held:{Books.Merchant} 1000, refunds_out -1000");
        (await Events()).Should().BeEquivalentTo("claim.opened", "claim.agreed", "trade.closed", "refund.created");
        (await Take(claim.Id, new ClaimStep.Agree())).Should().Be(new ClaimOutcome(agreed, null), "the same again changes nothing");
        (await Take(claim.Id, new ClaimStep.Refuse(), "no")).Refusal.Should().Be(Refusal.ClaimOver);
    }

    [Fact]
    public async Task After_a_part_the_trade_goes_on_and_the_next_claim_is_about_what_is_left()
    {
        var bill = await Ship();
        var claim = (await Open(bill, 400)).Claim!;
        await Take(claim.Id, new ClaimStep.MakeOffer(250), "a quarter");

        var accepted = (await Take(claim.Id, new ClaimStep.AcceptOffer())).Claim!;

        (accepted.Claim.Granted, accepted.Answer).Should().Be((250, "a quarter"));
        (await TradeOf(bill)).Should().Be("SHIPPED 750");
        (await Books.Scalar<long>($"select refunded from bills where number = {bill}")).Should().Be(250);
        (await Events()).Should().BeEquivalentTo("claim.opened", "claim.offered", "claim.agreed", "trade.deadline_changed", "refund.created");
        (await Open(bill, 751)).Refusal.Should().Be(Refusal.ClaimExceeds);
        (await Open(bill, 750)).Claim!.Place.Should().Be(2);
    }

    [Fact]
    public async Task A_merchant_cannot_refund_beside_a_claim_and_what_the_bank_refuses_is_held_again()
    {
        var bill = await Ship();
        var claim = (await Open(bill, 400)).Claim!;
        (await Refunds.Request(new RequestRefund(await Books.Rrns.Next(), Books.Merchant, bill, 10, null, "key", made => new KeptAnswer("key", [1], 201, "{}"))))
            .Should().BeOfType<RequestOutcome.Refused>().Which.Why.Should().Be(Refusal.TradeClaimed);

        var refund = (await Take(claim.Id, new ClaimStep.Agree())).Claim!.Refund!.Value;
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().ContainSingle();
        await Refunds.Finish(refund, RefundState.Declined, "14");

        (await TradeOf(bill)).Should().Be("SHIPPED 1000");
    }

    [Fact]
    public async Task A_bill_has_five_claims_at_most()
    {
        var bill = await Ship();
        for (var place = 1; place <= Claim.MostOfBill; place++)
        {
            var claim = (await Open(bill, 100)).Claim!;
            (await Take(claim.Id, new ClaimStep.Withdraw())).Claim!.Place.Should().Be(place);
        }

        (await Open(bill, 100)).Refusal.Should().Be(Refusal.ClaimsUsedUp);
        (await TradeOf(bill)).Should().Be("SHIPPED 1000");
    }

    [Fact]
    public async Task What_has_no_trade_has_no_claim()
    {
        (await Open(await Books.PutBill(), 1)).Refusal.Should().Be(Refusal.TradeNone);
        (await Open(12345, 1)).Refusal.Should().Be(Refusal.BillUnknown);
        (await Take(12345, new ClaimStep.Agree())).Should().Be(new ClaimOutcome(null, Refusal.TradeNotClaimed));
    }

    [Fact]
    public async Task The_sweep_ends_what_is_due_and_leaves_a_stopped_trade_alone()
    {
        var (due, stopped, fresh) = ((await Open(await Ship(), 1000)).Claim!, (await Open(await Ship(), 1000)).Claim!, (await Open(await Ship(), 1000)).Claim!);
        await Books.Execute(
            $"update claims set due_at = now() where id in ({due.Id}, {stopped.Id}); update trades set frozen_by = 'wang' where bill = {stopped.Bill}");

        (await Claims.ListDue(16, Stop)).Should().Equal(due.Id);
        (await Take(stopped.Id, new ClaimStep.TimeUp())).Refusal.Should().Be(Refusal.TradeFrozen);
        (await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Take(due.Id, new ClaimStep.TimeUp())))).Should().OnlyContain(outcome => outcome.Claim!.Claim.State == ClaimState.Agreed);
        (await Take(fresh.Id, new ClaimStep.TimeUp())).Claim!.Claim.State.Should().Be(ClaimState.Asked);

        (await Books.Scalar<long>("select count(*) from refunds")).Should().Be(1);
        (await TradeOf(stopped.Bill)).Should().Be("CLAIMED 1000");
        (await Claims.ListDue(16, Stop)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_ruling_needs_two_people_and_the_database_says_so()
    {
        var claim = await Judging(await Ship(), 400);
        (await Claims.Propose(claim, new Split(399, 0, 0), "the goods are old", "wang")).Refusal.Should().Be(Refusal.RulingWrong);
        (await Claims.Propose(claim, new Split(300, 100, 0), "the goods are old", "wang")).Refusal.Should().BeNull();
        (await Claims.Propose(claim, new Split(400, 0, 0), "the goods are new", "li")).Refusal.Should().Be(Refusal.RulingWaits);
        (await Approve(claim, 2, "li")).Refusal.Should().Be(Refusal.RulingNone, "there is no second ruling");

        (await Approve(claim, 1, "wang")).Refusal.Should().Be(Refusal.RulingAlone);

        (await Claims.Find(claim, Stop))!.Claim.State.Should().Be(ClaimState.Judging);
        (await Books.Scalar<long>("select count(*) from refunds")).Should().Be(0);
        await FluentActions.Awaiting(() => Books.Execute("update rulings set approved_by = made_by, approved_at = now()"))
            .Should().ThrowAsync<Npgsql.PostgresException>().Where(fault => fault.ConstraintName == "rulings_two_people");

        var judged = (await Approve(claim, 1, "li")).Claim!;
        (judged.Claim.State, judged.Claim.Granted, judged.Ruling).Should().Be((ClaimState.Judged, 300, "the goods are old"));
        (await TradeOf(judged.Bill)).Should().Be("SHIPPED 700");
        (await Claims.ListRulings(claim, Stop)).Should().ContainSingle().Which.ApprovedBy.Should().Be("li");
        (await Approve(claim, 1, "chen")).Refusal.Should().Be(Refusal.ClaimOver);
        (await Books.Scalar<string>("select string_agg(who || ' ' || what || ' ' || subject, ', ' order by id) from audit_log"))
            .Should().Be($"wang ruling.propose {Rrn.ToText(claim)}, li ruling.approve {Rrn.ToText(claim)}");
    }

    [Fact]
    public async Task A_ruling_that_is_turned_down_makes_room_for_another_one()
    {
        var claim = await Judging(await Ship(), 400);
        await Claims.Propose(claim, new Split(300, 100, 0), "a part", "wang");

        (await Claims.Drop(claim, 1, "li")).Refusal.Should().BeNull();

        (await Claims.Drop(claim, 1, "li")).Refusal.Should().Be(Refusal.RulingNone);
        (await Approve(claim, 1, "li")).Refusal.Should().Be(Refusal.RulingNone);
        (await Claims.Propose(claim, new Split(400, 0, 0), "all of it", "li")).Refusal.Should().BeNull();
        (await Approve(claim, 2, "wang")).Claim!.Claim.Granted.Should().Be(400);
    }

    [Fact]
    public async Task A_ruling_against_the_shopper_releases_the_money_unless_nothing_was_shipped()
    {
        var (shipped, held) = (await Ship(), await Pay());
        foreach (var bill in (long[])[shipped, held])
        {
            var claim = await Judging(bill, 400);
            await Claims.Propose(claim, new Split(0, 400, 0), "no reason", "wang");
            (await Approve(claim, 1, "li")).Refusal.Should().BeNull();
        }

        (await TradeOf(shipped)).Should().Be("FINISHED 0");
        (await TradeOf(held)).Should().Be("HELD 1000");
        (await Books.BalanceOf($"merchant:{Books.Merchant}")).Should().Be(994);
        (await Books.Scalar<long>("select count(*) from refunds")).Should().Be(0);
        (await Events()).Should().Contain("trade.finished");
    }

    [Fact]
    public async Task After_the_release_a_claim_freezes_the_merchants_money_and_gives_it_back_from_there()
    {
        var bill = await Finish();

        var claim = (await Open(bill, 300)).Claim!;

        (claim.Claim.IsAfterSale, claim.Frozen).Should().Be((true, 298));
        (await Balances()).Should().Be($"frozen:{Books.Merchant} 298, merchant:{Books.Merchant} 696, store:{Books.Store} 1");
        (await TradeOf(bill)).Should().Be("FINISHED 0");
        var balances = new BalanceRows(Books.Database);
        (await balances.Read(Books.Merchant, Money.Cny, Stop)).Should().Be(new MerchantBalance(Available: 696, Held: 0, Frozen: 298));
        (await balances.List(Books.Merchant, Money.Cny, after: null, 1, Stop)).Should().ContainSingle().Which.Should().Match<BalanceEntry>(
            entry => entry.Kind == "freeze" && entry.Bill == bill && entry.Refund == null && entry.Amount == -298);

        var agreed = (await Take(claim.Id, new ClaimStep.Agree())).Claim!;
        (await Lines(agreed.Refund!.Value, "refund")).Should().Be($"merchant:{Books.Merchant} 298, store:{Books.Store} 1, platform 1, refunds_out -300");
        (await Balances()).Should().Be($"frozen:{Books.Merchant} 0, merchant:{Books.Merchant} 696, store:{Books.Store} 0");
        (await Events()).Should().NotContain("trade.closed");
    }

    [Fact]
    public async Task When_the_fee_is_kept_a_claim_freezes_all_that_the_merchant_would_give_back()
    {
        var bill = await Finish(FeeOnRefund.Kept);

        var claim = (await Open(bill, 300)).Claim!;

        claim.Frozen.Should().Be(300);
        var agreed = (await Take(claim.Id, new ClaimStep.Agree())).Claim!;
        (await Lines(agreed.Refund!.Value, "refund")).Should().Be($"merchant:{Books.Merchant} 300, refunds_out -300");
        (await Balances()).Should().Be($"frozen:{Books.Merchant} 0, merchant:{Books.Merchant} 694, store:{Books.Store} 1");
    }

    [Fact]
    public async Task A_claim_that_is_withdrawn_gives_the_frozen_money_free()
    {
        var claim = (await Open(await Finish(), 300)).Claim!;

        (await Take(claim.Id, new ClaimStep.Withdraw())).Claim!.Frozen.Should().Be(0);

        (await Books.BalanceOf($"merchant:{Books.Merchant}")).Should().Be(994);
        (await Books.BalanceOf($"frozen:{Books.Merchant}")).Should().Be(0);
    }

    [Fact]
    public async Task Seven_days_after_the_end_it_is_too_late()
    {
        var bill = await Finish();
        await Books.Execute($"update trades set ended_at = now() - interval '7 days' where bill = {bill}");

        (await Open(bill, 1)).Refusal.Should().Be(Refusal.ClaimTooLate);
    }

    [Fact]
    public async Task What_a_claim_is_about_is_not_refunded_meanwhile()
    {
        var bill = await Finish();
        var claim = (await Open(bill, 300)).Claim!;
        await Refunds.Request(new RequestRefund(await Books.Rrns.Next(), Books.Merchant, bill, 650, null, "key", made => new KeptAnswer("key", [1], 201, "{}")));
        await Refunds.Request(new RequestRefund(await Books.Rrns.Next(), Books.Merchant, bill, 150, null, "key2", made => new KeptAnswer("key2", [1], 201, "{}")));

        await Take(claim.Id, new ClaimStep.Agree());

        (await Books.Scalar<long>($"select refunded from bills where number = {bill}")).Should().Be(950, "the second would have taken what the claim was about");
    }

    [Fact]
    public async Task The_fund_pays_what_the_merchant_cannot_and_the_merchant_owes_it()
    {
        var bill = await Finish();
        await Books.Execute("update balances set amount = 0 where account in (select id from accounts where kind = 'merchant')");
        var claim = await Judging(bill, 600);
        (await Claims.Find(claim, Stop))!.Frozen.Should().Be(0, "there is nothing to freeze");
        (await Claims.Propose(claim, new Split(0, 100, 500), "never delivered", "wang")).Refusal.Should().BeNull();

        (await Approve(claim, 1, "li")).Refusal.Should().Be(Refusal.GuaranteeShort);
        (await Books.Scalar<long>("select count(*) from refunds")).Should().Be(0);
        await Fund(499);
        (await Approve(claim, 1, "li")).Refusal.Should().Be(Refusal.GuaranteeShort);
        await Fund(101);

        var judged = (await Approve(claim, 1, "li")).Claim!;

        (judged.Claim.Granted, judged.Refund).Should().Be((500, null));
        (await Lines(judged.Compensation!.Value, "refund")).Should().Be($"guarantee 500, refunds_out -500, owed:{Books.Merchant} 500, guarantee_lent -500");
        (await Guarantee.Balance(Money.Cny, Stop)).Should().Be(100);
        (await Books.Scalar<string>("select refund || ' ' || merchant_id || ' ' || amount from debts")).Should().Be($"{judged.Compensation} {Books.Merchant} 500");
        (await new BalanceRows(Books.Database).Read(Books.Merchant, Money.Cny, Stop)).Should().Be(new MerchantBalance(Available: 0, Held: 0, Owed: 500), "the fund pays the refund");

        // The merchant is told of it, once and for all debts in the same commit, and the shopper is not.
        (await Books.Scalar<string>("select string_agg(d.receiver || ': ' || e.data, ', ') from events e join deliveries d on d.event_id = e.id where e.type = 'balance.owed' and e.bill = " + bill))
            .Should().Be($"we_1: refund {judged.Compensation} claim {claim} bill {bill} amount 500 owed 500");
        (await Books.Scalar<long>("select count(distinct xmin::text) from (select xmin from events where type in ('balance.owed', 'claim.judged') union all select xmin from debts) as rows")).Should().Be(1);

        // It is taken from what the merchant earns, when the bank has taken the refund.
        await Books.Execute("update balances set amount = 300 where account in (select id from accounts where kind = 'merchant')");
        (await Debts.TakePayments(16, Stop)).Should().Be(0);
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().ContainSingle();
        await Refunds.Finish(judged.Compensation.Value, RefundState.Done, "00");
        (await IsDebtDue()).Should().BeTrue();
        (await Task.WhenAll(Debts.TakePayments(16, Stop), Debts.TakePayments(16, Stop))).Sum().Should().Be(1);
        (await IsDebtDue()).Should().BeFalse();
        (await Books.Scalar<string>("select amount || ' ' || repaid from debts")).Should().Be("500 300");
        (await Guarantee.Balance(Money.Cny, Stop)).Should().Be(400);
        await Books.Execute("update balances set amount = 694 where account in (select id from accounts where kind = 'merchant')");
        (await Debts.TakePayments(16, Stop)).Should().Be(1);
        (await Debts.TakePayments(16, Stop)).Should().Be(0);
        (await new BalanceRows(Books.Database).Read(Books.Merchant, Money.Cny, Stop)).Should().Be(new MerchantBalance(Available: 494, Held: 0));
        (await new BalanceRows(Books.Database).List(Books.Merchant, Money.Cny, after: null, 2, Stop)).Select(entry => (entry.Kind, entry.Refund, entry.Amount))
            .Should().Equal(("debt_paid", judged.Compensation, -200), ("debt_paid", judged.Compensation, -300));
        (await Guarantee.Balance(Money.Cny, Stop)).Should().Be(600);
    }

    [Fact]
    public async Task The_fund_gets_money_once_and_by_two_people()
    {
        var number = await Books.Rrns.Next();
        await Guarantee.Propose(number, new Money(500, Money.Cny), "the first", "wang");

        (await Guarantee.Approve(number, "wang")).Refusal.Should().Be(Refusal.RulingAlone);
        (await Guarantee.Balance(Money.Cny, Stop)).Should().Be(0);
        (await Task.WhenAll(Guarantee.Approve(number, "li"), Guarantee.Approve(number, "chen"))).Should().OnlyContain(outcome => outcome.Refusal == null && outcome.Payment!.ApprovedBy != null);

        (await Guarantee.Balance(Money.Cny, Stop)).Should().Be(500);
        (await Lines(number, "fund")).Should().Be("reserve 500, guarantee -500");
        (await Guarantee.List(5, Stop)).Should().ContainSingle().Which.ApprovedBy.Should().BeOneOf("li", "chen");
        (await Guarantee.Approve(1, "li")).Should().Be((null, Refusal.RulingNone));
    }

    [Fact]
    public async Task A_merchants_claims_are_listed_by_state_and_page_and_those_that_wait_for_a_ruling_in_their_order()
    {
        long[] claims = [(await Open(await Ship(), 10)).Claim!.Id, await Judging(await Ship(), 20), (await Open(await Ship(), 30)).Claim!.Id, await Judging(await Ship(), 40)];

        (await List(null, null)).Should().Equal(claims.Order().Reverse().Take(3));
        (await List(null, (await List(null, null))[^1])).Should().Equal(claims.Order().First());
        (await List(ClaimState.Judging, null)).Should().BeEquivalentTo([claims[1], claims[3]]);
        (await Claims.ListOfMerchant("another", null, null, null, 3, Stop)).Should().BeEmpty();
        (await Disputes.ListJudging(5, Stop)).Select(one => one.Claim.Id).Should().Equal(claims[1], claims[3]);

        async Task<IReadOnlyList<long>> List(ClaimState? state, long? before) =>
            [.. (await Claims.ListOfMerchant(Books.Merchant, state, null, before, 3, Stop)).Select(claim => claim.Id)];
    }

    [Fact]
    public async Task All_open_claims_are_listed_with_the_ruling_that_waits_and_the_stop_of_their_trade()
    {
        var (asked, judging, over) = ((await Open(await Ship(), 10)).Claim!, await Judging(await Ship(), 20), (await Open(await Ship(), 30)).Claim!);
        await Take(over.Id, new ClaimStep.Withdraw());
        await Claims.Propose(judging, new Split(20, 0, 0), "all of it", "wang");
        await Stops.Freeze(asked.Bill, "the parcel is looked for", "li");

        var open = await Disputes.ListOpen(5, Stop);

        open.Select(one => (one.Claim.Id, one.HasRuling, one.FrozenBy)).Should().Equal((asked.Id, false, "li"), (judging, true, null));
        open.Should().OnlyContain(one => one.MerchantName == "Test Shop");
        (await Disputes.ListOpen(1, Stop)).Should().ContainSingle();
    }

    [Fact]
    public async Task Every_move_of_a_claim_is_kept_with_the_words_of_the_one_who_made_it()
    {
        var claim = (await Open(await Ship(), 400)).Claim!;
        await Take(claim.Id, new ClaimStep.MakeOffer(100), "take a quarter");
        await Take(claim.Id, new ClaimStep.MakeOffer(100), "the same again");
        await Take(claim.Id, new ClaimStep.MakeOffer(150), "take more");
        await Books.Execute("update claims set due_at = now()");
        await Take(claim.Id, new ClaimStep.TimeUp());

        (await Disputes.ListMoves(claim.Id, Stop)).Select(move => (move.What, move.Text, move.Amount, move.IsByItself)).Should().Equal(
            ("claim.opened", "it is broken", 400, false),
            ("claim.offered", "take a quarter", 100, false),
            ("claim.offered", "take more", 150, false),
            ("claim.agreed", null, 150, true));
    }

    [Fact]
    public async Task A_stopped_trade_gives_no_money_and_the_audit_log_says_who_and_why()
    {
        var bill = await Ship();
        var name = BillNumber.FromStored(bill).ToString();
        var before = await ReleaseOf(bill);

        (await Stops.Freeze(bill, "the parcel is looked for", "li")).Should().BeNull();
        (await Stops.Freeze(bill, "again", "wang")).Should().BeNull("it is stopped already");

        (await Books.Commits.MoveTrades.Submit(before)).Found.Should().NotBeNull("the release was decided before");
        var frozen = (await Disputes.ListFrozen(5, Stop)).Should().ContainSingle().Which;
        (frozen.Bill.Value, frozen.FrozenBy, frozen.Held, frozen.State).Should().Be((bill, "li", 1000, TradeState.Shipped));
        frozen.Since.Should().NotBeNull();

        (await Stops.Unfreeze(bill, "it was found", "wang")).Should().BeNull();
        (await Stops.Unfreeze(bill, "again", "wang")).Should().BeNull();

        (await Disputes.ListFrozen(5, Stop)).Should().BeEmpty();
        (await Audit(name)).Should().Equal("li trade.freeze the parcel is looked for", "wang trade.unfreeze it was found");
        (await Books.Commits.MoveTrades.Submit(await ReleaseOf(bill))).Found.Should().BeNull("it goes on");
        (await Stops.Freeze(bill, "too late", "li")).Should().Be(Refusal.TradeFinished);
        (await Stops.Freeze(await Books.PutBill(), "direct", "li")).Should().Be(Refusal.TradeNone);
        (await Stops.Freeze(12345, "nothing", "li")).Should().Be(Refusal.BillUnknown);
        (await Audit(name)).Should().HaveCount(2);
    }

    [Fact]
    public async Task Files_are_kept_as_what_their_bytes_are_five_of_each_side()
    {
        var claim = (await Open(await Ship(), 10)).Claim!.Id;
        byte[] Picture(byte number) => [0xFF, 0xD8, 0xFF, number, 0xFF, 0xD9];

        var first = (await Evidence.Add(claim, Side.Shopper, Picture(0))).Row!;
        (first.Type, first.Place, first.Bytes).Should().Be(("image/jpeg", 1, 6));
        (await Evidence.Add(claim, Side.Shopper, Picture(0))).Row!.Place.Should().Be(1, "it is the same file");
        (await Evidence.Add(claim, Side.Shopper, [.. "<html>"u8])).Refusal.Should().Be(Refusal.EvidenceUnreadable);
        (await Evidence.Add(claim, Side.Shopper, new byte[EvidenceFile.MostBytes + 1])).Refusal.Should().Be(Refusal.EvidenceTooLarge);
        var all = await Task.WhenAll(Enumerable.Range(1, 8).Select(number => Evidence.Add(claim, Side.Shopper, Picture((byte)number))));
        all.Count(outcome => outcome.Refusal == Refusal.EvidenceFull).Should().Be(4);
        (await Evidence.Add(claim, Side.Merchant, Picture(0))).Row!.Place.Should().Be(1);

        (await Evidence.List(claim, Stop)).Select(row => (row.Side, row.Place)).Should().Equal(
            [.. Enumerable.Range(1, 5).Select(place => (Side.Shopper, place)), (Side.Merchant, 1)]);
        (await Evidence.Read(claim, Side.Shopper, 1, Stop)).Should().BeEquivalentTo(new EvidenceContent("image/jpeg", Picture(0)));
        (await Evidence.Read(claim, Side.Merchant, 2, Stop)).Should().BeNull();

        await Take(claim, new ClaimStep.Withdraw());
        (await Evidence.Add(claim, Side.Merchant, Picture(9))).Refusal.Should().Be(Refusal.ClaimOver);
        (await Evidence.Add(12345, Side.Merchant, Picture(9))).Refusal.Should().Be(Refusal.TradeNotClaimed);
    }

    [Theory]
    [InlineData("insert into claims select (jsonb_populate_record(c, '{\"id\": 1, \"place\": 2}')).* from claims c")]
    [InlineData("update claims set place = 6")]
    [InlineData("update claims set due_at = null")]
    [InlineData("update claims set state = 'AGREED', due_at = null")]
    [InlineData("update claims set state = 'JUDGING'")]
    [InlineData("update claims set granted = 5")]
    [InlineData("update claims set offer = amount")]
    [InlineData("update claims set frozen = 5")]
    [InlineData("update claims set state = 'BACK'")]
    [InlineData("update claims set refund = 1")]
    [InlineData("insert into rulings (claim, place, to_shopper, to_merchant, from_guarantee, text, made_by, made_at, approved_by, approved_at) select id, 1, 1, 1, 1, '', 'wang', now(), 'wang', now() from claims")]
    [InlineData("insert into guarantee_payments (number, amount, currency, reason, made_by, made_at, approved_by, approved_at) values (1, 1, 'CNY', '', 'wang', now(), 'wang', now())")]
    [InlineData("insert into evidence select id, 'shopper', 1, 'text/html', 'x', sha256('x'), now() from claims")]
    [InlineData("insert into evidence select id, 'shopper', 1, 'image/png', 'x', sha256('y'), now() from claims")]
    [InlineData("insert into evidence select id, 'shopper', 6, 'image/png', 'x', sha256('x'), now() from claims")]
    public async Task The_database_itself_refuses_what_no_rule_allows(string sql)
    {
        await Open(await Ship(), 10);

        await FluentActions.Awaiting(() => Books.Execute(sql)).Should().ThrowAsync<Npgsql.PostgresException>().Where(fault => fault.SqlState.StartsWith("23"));
    }

    private async Task<IReadOnlyList<string>> Audit(string subject) =>
        [.. (await new AuditLog(Books.Database).List(subject, null, 20, Stop)).Reverse().Select(entry => $"{entry.Who} {entry.What} {entry.Detail}")];

    private async Task<bool> IsDebtDue() => (await new DueRows(Books.Connections).Find(TimeSpan.Zero, Stop)).Claims;
}
