using Lakala.Chaos.Audit;
using Lakala.Rules.Attempts;
using Lakala.Rules.Refunds;
using Lakala.Storage.Bills;
using Lakala.Storage.Ledger;
using Lakala.Storage.Refunds;
using Lakala.Testing;

namespace Lakala.Chaos.Tests;

/// <summary>The order of real commits: payments, folds and refunds at once over the balances of one merchant and one store, which stay near zero.</summary>
public sealed class RealOrderTests(TestPostgres postgres) : IClassFixture<TestPostgres>, IAsyncLifetime
{
    private const int Stores = 4, SalesOfStore = 40, Folders = 2;

    private readonly Books _books = new(postgres);

    private int _stans;
    private bool _isOurs;

    public async ValueTask InitializeAsync()
    {
        _isOurs = await postgres.KeepCommitTimes();
        await _books.InitializeAsync();
    }

    public ValueTask DisposeAsync() => _books.DisposeAsync();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private RefundRows Refunds => new(_books.Connections, new PlainNotices(), TimeProvider.System);

    private LedgerRows Ledger => new(_books.Connections);

    [Fact]
    public async Task In_the_order_of_real_commits_no_account_was_below_zero_until_somebody_falsifies_the_order()
    {
        Assert.SkipUnless(_isOurs, "the database is somebody else's");
        var selling = Task.WhenAll(Enumerable.Range(0, Stores).Select(_ => Sell()));
        await Task.WhenAll([selling, .. Enumerable.Range(0, Folders).Select(_ => Until(selling, () => Ledger.FoldCredits(Stop))), Until(selling, CoverAndSettle)]);
        await Eventually.Is(
            async () =>
            {
                await Ledger.FoldCredits(Stop);
                await CoverAndSettle();
                return await _books.Scalar<long>("select count(*) from refunds where state <> 'DONE'") == 0;
            },
            "every refund is done");

        (await Check()).Should().BeEmpty();
        (await _books.Scalar<long>("select count(*) from refunds")).Should().Be(Stores * SalesOfStore);

        // The same entries, committed anew: all money has come in after it went out.
        await _books.Execute("with gone as (delete from entries where kind = 'payment' returning *) insert into entries select * from gone");
        (await Check()).Should().NotBeEmpty().And.OnlyContain(violation => violation.Statement == 16 && violation.What.Contains("below zero"));
    }

    private async Task<IEnumerable<Violation>> Check()
    {
        var evidence = await DatabaseAlone.Read(_books.ConnectionString, Stop);
        Auditor.FindGaps(evidence).Should().BeEmpty();
        return Auditor.Check(evidence).Where(violation => violation.Statement is 1 or 12 or 16 or 20);
    }

    // All of it comes back at once: its refund often waits for the next sale.
    private async Task Sell()
    {
        for (var sale = 0; sale < SalesOfStore; sale++)
        {
            var bill = await _books.PutBill();
            var start = await _books.NewAttempt(bill, Interlocked.Increment(ref _stans));
            await _books.Commits.StartAttempts.Submit(start);
            await _books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow()));
            (await Refunds.Request(new RequestRefund(await _books.Rrns.Next(), Books.Merchant, bill, null, null, $"{bill}", made => new KeptAnswer($"{bill}", [1], 201, "{}"))))
                .Should().BeOfType<RequestOutcome.Made>();
        }
    }

    private async Task CoverAndSettle()
    {
        await _books.Execute("update refunds set due_at = clock_timestamp() where state = 'QUEUED'");
        await Refunds.CoverQueued(100, Stop);
        foreach (var refund in await Refunds.TakeDue(TimeSpan.FromHours(1), 100, Stop))
        {
            (await Refunds.Finish(refund.Rrn, RefundState.Done, "00")).Should().Be(FinalWord.Posted);
        }
    }

    private static async Task Until(Task end, Func<Task> act)
    {
        while (!end.IsCompleted)
        {
            await act();
        }
    }
}
