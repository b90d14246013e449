using Lakala.Grains.Claims;
using Lakala.Grains.Notices;
using Lakala.Grains.Tests;
using Lakala.Grains.Trades;
using Lakala.Rules.Attempts;
using Lakala.Rules.Claims;
using Lakala.Rules.Trades;
using Lakala.Silo.Ops;
using Lakala.Silo.Ops.Disputes;
using Lakala.Silo.Ops.Guarantee;
using Lakala.Storage.Claims;
using Lakala.Storage.Refunds;
using Lakala.Testing;
using Lakala.Vocabulary;

namespace Lakala.Silo.Tests.Ops;

/// <summary>What operators do about claims, stopped trades and the guarantee fund, over the real database.</summary>
public sealed class DisputeChangesTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>
{
    private static readonly EscrowTerms Terms = new(DeliveryMethod.Express, TimeSpan.FromHours(72), TimeSpan.FromDays(10));
    private static int Stans;

    private Books Books => cluster.Books;

    private DisputeChanges Changes => new(
        cluster.Silos.Service<ClaimMoves>(),
        cluster.Silos.Service<ClaimRows>(),
        new TradeStops(Books.Connections, cluster.Silos.Service<RefundRows>(), TimeProvider.System),
        cluster.Silos.Service<IBillChanges>());

    [Fact]
    public async Task A_ruling_is_proposed_by_one_and_approved_once_by_another()
    {
        var claim = await Judging(400);
        var proposed = await Changes.Propose(claim, ("3", "1.00", ""), " The goods are old. ", "wang");
        proposed.Refused.Should().BeNull();
        (await Changes.Propose(claim, ("4", "", ""), "all of it", "li")).Refused.Should().Match<Refused>(why => why.Problem.StatusCode == 409 && why.Reasons[0].Contains("waits already"));

        (await Changes.Approve(claim, 1, "wang")).Refused.Should().Match<Refused>(why => why.Problem.StatusCode == 409 && why.Reasons[0].Contains("yourself"));
        (await Books.Scalar<string>($"select state from claims where id = {claim}")).Should().Be("JUDGING");
        (await Changes.Approve(claim, 1, "li")).Value.Claim.Granted.Should().Be(300);
        (await Changes.Approve(claim, 1, "chen")).Refused!.Reasons.Should().Equal("The claim is over.");

        (await Books.Scalar<string>($"select text || ' ' || approved_by from rulings where claim = {claim}")).Should().Be("The goods are old. li");
        (await Books.Scalar<long>($"select count(*) from refunds r join claims c on c.refund = r.rrn where c.id = {claim} and r.amount = 300")).Should().Be(1);
    }

    [Theory]
    [InlineData("4.01", "", "", "together")]
    [InlineData("3", "", "", "together")]
    [InlineData("3", "", "1", "nothing comes from the guarantee fund")]
    [InlineData("4.001", "", "", "goes to the shopper")]
    [InlineData("-4", "8", "", "goes to the shopper")]
    [InlineData("", "four", "", "goes to the merchant")]
    [InlineData("4", "", "1e3", "comes from the guarantee fund")]
    public async Task A_ruling_with_wrong_parts_is_not_proposed(string toShopper, string toMerchant, string fromGuarantee, string why)
    {
        var claim = await Judging(400);

        (await Changes.Propose(claim, (toShopper, toMerchant, fromGuarantee), "a part", "wang")).Refused.Should().Match<Refused>(
            refused => refused.Problem.StatusCode == 400 && refused.Reasons[0].Contains(why));

        (await Books.Scalar<long>($"select count(*) from rulings where claim = {claim}")).Should().Be(0);
    }

    [Fact]
    public async Task A_ruling_without_words_or_about_nothing_is_not_proposed()
    {
        var claim = await Judging(400);
        (await Changes.Propose(claim, ("4", "", ""), " ", "wang")).Refused!.Problem.StatusCode.Should().Be(400);
        (await Changes.Propose(claim, ("4", "", ""), new string('x', DisputeChanges.MostText + 1), "wang")).Refused!.Problem.StatusCode.Should().Be(400);
        (await Changes.Propose(1, ("4", "", ""), "all of it", "wang")).Refused!.Problem.StatusCode.Should().Be(404);
        var asked = (await cluster.Silos.Service<ClaimMoves>().Open(await Pay(), ClaimKind.NotReceived, null, "nothing came")).Claim!.Id;
        (await Changes.Propose(asked, ("10", "", ""), "all of it", "wang")).Refused!.Reasons[0].Should().Contain("one of the two sides has to move");
    }

    [Fact]
    public async Task A_ruling_that_is_turned_down_moves_nothing_and_makes_room()
    {
        var claim = await Judging(400);
        await Changes.Propose(claim, ("1", "3", ""), "a part", "wang");

        (await Changes.Drop(claim, 1, "li")).Refused.Should().BeNull();

        (await Changes.Drop(claim, 1, "wang")).Refused!.Reasons[0].Should().Contain("does not wait any more");
        (await Changes.Approve(claim, 1, "chen")).Refused!.Reasons[0].Should().Contain("does not wait any more");
        (await Changes.Propose(claim, ("4", "", ""), "all of it", "li")).Refused.Should().BeNull();
    }

    [Fact]
    public async Task A_stopped_trade_keeps_its_money_until_it_goes_on()
    {
        var claim = await Judging(400);
        var bill = BillNumber.FromStored(await Books.Scalar<long>($"select bill from claims where id = {claim}"));
        await Changes.Propose(claim, ("4", "", ""), "all of it", "wang");
        (await Changes.Freeze(bill, "", "wang")).Refused!.Problem.StatusCode.Should().Be(400);
        (await Changes.Freeze(bill, "the police ask", "wang")).Refused.Should().BeNull();

        (await Changes.Approve(claim, 1, "li")).Refused!.Reasons[0].Should().Contain("The trade is stopped");
        (await Changes.Unfreeze(bill, "they have answered", "li")).Refused.Should().BeNull();

        (await Changes.Approve(claim, 1, "li")).Value.Claim.Granted.Should().Be(400);
        (await Changes.Freeze(BillNumber.FromStored(await Books.PutBill()), "direct", "wang")).Refused!.Problem.StatusCode.Should().Be(409);
        (await Changes.Freeze(BillNumber.Draw(), "not there", "wang")).Refused!.Problem.StatusCode.Should().Be(404);
    }

    [Fact]
    public async Task The_fund_is_paid_into_by_two_and_pays_what_it_has()
    {
        var fund = new GuaranteeRows(Books.Connections, TimeProvider.System);
        var before = await fund.Balance(Money.Cny, TestContext.Current.CancellationToken);
        var changes = new GuaranteeChanges(fund, Books.Rrns);
        (await changes.Enter(FormAmount.Parse("0"), "nothing", "wang")).Refused!.Problem.StatusCode.Should().Be(400);
        (await changes.Enter(FormAmount.Parse("5,5"), "nothing", "wang")).Refused!.Problem.StatusCode.Should().Be(400);
        (await changes.Enter(FormAmount.Parse("5"), "", "wang")).Refused!.Problem.StatusCode.Should().Be(400);
        var payment = Rrn.ToText((await changes.Enter(FormAmount.Parse("5.50"), "the first", "wang")).Value.Number);

        (await changes.Approve(payment, "wang")).Refused.Should().Match<Refused>(why => why.Problem.StatusCode == 409 && why.Reasons[0].Contains("another administrator"));
        (await changes.Approve(payment, "li")).Refused.Should().BeNull();
        (await changes.Approve(payment, "chen")).Refused.Should().BeNull("it is done already");
        (await changes.Approve("000000000001", "li")).Refused!.Problem.StatusCode.Should().Be(404);

        (await fund.Balance(Money.Cny, TestContext.Current.CancellationToken)).Should().Be(before + 550);
    }

    [Fact]
    public async Task A_ruling_that_gives_more_than_is_left_or_than_the_fund_has_moves_nothing()
    {
        var moves = cluster.Silos.Service<TradeMoves>();
        var bill = await Pay();
        (await moves.Take(bill, new TradeStep.Ship(new Shipping(DeliveryMethod.Express, "SF", "1")))).Refusal.Should().BeNull();
        (await moves.Take(bill, new TradeStep.Confirm())).Refusal.Should().BeNull();
        var claim = await Judge(bill, 600);
        await Changes.Propose(claim, ("", "", "6"), "never delivered", "wang");

        (await Changes.Approve(claim, 1, "li")).Refused!.Reasons[0].Should().Contain("The guarantee fund has less");

        await Changes.Drop(claim, 1, "li");
        await Changes.Propose(claim, ("6", "", ""), "all of it", "wang");
        await Books.Execute($"update bills set refunded = 500 where number = {bill}");
        (await Changes.Approve(claim, 2, "li")).Refused!.Reasons[0].Should().Contain("Less is left of the bill");
        (await Books.Scalar<string>($"select state from claims where id = {claim}")).Should().Be("JUDGING");
    }

    private async Task<long> Judging(long amount) => await Judge(await Pay(), amount);

    private async Task<long> Judge(long bill, long amount)
    {
        var moves = cluster.Silos.Service<ClaimMoves>();
        var claim = (await moves.Open(bill, ClaimKind.NotAsDescribed, amount, "it is broken")).Claim!.Id;
        (await moves.Take(claim, new ClaimStep.Refuse(), "it is not")).Refusal.Should().BeNull();
        (await moves.Take(claim, new ClaimStep.Escalate(), "look at the picture")).Refusal.Should().BeNull();
        return claim;
    }

    private async Task<long> Pay()
    {
        var bill = await Books.PutBill(escrow: Terms);
        var start = await Books.NewAttempt(bill, Interlocked.Increment(ref Stans));
        await Books.Commits.StartAttempts.Submit(start);
        await Books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow(), Terms));
        return bill;
    }
}
