using Lakala.Rules.Attempts;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Ledger;
using Lakala.Storage.Refunds;
using Lakala.Storage.Terminals;
using Lakala.Testing;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>Refunds that counters ask for: the first row of a key stands, whoever else comes.</summary>
public sealed class CounterRefundTests(TestPostgres postgres) : IAsyncLifetime
{
    private const string Card = "621700******0001", OtherCard = "621700******0002";

    private readonly Books _books = new(postgres);

    private int _stans;

    public ValueTask InitializeAsync() => _books.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _books.ShouldBalance();
        await _books.DisposeAsync();
    }

    private CounterRefundRows Rows => new(_books.Database, _books.Connections, new RefundRows(_books.Connections, new Notices(), TimeProvider.System));

    [Fact]
    public async Task A_refund_of_a_counter_stands_under_its_key_for_ever()
    {
        var bill = await Pay();
        var key = NewKey();

        var made = await Make(key, bill, 300);
        var again = await Make(key, bill, 300);

        again.Should().Be(made);
        made.Should().Match<RefundKeyRow>(row => row.Reason == null && row.Amount == 300 && row.MaskedCard == Card && !row.IsWaiting && row.Payee == "Test Shop");
        (await _books.Scalar<string>("select state || ' ' || amount || ' ' || store_id from refunds")).Should().Be($"REQUESTED 300 {Books.Store}");
        (await _books.Scalar<long>($"select refunded from bills where number = {bill}")).Should().Be(300);
        (await _books.Scalar<long>("select count(*) from events where type = 'refund.created'")).Should().Be(1);
        (await Rows.Find(key)).Should().Be(made);
        (await Rows.Close(key, Refusal.RefundNeverHappened, null, null, null)).Should().Be(made, "an enquiry voids only what is not known");
    }

    [Fact]
    public async Task Money_that_is_held_goes_back_too()
    {
        var bill = await Pay(escrow: new EscrowTerms(DeliveryMethod.Express, TimeSpan.FromHours(72), TimeSpan.FromDays(10)));

        (await Make(NewKey(), bill, 300)).Rrn.Should().NotBeNull();

        (await _books.Scalar<string>($"select state || ' ' || held from trades where bill = {bill}")).Should().Be("HELD 700");
    }

    [Fact]
    public async Task What_is_not_covered_waits_and_a_repeat_is_told_the_same_later()
    {
        var bill = await Pay(fold: false);
        var key = NewKey();

        (await Make(key, bill, 300)).IsWaiting.Should().BeTrue();
        await Fold();
        await Eventually.Is(
            async () => await new RefundRows(_books.Connections, new Notices(), TimeProvider.System).CoverQueued(16, Stop) > 0, "it is covered");

        (await Make(key, bill, 300)).IsWaiting.Should().BeTrue("the answer under a key never changes");
    }

    [Fact]
    public async Task The_same_key_twice_at_once_is_one_refund()
    {
        var bill = await Pay();
        var key = NewKey();
        Task<RefundKeyRow[]> both;
        await using (await _books.Lock(bill))
        {
            both = Task.WhenAll(Make(key, bill, 300), Make(key, bill, 300));
            await _books.SomebodyWaits(2);
        }

        var rows = await both;
        rows[0].Should().Be(rows[1]);
        (await _books.Scalar<long>("select count(*) from refunds")).Should().Be(1);
    }

    [Fact]
    public async Task Of_two_counters_that_give_back_too_much_together_one_is_refused()
    {
        var bill = await Pay();
        Task<RefundKeyRow[]> both;
        await using (await _books.Lock(bill))
        {
            both = Task.WhenAll(Make(NewKey("T0000008"), bill, 600), Make(NewKey("T0000009"), bill, 600));
            await _books.SomebodyWaits(2);
        }

        (await both).Select(row => row.Reason).Should().BeEquivalentTo([(Refusal?)null, Refusal.RefundExceeds]);
        (await _books.Scalar<long>($"select refunded from bills where number = {bill}")).Should().Be(600);
    }

    [Fact]
    public async Task One_key_for_two_bills_at_once_gives_back_of_one()
    {
        var (one, other) = (await Pay(), await Pay());
        var key = NewKey();

        var rows = await Task.WhenAll(Make(key, one, 300), Make(key, other, 300));

        rows[0].Should().Be(rows[1]);
        (await _books.Scalar<long>("select count(*) from refunds")).Should().Be(1);
        (await _books.Scalar<long>("select sum(refunded)::bigint from bills")).Should().Be(300);
    }

    [Fact]
    public async Task A_key_that_was_given_up_gives_nothing_back()
    {
        var bill = await Pay();
        var key = NewKey();
        await Rows.Close(key, Refusal.RefundNeverHappened, null, null, null);

        (await Make(key, bill, 300)).Reason.Should().Be(Refusal.RefundNeverHappened);

        (await _books.Scalar<long>("select count(*) from refunds")).Should().Be(0);
    }

    [Fact]
    public async Task A_key_that_is_given_up_while_its_refund_is_made_hears_of_the_refund()
    {
        var bill = await Pay();
        var key = NewKey();
        await using var slow = await _books.Database.OpenConnectionAsync(Stop);
        await using var transaction = await slow.BeginTransactionAsync(Stop);
        await Run(slow, $"insert into refunds (rrn, bill, merchant_id, original_rrn, amount, currency, before, state, due_at, created_at) select 999, {bill}, '{Books.Merchant}', paid_rrn, 300, 'CNY', 0, 'QUEUED', now(), now() from bills where number = {bill}");
        await Run(slow, $"update bills set refunded = 300 where number = {bill}");
        await Run(slow, $"insert into refund_keys (terminal_id, batch, stan, bill, amount, masked_pan, clerk, supervisor, refund) values ('{key.Terminal}', {key.Batch}, {key.Stan}, {bill}, 300, '{Card}', '1001', '1002', 999)");

        var enquiry = Rows.Close(key, Refusal.RefundNeverHappened, null, null, null);
        await _books.SomebodyWaits();
        await transaction.CommitAsync(Stop);

        (await enquiry).Rrn.Should().Be(999);
    }

    [Theory]
    [InlineData(OtherCard, 300, Refusal.OtherCard)]
    [InlineData(OtherCard, 1001, Refusal.RefundExceeds)]
    [InlineData(Card, 1001, Refusal.RefundExceeds)]
    public async Task A_refusal_stands_under_the_key_too(string card, long amount, Refusal why)
    {
        var bill = await Pay();
        var key = NewKey();

        (await Make(key, bill, amount, card)).Reason.Should().Be(why);

        (await Make(key, bill, 300)).Reason.Should().Be(why);
        (await _books.Scalar<long>("select count(*) from refunds")).Should().Be(0);
        (await Make(NewKey(), bill, 300)).Reason.Should().BeNull("a new key begins anew");
    }

    [Fact]
    public async Task What_is_not_paid_or_not_there_is_not_given_back()
    {
        (await Make(NewKey(), await _books.PutBill(), 300)).Reason.Should().Be(Refusal.BillNotPaid);
        (await Make(NewKey(), 42, 300)).Reason.Should().Be(Refusal.BillUnknown);
    }

    [Fact]
    public async Task Refunds_are_a_total_of_their_own_in_their_batch_and_none_comes_after_its_close()
    {
        var bill = await Pay();
        var (key, terminals) = (NewKey(), new TerminalRows(_books.Database));
        await Make(key, bill, 300);

        (await terminals.ListAfter(key.Terminal, key.Batch, 0, 30)).Should().Equal((key.Stan, -300));
        var closed = (await terminals.CloseBatch(key.Terminal, key.Batch, new BatchSums(0, 0, 1, 300)))!.Value;
        var repeated = (await terminals.CloseBatch(key.Terminal, key.Batch, new BatchSums(0, 0, 0, 0)))!.Value;

        closed.Should().Be((new BatchSums(0, 0, 1, 300), true));
        repeated.Should().Be(closed, "the first close stands");
        (await Make(NewKey(), bill, 300)).Reason.Should().Be(Refusal.RefundBatchClosed);
        (await Make(key, bill, 300)).Reason.Should().BeNull("a known key is answered as before");
    }

    [Fact]
    public async Task A_batch_whose_refunds_differ_does_not_agree()
    {
        var key = NewKey();
        await Make(key, await Pay(), 300);

        (await new TerminalRows(_books.Database).CloseBatch(key.Terminal, key.Batch, new BatchSums(0, 0, 0, 0)))!.Value.Agrees.Should().BeFalse();
    }

    [Fact]
    public async Task Nobody_signs_a_refund_alone()
    {
        var bill = await Pay();
        var alone = () => _books.Execute(
            $"insert into refund_keys (terminal_id, batch, stan, bill, amount, masked_pan, clerk, supervisor, refund) values ('T0000009', 1, 1, {bill}, 1, '{Card}', '1002', '1002', 1)");

        (await alone.Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be(PostgresErrorCodes.CheckViolation);
    }

    [Fact]
    public async Task A_payment_is_found_by_its_bill_and_by_its_RRN()
    {
        var bill = await Pay();
        var rrn = await _books.Scalar<long>($"select paid_rrn from bills where number = {bill}");

        (await Rows.FindBill(bill, null))!.Row!.Number.Should().Be(bill);
        (await Rows.FindBill(null, rrn))!.Row!.Number.Should().Be(bill);
        (await Rows.FindBill(null, rrn + 1_000_000)).Should().BeNull();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private SwipeKey NewKey(string terminal = "T0000009") => new(terminal, 7, ++_stans);

    private async Task<RefundKeyRow> Make(SwipeKey key, long bill, long amount, string card = Card) =>
        await Rows.Make(new AskAtCounter(key, Books.Store, await _books.Rrns.Next(), bill, amount, card, "1001", "1002"));

    private static async Task Run(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Stop);
    }

    private async Task<long> Pay(bool fold = true, EscrowTerms? escrow = null)
    {
        var bill = await _books.PutBill(escrow: escrow);
        var start = await _books.NewAttempt(bill, ++_stans);
        await _books.Commits.StartAttempts.Submit(start);
        await _books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow(), escrow));
        if (fold)
        {
            await Fold();
        }

        return bill;
    }

    private Task Fold() => Eventually.Is(
        async () =>
        {
            await new LedgerRows(_books.Connections).FoldCredits(Stop);
            return !await _books.Scalar<bool>("select exists (select 1 from entries, folded where xact >= upto)");
        },
        "all credits are folded in");

    private sealed class Notices : IRefundNotices
    {
        public string ComposeData(RefundRow refund) => "{}";

        public string ComposeData(BillRow bill) => "{}";

        public IReadOnlyList<string> FindReceivers(BillRow bill) => [];
    }
}
