using Lakala.Rules.Attempts;
using Lakala.Storage.Ledger;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>A month's payments leave the ledger beside traffic, by the statements of docs/operations.md.</summary>
public sealed class OldMonthsTests(Books books) : IClassFixture<Books>, IDisposable
{
    private const string Detach = "alter table payment_entries detach partition payment_entries_0 concurrently";

    private readonly CancellationTokenSource _over = new();
    private RrnBlocks? _rrns;
    private int _paid;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private LedgerRows Ledger => new(books.Connections);

    public void Dispose()
    {
        _rrns?.Dispose();
        _over.Dispose();
    }

    [Fact]
    public async Task An_old_month_leaves_while_bills_are_paid_and_the_balances_stay_right()
    {
        // The first payments are of month 0, whatever the month is today; those after them of month 3 at the earliest.
        await Pay(20);
        await books.Execute("select setval('rrn_blocks', 1200000), open_ledger_month(2), open_ledger_month(3)");
        _rrns = new RrnBlocks(books.Database, TimeProvider.System);
        await Refused("select carry_ledger_month(0)", "not closed");
        await Refused("select close_ledger_month(0, '2026-12-31')", "may still come");
        await books.Execute("select close_ledger_month(0, '2027-01-01'), close_ledger_month(2, '2027-03-01')");
        await Refused("insert into entries select * from entries limit 1", "closed");
        await Refused("select carry_ledger_month(0)", "credits of month 0 are not in the balances yet");

        var traffic = Traffic();
        await Fold("payment_entries_0");
        await Refused("select carry_ledger_month(2)", "an older month than 2 has not left");
        await books.Execute("select carry_ledger_month(0)");
        await books.ShouldBalance();

        await using (var reporter = await books.Database.OpenConnectionAsync(Stop))
        {
            await using var report = await reporter.BeginTransactionAsync(Stop);
            await using var read = new NpgsqlCommand("select count(*) from entries", reporter, report);
            await read.ExecuteScalarAsync(Stop);
            var detaching = books.Execute(Detach);
            await books.SomebodyWaits();
            await MorePaid();
            await books.ShouldBalance();
            detaching.IsCompleted.Should().BeFalse("it waits for the report, and no payment waits for it");
            await report.RollbackAsync(Stop);
            await detaching;
        }

        await MorePaid();
        await _over.CancelAsync();
        await traffic;
        await ShouldBeWhole();
        await books.Execute("drop table payment_entries_0");
        await ShouldBeWhole();
    }

    private async Task ShouldBeWhole()
    {
        await Fold("entries");
        await books.ShouldBalance();
        var (totals, balances, _) = await new BookRows(books.Database).Read(Stop);
        totals.Single(total => total.Account == "bank_clearing").Debit.Should().Be(1000 * (_paid - 20), "the month has left");
        balances.Single(balance => balance.Account == "merchant:" + Books.Merchant).Should().Be(
            new AccountBalance("merchant:" + Books.Merchant, "CNY", Available: 994 * _paid, Waiting: 0, Lines: 994 * _paid));
    }

    private Task Fold(string of) => Eventually.Is(
        async () =>
        {
            await Ledger.FoldCredits(Stop);
            return await books.Scalar<bool>($"select not exists (select 1 from {of}, folded where xact >= upto)");
        },
        "the credits are in the balances");

    private Task MorePaid()
    {
        var goal = Volatile.Read(ref _paid) + 20;
        return Eventually.Is(() => Task.FromResult(Volatile.Read(ref _paid) >= goal), "more payments");
    }

    private async Task Traffic()
    {
        while (!_over.IsCancellationRequested)
        {
            await Pay(4);
        }
    }

    private async Task Pay(int count)
    {
        var starts = new List<StartAttempt>();
        for (var i = 0; i < count; i++)
        {
            var start = await books.NewAttempt(await books.PutBill(), _paid + i);
            starts.Add(start with { Rrn = _rrns is null ? _paid + i + 1 : await _rrns.Next() });
        }

        await Task.WhenAll(starts.Select(books.Commits.StartAttempts.Submit));
        await Task.WhenAll(starts.Select(start => books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow()))));
        Interlocked.Add(ref _paid, count);
    }

    private async Task Refused(string sql, string why) => await FluentActions.Awaiting(() => books.Execute(sql)).Should().ThrowAsync<PostgresException>().WithMessage($"*{why}*");
}
