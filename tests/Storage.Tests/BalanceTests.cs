using Lakala.Rules.Attempts;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Testing;
using Lakala.Vocabulary;

namespace Lakala.Storage.Tests;

/// <summary>What a merchant has, and what has changed it. Each test has a database of its own, because its reads are counted.</summary>
public sealed class BalanceTests(TestPostgres postgres) : IAsyncLifetime
{
    private readonly Books _books = new(postgres);

    private int _stans;

    public ValueTask InitializeAsync() => _books.InitializeAsync();

    public ValueTask DisposeAsync() => _books.DisposeAsync();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private BalanceRows Balances => new(_books.Database);

    [Fact]
    public async Task Every_change_of_the_available_money_is_listed_newest_first_with_what_it_belongs_to()
    {
        var refunds = new RefundRows(_books.Connections, new Silent(), TimeProvider.System);
        var (bill, rrn) = await Pay(1000);
        await Pay(500, new EscrowTerms(DeliveryMethod.Express, TimeSpan.FromHours(72), TimeSpan.FromDays(10)));
        await Fold();
        var refund = await Refund(refunds, bill, 300);
        await refunds.TakeDue(TimeSpan.FromMinutes(1), 16, Stop);
        await refunds.Finish(refund, RefundState.Declined, "14");
        var other = await Refund(refunds, bill, 100);

        var listed = await Balances.List(Books.Merchant, Money.Cny, after: null, 10, Stop);

        listed.Select(entry => (entry.Kind, entry.Number, entry.Bill, entry.Refund, entry.Amount)).Should().Equal(
            ("refund", other, bill, other, -99), ("refund_back", refund, bill, refund, 298), ("refund", refund, bill, refund, -298), ("payment", rrn, bill, null, 994));
        (await Balances.Read(Books.Merchant, Money.Cny, Stop)).Should().Be(new MerchantBalance(Available: 895, Held: 500, Frozen: 0, Owed: 0, RefundsOut: 100));
        (await Balances.List("another", Money.Cny, after: null, 10, Stop)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_release_is_listed_and_pages_neither_repeat_nor_leave_out_while_payments_go_on()
    {
        var moment = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < 6; i++)
        {
            await Pay(1000);
        }

        // Two entries of one number at one moment, and a merchant's account that does not stand in the second line.
        await _books.Execute(
            $"""
            insert into entries (kind, number, subject, business_date, at, account_1, amount_1, account_2, amount_2)
            select k.kind, 7, 7, '2026-11-29', '{moment:O}', m.id, 5, c.id, -5 from accounts m, accounts c, (values ('refund'), ('refund_back'), ('release')) as k(kind)
            where m.name = 'merchant:{Books.Merchant}' and c.name = 'bank_clearing'
            """);
        var listed = new List<BalanceEntry>();
        for (EntryCursor? after = null; ;)
        {
            var page = await Balances.List(Books.Merchant, Money.Cny, after, 2, Stop);
            listed.AddRange(page);
            if (page.Count < 2)
            {
                break;
            }

            after = new EntryCursor(page[1].At, page[1].Number, page[1].Kind);
            await Pay(1000);
        }

        listed.Select(entry => (entry.Kind, entry.Number)).Should().OnlyHaveUniqueItems();
        listed.Count(entry => entry.Kind == "payment").Should().Be(6, "what came while they were read is above them");
        listed.Where(entry => entry.Number == 7).Select(entry => entry.Kind).Should().Equal("release", "refund_back", "refund");
        listed.Single(entry => entry.Kind == "release").Bill.Should().Be(7);
    }

    [Fact]
    public async Task What_is_frozen_and_what_is_owed_is_told()
    {
        await Pay(1000);
        await Fold();
        await _books.Execute(
            $"""
            insert into accounts (kind, owner, currency) select kind, '{Books.Merchant}', 'CNY' from unnest(array['frozen', 'owed']) kind on conflict do nothing;
            insert into entries (kind, number, subject, business_date, at, account_1, amount_1, account_2, amount_2)
            select 'freeze', 8, 8, '2026-11-29', now(), m.id, 100, f.id, -100 from accounts m, accounts f
            where m.name = 'merchant:{Books.Merchant}' and f.name = 'frozen:{Books.Merchant}';
            insert into balances select id, 100 from accounts where name = 'frozen:{Books.Merchant}';
            insert into entries (kind, number, subject, business_date, at, account_1, amount_1, account_2, amount_2)
            select 'refund', 9, 9, '2026-11-29', now(), o.id, 70, c.id, -70 from accounts o, accounts c where o.name = 'owed:{Books.Merchant}' and c.name = 'bank_clearing';
            """);

        (await Balances.Read(Books.Merchant, Money.Cny, Stop)).Should().Be(new MerchantBalance(Available: 994, Held: 0, Frozen: 100, Owed: 70, RefundsOut: 0));
        (await Balances.List(Books.Merchant, Money.Cny, after: null, 10, Stop)).Select(entry => (entry.Kind, entry.Amount)).Should().Equal(("freeze", -100), ("payment", 994));
    }

    [Fact]
    public async Task A_page_reads_its_own_entries_only()
    {
        for (var i = 0; i < 400; i++)
        {
            await Pay(1000);
        }

        await _books.Execute(
            $"""
            insert into entries (kind, number, subject, business_date, at, account_1, amount_1, account_2, amount_2)
            select 'release', n, n, '2026-11-29', now(), c.id, 5, m.id, -5 from accounts m, accounts c, generate_series(1, 400) n
            where m.name = 'merchant:{Books.Merchant}' and c.name = 'bank_clearing'
            """);
        await _books.Execute("analyze");
        var before = await Read();
        await using (var visitors = Database.Open(_books.ConnectionString))
        {
            for (var i = 0; i < 10; i++)
            {
                (await new BalanceRows(visitors).List(Books.Merchant, Money.Cny, after: null, 10, Stop)).Should().HaveCount(10);
            }
        }

        // A session reports its reads at its end.
        await Eventually.Is(async () => await Read() > before, "the session has ended");
        (await Read() - before).Should().BeInRange(1, 10 * 40);
    }

    [Fact]
    public async Task Indexes_that_a_migration_left_out_are_built_beside_the_swipes()
    {
        await _books.Execute("drop index bills_merchant; drop index payment_entries_merchant");
        await _books.Execute("create index payment_entries_merchant on only payment_entries (account_2, at, number)");
        var indexes = new LateIndexes(_books.Connections);
        await Pay(1000);

        (await indexes.Build(Stop)).Should().BeGreaterThan(2);
        (await indexes.Build(Stop)).Should().Be(0);

        await _books.Execute("select open_ledger_month(40)");
        (await _books.Scalar<long>("select count(*) from pg_inherits where inhparent = 'payment_entries_merchant'::regclass"))
            .Should().Be(await _books.Scalar<long>("select count(*) from pg_inherits where inhparent = 'payment_entries'::regclass"), "a new month has it from its beginning");
        (await _books.Scalar<bool>("select bool_and(indisvalid) from pg_index where indexrelid in ('payment_entries_merchant'::regclass, 'bills_merchant'::regclass)")).Should().BeTrue();
    }

    private Task<decimal> Read() => _books.Scalar<decimal>(
        """
        select (select sum(idx_tup_read) from pg_stat_user_indexes where relname like 'payment_entries_%' or relname = 'other_entries')
             + (select sum(seq_tup_read) from pg_stat_user_tables where relname like 'payment_entries_%' or relname = 'other_entries')
        """);

    private async Task<(long Bill, long Rrn)> Pay(long amount, EscrowTerms? escrow = null)
    {
        var start = await _books.NewAttempt(await _books.PutBill(amount, escrow: escrow), ++_stans, amount);
        await _books.Commits.StartAttempts.Submit(start);
        (await _books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow(), escrow))).Moved.Should().BeTrue();
        return (start.Bill, start.Rrn);
    }

    private async Task<long> Refund(RefundRows refunds, long bill, long amount) => (await refunds.Request(new RequestRefund(
        await _books.Rrns.Next(), Books.Merchant, bill, amount, null, $"key-{amount}", _ => new Bills.KeptAnswer($"key-{amount}", [], 201, "{}"))))
        .Should().BeOfType<RequestOutcome.Made>().Which.Refund.Rrn;

    private Task Fold() => Eventually.Is(
        async () =>
        {
            await new LedgerRows(_books.Connections).FoldCredits(Stop);
            return await _books.BalanceOf($"merchant:{Books.Merchant}") > 0;
        },
        "the credit is folded in");

    private sealed class Silent : IRefundNotices
    {
        public string ComposeData(RefundRow refund) => "{}";

        public string ComposeData(Bills.BillRow bill) => "{}";

        public IReadOnlyList<string> FindReceivers(Bills.BillRow bill) => [];
    }
}
