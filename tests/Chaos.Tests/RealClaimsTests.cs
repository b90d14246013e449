using Lakala.Chaos.Audit;
using Lakala.Rules.Attempts;
using Lakala.Rules.Claims;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage.Claims;
using Lakala.Storage.Refunds;
using Lakala.Storage.Trades;
using Lakala.Testing;
using Lakala.Vocabulary;

namespace Lakala.Chaos.Tests;

/// <summary>The auditor's rules of claims against claims that the product has made, in a real database without banks and receivers.</summary>
public sealed class RealClaimsTests(TestPostgres postgres) : IClassFixture<TestPostgres>, IAsyncLifetime
{
    private static readonly int[] OfMoneyAndClaims = [1, 11, 12, 14, 15, 16, 17, 20, 24, 25];
    private static readonly EscrowTerms Terms = new(DeliveryMethod.Express, TimeSpan.FromHours(72), TimeSpan.FromDays(10));

    private readonly Books _books = new(postgres);

    private int _stans;

    public async ValueTask InitializeAsync()
    {
        await postgres.KeepCommitTimes();
        await _books.InitializeAsync();
        await _books.Execute(
            "insert into operators (name, role, password, salt, password_hash) values ('dora', 'administer', '', '', ''), ('emil', 'administer', '', '', '')");
    }

    public ValueTask DisposeAsync() => _books.DisposeAsync();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private RefundRows Refunds => new(_books.Connections, new PlainNotices(), TimeProvider.System);

    private ClaimRows Claims => new(_books.Connections, Refunds, new PlainNotices(), TimeProvider.System);

    [Fact]
    public async Task Claims_of_all_ends_hold_the_statements_until_somebody_falsifies_them()
    {
        await Open(await Ship(), null);
        await Take(await Open(await Ship(), null), new ClaimStep.Agree());
        var offered = await Open(await Ship(), 400);
        await Take(offered, new ClaimStep.MakeOffer(250));
        await Take(offered, new ClaimStep.MakeOffer(300));
        await Take(offered, new ClaimStep.AcceptOffer());
        var returned = await Open(await Ship(), 1000);
        await Take(returned, new ClaimStep.AskBack());
        await Take(returned, new ClaimStep.SendBack(new ReturnParcel("EMS", "7")));
        await Take(returned, new ClaimStep.ConfirmReturn());
        await Rule(await Open(await Ship(), 1000), new Split(0, 1000, 0));
        await Rule(await Open(await Ship(), 1000), new Split(600, 400, 0));
        var again = await Ship();
        await Take(await Open(again, 100), new ClaimStep.Withdraw());
        await Take(await Open(again, 1000), new ClaimStep.Agree());
        await Open(await Finish(), 300);
        await Take(await Open(await Finish(), 300), new ClaimStep.Agree());
        await Fund(2_000);
        await Rule(await Open(await Finish(), 1000), new Split(100, 200, 700));
        await Settle();
        (await new DebtRows(_books.Connections, _books.Rrns, TimeProvider.System).TakePayments(16, Stop)).Should().Be(1);

        (await Broken()).Should().BeEmpty();
        (await _books.Scalar<long>("select count(distinct state) from claims")).Should().Be(4, "ASKED, AGREED, JUDGED and WITHDRAWN");

        // Each falsification on top of the one before.
        await _books.Execute($"update claims set granted = granted - 1 where id = {offered}");
        (await Broken()).Should().Equal(15);
        await _books.Execute("update debts set repaid = repaid - 1");
        (await Broken()).Should().Equal(15, 16, 25);
        await _books.Execute("delete from events where type = 'balance.owed'");
        (await Broken()).Should().Equal(15, 16, 24, 25);
        await _books.Execute("delete from events where type = 'trade.deadline_changed'");
        (await Broken()).Should().Equal(15, 16, 24, 25);
        await _books.Execute("update trades set state = 'SHIPPED', due_at = now() + interval '1 day', time_left = null where state = 'CLAIMED'");
        (await Broken()).Should().Equal(15, 16, 24, 25);
    }

    private async Task<IEnumerable<int>> Broken()
    {
        var evidence = await DatabaseAlone.Read(_books.ConnectionString, Stop);
        return Auditor.Check(evidence).Select(violation => violation.Statement).Distinct().Where(OfMoneyAndClaims.Contains).Order();
    }

    private async Task<long> Ship()
    {
        var bill = await _books.PutBill(escrow: Terms);
        var start = await _books.NewAttempt(bill, ++_stans);
        await _books.Commits.StartAttempts.Submit(start);
        await _books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow(), Terms));
        await Move(bill, new TradeStep.Ship(new Shipping(DeliveryMethod.Express, "SF", "1")), EventTypes.TradeShipped);
        return bill;
    }

    private async Task<long> Finish()
    {
        var bill = await Ship();
        await Move(bill, new TradeStep.Confirm(), EventTypes.TradeFinished);
        return bill;
    }

    private async Task Move(long bill, TradeStep step, string type)
    {
        var seen = await _books.Commits.ReadBills.Submit(bill);
        var (trade, at) = (seen.Row!.Trade!, TimeProvider.System.GetUtcNow());
        var happened = trade.Decide(step, seen.AsOf).Event!;
        (await _books.Commits.MoveTrades.Submit(new MoveTrade(
            seen.Row, trade.Apply(happened), at, IsTimeUp: false, new TradeFact(Guid.CreateVersion7(at), type, PlainNotices.Compose(trade.Apply(happened)), []),
            happened is TradeEvent.Released released ? TradeRelease.Make(await _books.Rrns.Next(), seen.Row, released.Amount) : null))).Found.Should().BeNull();
    }

    private async Task<long> Open(long bill, long? amount) =>
        Done(await Claims.Open(new OpenClaim(await _books.Rrns.Next(), bill, ClaimKind.NotAsDescribed, amount, "it is broken")));

    private async Task Take(long claim, ClaimStep step) => Done(await Claims.Take(claim, step, null, await Numbers()));

    private async Task Rule(long claim, Split split)
    {
        await Take(claim, new ClaimStep.Refuse());
        await Take(claim, new ClaimStep.Escalate());
        Done(await Claims.Propose(claim, split, "so it is", "dora"));
        Done(await Claims.Approve(claim, 1, "emil", await Numbers()));
    }

    private async Task<ClaimNumbers> Numbers() => new(await _books.Rrns.Next(), await _books.Rrns.Next(), await _books.Rrns.Next());

    private async Task Fund(long amount)
    {
        var (fund, number) = (new GuaranteeRows(_books.Connections, TimeProvider.System), await _books.Rrns.Next());
        await fund.Propose(number, new Money(amount, Money.Cny), "transfer", "dora");
        (await fund.Approve(number, "emil")).Refusal.Should().BeNull();
    }

    // The bank takes all refunds.
    private async Task Settle()
    {
        foreach (var refund in await Refunds.TakeDue(TimeSpan.FromHours(1), 100, Stop))
        {
            (await Refunds.Finish(refund.Rrn, RefundState.Done, "00")).Should().Be(FinalWord.Posted);
        }
    }

    private static long Done(ClaimOutcome outcome)
    {
        outcome.Refusal.Should().BeNull();
        return outcome.Claim!.Id;
    }
}
