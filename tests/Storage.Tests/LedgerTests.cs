using Lakala.Rules.Attempts;
using Lakala.Storage.Ledger;
using Lakala.Storage.Swipes;
using Lakala.Testing;

namespace Lakala.Storage.Tests;

/// <summary>
/// What happens to entries behind the swipes: credits reach the balances, old lines become entries, months have partitions. Each test has a
/// database of its own, because all of it is folded and moved.
/// </summary>
public sealed class LedgerTests(TestPostgres postgres) : IAsyncLifetime
{
    private readonly Books _books = new(postgres);

    private int _stans;

    public ValueTask InitializeAsync() => _books.InitializeAsync();

    public ValueTask DisposeAsync() => _books.DisposeAsync();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private LedgerRows Ledger => new(_books.Connections);

    [Fact]
    public async Task Credits_reach_the_balances_once_however_many_silos_fold()
    {
        await Pay(count: 20);

        await Eventually.Is(
            async () =>
            {
                await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Ledger.FoldCredits(Stop)));
                return await Available() >= await Earned();
            },
            "the credits are folded in");
        await Ledger.FoldCredits(Stop);

        (await Available()).Should().Be(await Earned());
    }

    [Fact]
    public async Task What_commits_late_is_folded_in_later_and_not_forgotten()
    {
        await using var late = await _books.Database.OpenConnectionAsync(Stop);
        await using var transaction = await late.BeginTransactionAsync(Stop);
        await using var post = new Npgsql.NpgsqlCommand(
            """
            insert into entries (kind, number, subject, business_date, at, xact, account_1, amount_1, account_2, amount_2)
            select 'payment', n, n, '2026-11-29', now(), txid_current(), clearing.id, 7, shop.id, -7
            from nextval('rrn_blocks') as n, accounts clearing, accounts shop where clearing.kind = 'bank_clearing' and shop.kind = 'merchant'
            """,
            late);
        await Pay(count: 1);
        await post.ExecuteNonQueryAsync(Stop);
        await Pay(count: 1);
        await Ledger.FoldCredits(Stop);
        (await Available()).Should().BeLessThan(await Earned(), "what began after the open transaction waits for it");

        await transaction.CommitAsync(Stop);
        await Eventually.Is(
            async () =>
            {
                await Ledger.FoldCredits(Stop);
                return await Available() >= await Earned();
            },
            "all is folded in");
        (await Available()).Should().Be(await Earned());
    }

    [Fact]
    public async Task Lines_of_a_silo_of_the_version_before_become_entries()
    {
        var start = (await Pay(count: 1))[0];
        await MakeOld([start]);
        (await _books.Scalar<long>($"select count(*) from postings where rrn = {start.Rrn}")).Should().Be(4, "they are seen before they are moved");

        (await Move()).Should().Be(1);

        (await _books.Scalar<long>("select count(*) from old_postings")).Should().Be(0);
        (await _books.Scalar<long>($"select amount_1 from entries where number = {start.Rrn} and subject = {start.Rrn} and sequence = 0")).Should().Be(1000);
        (await _books.Scalar<string>($"select string_agg(account || ' ' || amount, ', ' order by line) from postings where rrn = {start.Rrn}")).Should()
            .Be($"bank_clearing 1000, merchant:{Books.Merchant} -994, store:{Books.Store} -1, platform -5");
        (await Move()).Should().Be(0);
    }

    [Fact]
    public async Task An_index_that_was_not_finished_is_built_again()
    {
        await MakeOld(await Pay(count: 1));
        await _books.Execute("drop index if exists old_postings_rrn; create index old_postings_rrn on old_postings (rrn)");
        await _books.Execute("update pg_index set indisvalid = false where indexrelid = 'old_postings_rrn'::regclass");

        (await Move()).Should().Be(1);

        (await _books.Scalar<bool>("select indisvalid from pg_index where indexrelid = 'old_postings_rrn'::regclass")).Should().BeTrue();
    }

    [Fact]
    public async Task Old_lines_that_are_no_entry_stay_where_the_check_of_the_books_shows_them_and_hold_up_no_other()
    {
        var starts = await Pay(count: 3);
        await MakeOld(starts);
        await _books.Execute(
            $"""
            update old_postings set amount = amount + 1 where rrn = {starts[0].Rrn} and line = 2;
            delete from attempts where rrn = {starts[1].Rrn}
            """);

        (await Ledger.MoveOldPostings(1, (_, _) => Task.CompletedTask, Stop)).Should().Be(1);

        (await _books.Scalar<long>($"select number from entries where number in ({string.Join(", ", starts.Select(start => start.Rrn))})")).Should().Be(starts[2].Rrn);
        (await _books.Scalar<long>("select count(distinct rrn) from old_postings")).Should().Be(2);
        (await new BookRows(_books.Database).Read(Stop)).Faults.Should().Be(new BookFaults(2, 1, 0, 0));
        await _books.Execute($"delete from old_postings; delete from attempts where rrn = {starts[0].Rrn}; delete from bills where paid_rrn in ({starts[0].Rrn}, {starts[1].Rrn})");
        await _books.ShouldBalance();
    }

    [Fact]
    public async Task A_month_is_opened_beside_a_long_report_and_swipes_go_on()
    {
        await using var reporter = await _books.Database.OpenConnectionAsync(Stop);
        await using var report = await reporter.BeginTransactionAsync(Stop);
        await using var read = new Npgsql.NpgsqlCommand("select count(*) from entries", reporter, report);
        await read.ExecuteScalarAsync(Stop);

        await _books.Execute("set lock_timeout = '5s'; select open_ledger_month(20); reset lock_timeout");

        await Pay(count: 1);
    }

    [Fact]
    public async Task The_months_have_their_partitions_and_the_numbers_of_a_month_are_in_its_own()
    {
        await Ledger.OpenMonths(Stop);
        await Ledger.OpenMonths(Stop);

        (await _books.Scalar<int>("select month_of_ledger('2026-11-30 15:59:59Z')")).Should().Be(0);
        (await _books.Scalar<int>("select month_of_ledger('2026-11-30 16:00:00Z')")).Should().Be(1);
        (await _books.Scalar<int>("select month_of_ledger('2047-09-01 00:00:00Z')")).Should().Be(250);
        await _books.Execute("select open_ledger_month(7)");
        await _books.Execute(
            """
            insert into entries (kind, number, subject, business_date, at, account_1, amount_1, account_2, amount_2)
            values ('payment', 28000000000, 28000000000, '2027-06-01', now(), 1, 1, 2, -1)
            """);
        (await _books.Scalar<string>("select tableoid::regclass::text from entries where number = 28000000000")).Should().Be("payment_entries_7");
        await _books.Execute("delete from entries where number = 28000000000");
    }

    // As silos of the version before have posted them.
    private Task MakeOld(IEnumerable<StartAttempt> starts)
    {
        var rrns = string.Join(", ", starts.Select(start => start.Rrn));
        return _books.Execute(
            $"""
            create temp table kept as select * from postings where rrn in ({rrns});
            delete from entries where number in ({rrns});
            insert into postings (rrn, line, account, amount, currency, business_date) select rrn, line, account, amount, currency, business_date from kept;
            drop table kept
            """);
    }

    private async Task<long> Available() =>
        await _books.Scalar<long>("select coalesce(sum(b.amount), 0)::bigint from balances b join accounts a on a.id = b.account where a.kind = 'merchant'");

    private Task<int> Move() => Ledger.MoveOldPostings(100, (_, _) => Task.CompletedTask, Stop);

    private async Task<long> Earned() => await _books.Scalar<long>($"select coalesce(-sum(amount), 0)::bigint from postings where account = 'merchant:{Books.Merchant}'");

    private async Task<IReadOnlyList<StartAttempt>> Pay(int count)
    {
        var starts = new List<StartAttempt>();
        for (var i = 0; i < count; i++)
        {
            starts.Add(await _books.NewAttempt(await _books.PutBill(), Interlocked.Increment(ref _stans)));
        }

        await Task.WhenAll(starts.Select(_books.Commits.StartAttempts.Submit));
        await Task.WhenAll(starts.Select(start => _books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow()))));
        return starts;
    }
}
