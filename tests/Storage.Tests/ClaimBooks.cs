using Lakala.Rules.Attempts;
using Lakala.Rules.Claims;
using Lakala.Rules.Ledger;
using Lakala.Rules.Trades;
using Lakala.Storage.Claims;
using Lakala.Storage.Refunds;
using Lakala.Storage.Trades;
using Lakala.Testing;
using Lakala.Vocabulary;

namespace Lakala.Storage.Tests;

/// <summary>The books of one test about guaranteed trades: each has a database of its own, because balances are compared.</summary>
public abstract class ClaimBooks(TestPostgres postgres) : IAsyncLifetime
{
    private static readonly EscrowTerms Terms = new(DeliveryMethod.Express, TimeSpan.FromHours(72), TimeSpan.FromDays(10));

    private int _stans;

    private protected Books Books { get; } = new(postgres);

    private protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    private protected RefundRows Refunds => new(Books.Connections, new BareNotices(), TimeProvider.System);

    private protected ClaimRows Claims => new(Books.Connections, Refunds, new BareNotices(), TimeProvider.System);

    private protected GuaranteeRows Guarantee => new(Books.Connections, TimeProvider.System);

    private protected TradeStops Stops => new(Books.Connections, Refunds, TimeProvider.System);

    public ValueTask InitializeAsync() => Books.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await Books.ShouldBalance();
        await Books.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected async Task<long> Pay(FeeOnRefund fee = FeeOnRefund.Returned)
    {
        var bill = await Books.PutBill(escrow: Terms, fee: fee);
        var start = await Books.NewAttempt(bill, ++_stans);
        await Books.Commits.StartAttempts.Submit(start);
        await Books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow(), Terms));
        return bill;
    }

    private protected async Task<long> Ship(FeeOnRefund fee = FeeOnRefund.Returned)
    {
        var bill = await Pay(fee);
        await Move(bill, new TradeStep.Ship(new Shipping(DeliveryMethod.Express, "SF", "1")));
        return bill;
    }

    private protected async Task<long> Finish(FeeOnRefund fee = FeeOnRefund.Returned)
    {
        var bill = await Ship(fee);
        (await Books.Commits.MoveTrades.Submit(await ReleaseOf(bill))).Found.Should().BeNull();
        return bill;
    }

    private protected async Task<MoveTrade> ReleaseOf(long bill)
    {
        var row = (await Books.Commits.ReadBills.Submit(bill)).Row!;
        var released = (TradeEvent.Released)row.Trade!.Decide(new TradeStep.Confirm(), TimeProvider.System.GetUtcNow()).Event!;
        return new MoveTrade(row, row.Trade.Apply(released), TimeProvider.System.GetUtcNow(), IsTimeUp: false, null, TradeRelease.Make(await Books.Rrns.Next(), row, released.Amount));
    }

    private protected async Task Move(long bill, TradeStep step)
    {
        var seen = await Books.Commits.ReadBills.Submit(bill);
        var trade = seen.Row!.Trade!;
        (await Books.Commits.MoveTrades.Submit(new MoveTrade(seen.Row, trade.Apply(trade.Decide(step, seen.AsOf).Event!), seen.AsOf, IsTimeUp: false, null, null))).Found.Should().BeNull();
    }

    private protected async Task<ClaimOutcome> Open(long bill, long? amount) =>
        await Claims.Open(new OpenClaim(await Books.Rrns.Next(), bill, ClaimKind.NotAsDescribed, amount, "it is broken"));

    private protected async Task<ClaimOutcome> Take(long claim, ClaimStep step, string? text = null) => await Claims.Take(claim, step, text, await Numbers());

    private protected async Task<ClaimOutcome> Approve(long claim, int place, string who) => await Claims.Approve(claim, place, who, await Numbers());

    private protected async Task<ClaimNumbers> Numbers() => new(await Books.Rrns.Next(), await Books.Rrns.Next(), await Books.Rrns.Next());

    private protected async Task<long> Judging(long bill, long amount)
    {
        var claim = (await Open(bill, amount)).Claim!.Id;
        await Take(claim, new ClaimStep.Refuse(), "it was whole");
        (await Take(claim, new ClaimStep.Escalate(), "it was not")).Claim!.Claim.State.Should().Be(ClaimState.Judging);
        return claim;
    }

    private protected async Task Fund(long amount)
    {
        var number = await Books.Rrns.Next();
        await Guarantee.Propose(number, new Money(amount, Money.Cny), "more", "wang");
        (await Guarantee.Approve(number, "li")).Refusal.Should().BeNull();
    }

    private protected Task<string> TradeOf(long bill) => Books.Scalar<string>($"select state || ' ' || held from trades where bill = {bill}");

    private protected Task<string> Balances() => Books.Scalar<string>(
        "select string_agg(a.name || ' ' || b.amount, ', ' order by a.name) from balances b join accounts a on a.id = b.account where a.kind <> 'guarantee'");

    private protected Task<string> Lines(long subject, string kind) => Books.Scalar<string>(
        $"""
        select string_agg(a.name || ' ' || l.amount, ', ' order by l.line) from other_entries e
        cross join lateral (values (1, account_1, amount_1), (2, account_2, amount_2), (3, account_3, amount_3), (4, account_4, amount_4)) as l(line, account, amount)
        join accounts a on a.id = l.account where e.kind = '{kind}' and e.subject = {subject}
        """);

    private protected async Task<string[]> Events() =>
        (await Books.Scalar<string>("select string_agg(type, ', ' order by id) from events where type <> 'bill.paid' and type <> 'trade.shipped'")).Split(", ");
}
