using Lakala.Rules.Attempts;
using Lakala.Rules.Ledger;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Testing;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>The moves of refunds in the database. Each test has a database of its own, because balances are compared.</summary>
public sealed class RefundTests(TestPostgres postgres) : IAsyncLifetime
{
    private static readonly EscrowTerms Terms = new(DeliveryMethod.Express, TimeSpan.FromHours(72), TimeSpan.FromDays(10));

    // A query ends with a zero: this is not the READ COMMITTED of its beginning.
    private const string CommitItself = "COMMIT\0";

    private readonly Books _books = new(postgres);

    private int _stans;

    private bool _isDoctored;

    public ValueTask InitializeAsync() => _books.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        if (!_isDoctored)
        {
            await _books.ShouldBalance();
        }

        await _books.DisposeAsync();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private RefundRows Refunds => new(_books.Connections, new BareNotices(), TimeProvider.System);

    [Fact]
    public async Task A_refund_takes_from_all_who_had_a_share_and_is_told()
    {
        var bill = await Pay();

        var refund = (await Ask(bill, 300)).Should().BeOfType<RequestOutcome.Made>().Which.Refund;

        refund.Should().Match<RefundRow>(made => made.State == RefundState.Requested && made.Before == 0 && made.Amount.Minor == 300);
        (await Refunded(bill)).Should().Be(300);
        (await Balances()).Should().Be("merchant 696, store 0");
        (await Lines(refund.Rrn, "refund")).Should().Be($"merchant:{Books.Merchant} 298, store:{Books.Store} 1, platform 1, refunds_out -300");
        (await _books.Scalar<string>("select string_agg(e.type || ' to ' || d.receiver, ', ' order by d.receiver) from events e join deliveries d on d.event_id = e.id where e.type like 'refund.%'"))
            .Should().Be("refund.created to mail, refund.created to we_1");
    }

    [Fact]
    public async Task When_the_fee_is_kept_the_merchant_alone_gives_back()
    {
        var bill = await Pay(fee: FeeOnRefund.Kept);

        var refund = await Send(bill, 300);

        (await Lines(refund, "refund")).Should().Be($"merchant:{Books.Merchant} 300, refunds_out -300");
        (await Balances()).Should().Be("merchant 694, store 1");
        (await Refunds.Finish(refund, RefundState.Declined, "14")).Should().Be(FinalWord.Posted);
        (await Lines(refund, "refund_back")).Should().Be($"merchant:{Books.Merchant} -300, refunds_out 300");
        (await Balances()).Should().Be("merchant 994, store 1");
    }

    [Fact]
    public async Task A_full_refund_with_a_kept_fee_waits_until_the_merchant_has_the_fee_too()
    {
        var bill = await Pay(fee: FeeOnRefund.Kept);

        var refund = (await Ask(bill, null)).Should().BeOfType<RequestOutcome.Made>().Which.Refund;

        refund.Should().Match<RefundRow>(made => made.State == RefundState.Queued && made.Amount.Minor == 1000);
        (await Balances()).Should().Be("merchant 994, store 1");
        await Pay();
        await Eventually.Is(async () => await Refunds.CoverQueued(16, Stop) > 0, "it is covered");
        (await Lines(refund.Rrn, "refund")).Should().Be($"merchant:{Books.Merchant} 1000, refunds_out -1000");
        (await Balances()).Should().Be("merchant 988, store 2");
    }

    [Fact]
    public async Task What_is_held_goes_back_whole_although_the_fee_is_kept()
    {
        var bill = await Pay(escrow: Terms, fee: FeeOnRefund.Kept);

        var refund = (await Ask(bill, null)).Should().BeOfType<RequestOutcome.Made>().Which.Refund;

        refund.State.Should().Be(RefundState.Requested);
        (await Lines(refund.Rrn, "refund")).Should().Be($"held:{Books.Merchant} 1000, refunds_out -1000");
    }

    [Fact]
    public async Task Of_two_at_once_that_are_too_much_one_is_refused()
    {
        var bill = await Pay();
        Task<RequestOutcome[]> both;
        await using (await _books.Lock(bill))
        {
            both = Task.WhenAll(Ask(bill, 600), Ask(bill, 600));
            await _books.SomebodyWaits(2);
        }

        var outcomes = await both;
        outcomes.OfType<RequestOutcome.Made>().Should().ContainSingle();
        outcomes.OfType<RequestOutcome.Refused>().Should().ContainSingle().Which.Should().Match<RequestOutcome.Refused>(
            no => no.Why == Refusal.RefundExceeds && no.Bill.Refunded == 600);
        (await Refunded(bill)).Should().Be(600);
    }

    [Fact]
    public async Task A_silo_that_stands_still_in_a_refund_does_not_keep_the_merchants_balance()
    {
        var bill = await Pay();
        await using var moves = Database.OpenForMoves(_books.ConnectionString);
        await using var still = await moves.OpenConnectionAsync(Stop);
        await using var unfinished = await still.BeginTransactionAsync(Stop);
        await Execute($"select from balances b join accounts a on a.id = b.account where a.owner = '{Books.Merchant}' for no key update of b");

        (await Ask(bill, 300, rows: new RefundRows(moves, new BareNotices(), TimeProvider.System))).Should().BeOfType<RequestOutcome.Made>();
        (await FluentActions.Awaiting(() => Execute("update bills set refunded = 0")).Should().ThrowAsync<NpgsqlException>())
            .Which.SqlState.Should().Be(Database.StoodStill);

        async Task Execute(string sql)
        {
            await using var command = new NpgsqlCommand(sql, still, unfinished);
            await command.ExecuteNonQueryAsync(Stop);
        }
    }

    [Fact]
    public async Task Two_at_once_under_one_key_are_one_refund()
    {
        var bill = await Pay();
        Task<RequestOutcome[]> both;
        await using (await _books.Lock(bill))
        {
            both = Task.WhenAll(Ask(bill, 1000, "key"), Ask(bill, 1000, "key"));
            await _books.SomebodyWaits(2);
        }

        (await both).Select(outcome => outcome.GetType().Name).Should().BeEquivalentTo([nameof(RequestOutcome.Made), nameof(RequestOutcome.KeyTaken)]);
        (await Refunded(bill)).Should().Be(1000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task R1_is_unknown_and_the_same_request_again_is_one_refund(bool isStored)
    {
        var bill = await Pay();
        await using var line = new TestLine(_books.ConnectionString);
        await using var database = Database.Open(line.ConnectionString);
        var lost = isStored ? line.CutAfter(CommitItself) : line.CutBefore(CommitItself);

        await FluentActions.Awaiting(() => Ask(bill, 600, "key", new RefundRows(database, new BareNotices(), TimeProvider.System))).Should().ThrowAsync<NpgsqlException>();
        await lost;
        var again = await Ask(bill, 600, "key");

        again.Should().BeOfType(isStored ? typeof(RequestOutcome.KeyTaken) : typeof(RequestOutcome.Made));
        (await _books.Scalar<long>("select count(*) from refunds")).Should().Be(1);
        (await Refunded(bill)).Should().Be(600);
        (await Events()).Should().Be("refund.created");
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public async Task R2_is_unknown_and_what_is_SENT_counts_as_possibly_sent(bool isStored, int tries)
    {
        const string R2 = "set state = 'SENT'";
        var refund = ((RequestOutcome.Made)await Ask(await Pay(), 300)).Refund.Rrn;
        await using var line = new TestLine(_books.ConnectionString);
        await using var database = Database.Open(line.ConnectionString);
        var lost = isStored ? line.CutAfter(R2) : line.CutBefore(R2);

        await FluentActions.Awaiting(() => new RefundRows(database, new BareNotices(), TimeProvider.System).TakeDue(TimeSpan.Zero, 16, Stop)).Should().ThrowAsync<NpgsqlException>();
        await lost;

        (await Refunds.Find(refund, Stop))!.State.Should().Be(isStored ? RefundState.Sent : RefundState.Requested);
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().ContainSingle().Which
            .Should().Match<RefundToSend>(one => one.Rrn == refund && one.Tries == tries);
    }

    [Theory]
    [InlineData(true, RefundState.Done, "00")]
    [InlineData(false, RefundState.Done, "00")]
    [InlineData(true, RefundState.Declined, "14")]
    [InlineData(false, RefundState.Declined, "14")]
    public async Task R3_is_unknown_and_the_same_answer_again_is_posted_once(bool isStored, RefundState state, string code)
    {
        var bill = await Pay();
        var refund = await Send(bill, 300);
        await using var line = new TestLine(_books.ConnectionString);
        await using var database = Database.Open(line.ConnectionString);
        var lost = isStored ? line.CutAfter(CommitItself) : line.CutBefore(CommitItself);

        await FluentActions.Awaiting(() => new RefundRows(database, new BareNotices(), TimeProvider.System).Finish(refund, state, code)).Should().ThrowAsync<NpgsqlException>();
        await lost;

        (await Refunds.Finish(refund, state, code)).Should().Be(isStored ? FinalWord.Unneeded : FinalWord.Posted);
        (await _books.Scalar<long>($"select count(*) from other_entries where subject = {refund} and kind <> 'refund'")).Should().Be(1);
        (await Refunded(bill)).Should().Be(state == RefundState.Done ? 300 : 0);
        (await Events()).Should().Be(state == RefundState.Done ? "refund.created, refund.done" : "refund.created, refund.declined");
    }

    [Fact]
    public async Task What_is_not_paid_is_not_refunded()
    {
        var bill = await _books.PutBill();

        (await Ask(bill, 1)).Should().BeOfType<RequestOutcome.Refused>().Which.Why.Should().Be(Refusal.BillNotPaid);
        (await Ask(bill, null)).Should().BeOfType<RequestOutcome.Refused>().Which.Why.Should().Be(Refusal.BillNotPaid);
        (await _books.Scalar<long>("select count(*) from refunds")).Should().Be(0);
    }

    [Fact]
    public async Task Another_merchants_bill_does_not_exist_for_the_one_who_asks()
    {
        var bill = await Pay();

        (await Ask(bill, 300, merchant: "another")).Should().BeOfType<RequestOutcome.NoSuchBill>();
        (await Ask(bill + 1, 300)).Should().BeOfType<RequestOutcome.NoSuchBill>();
        (await _books.Scalar<long>("select count(*) from refunds")).Should().Be(0);
        (await _books.Scalar<long>("select count(*) from idempotency_keys")).Should().Be(0);
    }

    [Fact]
    public async Task Without_an_amount_all_that_is_left_goes_back()
    {
        var bill = await Pay();
        await Ask(bill, 1);

        (await Ask(bill, null)).Should().BeOfType<RequestOutcome.Made>().Which.Refund.Amount.Minor.Should().Be(999);
        (await Ask(bill, null)).Should().BeOfType<RequestOutcome.Refused>().Which.Why.Should().Be(Refusal.RefundExceeds);
        (await Balances()).Should().Be("merchant 0, store 0");
    }

    [Fact]
    public async Task What_is_not_covered_waits_in_turn_and_takes_nobody_elses_money()
    {
        var (first, second) = (await Pay(fold: false), await Pay(fold: false));

        var outcomes = new[] { await Ask(first, 1000), await Ask(second, 10) };

        outcomes.Cast<RequestOutcome.Made>().Should().OnlyContain(made => made.Refund.State == RefundState.Queued);
        (await _books.Scalar<long>("select count(*) from other_entries")).Should().Be(0);
        (await Refunds.TakeDue(TimeSpan.FromMinutes(1), 16, Stop)).Should().BeEmpty("what is queued is not sent");

        await Fold();
        await Eventually.Is(async () => await Refunds.CoverQueued(16, Stop) > 0 & (await _books.Scalar<long>("select count(*) from refunds where state = 'QUEUED'")) == 0, "both are covered");
        (await _books.Scalar<string>("select string_agg(subject::text, ' ' order by at, number) from other_entries"))
            .Should().Be(string.Join(' ', outcomes.Cast<RequestOutcome.Made>().Select(made => made.Refund.Rrn)));
        (await Balances()).Should().Be("merchant 984, store 1");
    }

    [Fact]
    public async Task When_the_money_is_there_all_that_wait_go_on_however_rarely_they_were_looked_at()
    {
        long[] bills = [await Pay(fold: false), await Pay(fold: false), await Pay(fold: false)];
        foreach (var bill in bills)
        {
            (await Ask(bill, 10)).Should().BeOfType<RequestOutcome.Made>().Which.Refund.State.Should().Be(RefundState.Queued);
        }

        await _books.Execute("update refunds set due_at = now() + interval '1 minute', created_at = created_at - interval '1 hour'");
        await _books.Execute("update refunds set due_at = now() where rrn = (select min(rrn) from refunds)");
        (await Refunds.CoverQueued(2, Stop)).Should().Be(0, "the money is not there");
        (await _books.Scalar<long>("select count(*) from refunds where due_at > now() + interval '50 seconds'")).Should().Be(3, "all are looked at again in a minute");

        await Fold();
        await _books.Execute("update refunds set due_at = now() where rrn = (select min(rrn) from refunds)");
        (await Refunds.CoverQueued(2, Stop)).Should().Be(2);
        (await Refunds.CoverQueued(2, Stop)).Should().Be(1, "the next one is due once those before it are covered");
    }

    [Fact]
    public async Task The_banks_yes_is_posted_once()
    {
        var refund = await Send(await Pay(), 300);

        (await Refunds.Finish(refund, RefundState.Done, "00")).Should().Be(FinalWord.Posted);
        (await Refunds.Finish(refund, RefundState.Done, "00")).Should().Be(FinalWord.Unneeded);
        (await Contradictions()).Should().BeEmpty();

        (await Lines(refund, "refund_taken")).Should().Be("refunds_out 300, bank_clearing -300");
        (await Events()).Should().Be("refund.created, refund.done");
        (await Refunds.TakeDue(TimeSpan.Zero, 16, Stop)).Should().BeEmpty();
    }

    [Theory]
    [InlineData("00", "14", "refund refund_taken", "refund.created, refund.done", 300)]
    [InlineData("14", "00", "refund refund_back", "refund.created, refund.declined", 0)]
    public async Task A_word_that_contradicts_the_first_one_moves_no_money_and_is_kept_for_an_operator(
        string first, string other, string entries, string events, long refunded)
    {
        var bill = await Pay();
        var refund = await Send(bill, 300);
        (await Late(refund, first)).Should().Be(FinalWord.Posted, "the first word counts, although nobody waited for it");
        var (balances, decided) = (await Balances(), await Refunds.Find(refund, Stop));

        (await Late(refund, first)).Should().Be(FinalWord.Unneeded);
        (await Late(refund, other)).Should().Be(FinalWord.Contradicts);
        (await Refunds.Finish(refund, Refund.Decide(other)!.Value, other)).Should().Be(FinalWord.Contradicts, "also when a request has waited for it");

        (await Contradictions()).Should().ContainSingle().Which.Should().Match<RefundContradiction>(one =>
            one.Rrn == refund && one.Bill.Value == bill && one.Merchant == Books.Merchant && one.Amount == 300
            && one.State == decided!.State && one.FirstCode == first && one.OtherCode == other);
        (await Refunds.Find(refund, Stop)).Should().Be(decided);
        (await Balances()).Should().Be(balances);
        (await _books.Scalar<string>($"select string_agg(kind, ' ' order by kind) from other_entries where subject = {refund}")).Should().Be(entries);
        (await Events()).Should().Be(events);
        (await Refunded(bill)).Should().Be(refunded);
        (await Refunds.TakeDue(TimeSpan.Zero, 16, Stop)).Should().BeEmpty();

        await _books.Execute("update refund_contradictions set closed_at = now(), closed_because = 'the bank says in writing that its first word is right'");
        (await Late(refund, other)).Should().Be(FinalWord.Contradicts);
        (await Contradictions()).Should().BeEmpty("what is closed stays closed");
    }

    [Fact]
    public async Task Of_two_contradicting_words_at_once_one_decides_and_the_other_is_kept()
    {
        var bill = await Pay();
        var refund = await Send(bill, 300);
        Task<FinalWord?[]> both;
        await using (await _books.Lock(bill))
        {
            both = Task.WhenAll(Late(refund, "00"), Late(refund, "14"));
            await _books.SomebodyWaits(2);
        }

        (await both).Should().BeEquivalentTo([FinalWord.Posted, FinalWord.Contradicts]);
        (await Contradictions()).Should().ContainSingle();
        (await _books.Scalar<long>($"select count(*) from other_entries where subject = {refund}")).Should().Be(2);
    }

    [Theory]
    [InlineData(301, "CNY", "T0000001", 0)]
    [InlineData(300, "USD", "T0000001", 0)]
    [InlineData(300, "CNY", "T0000002", 0)]
    [InlineData(300, "CNY", "T0000001", 1)]
    public async Task A_late_answer_about_something_else_is_none(long amount, string currency, string terminal, long otherRrn)
    {
        var refund = await Send(await Pay(), 300);

        (await Refunds.TakeLate(refund + otherRrn, RefundState.Done, new BankAnswer("00", null, new Money(amount, currency), null, terminal))).Should().BeNull();
        (await Refunds.TakeLate(refund, RefundState.Done, new BankAnswer("00", null, Amount: null, null, "T0000001"))).Should().BeNull();

        (await Refunds.Find(refund, Stop))!.State.Should().Be(RefundState.Sent);
    }

    [Fact]
    public async Task A_late_answer_to_what_was_never_sent_changes_nothing()
    {
        var refund = ((RequestOutcome.Made)await Ask(await Pay(), 300)).Refund.Rrn;

        (await Late(refund, "00")).Should().Be(FinalWord.Unneeded);

        (await Refunds.Find(refund, Stop))!.State.Should().Be(RefundState.Requested);
        (await Contradictions()).Should().BeEmpty();
    }

    [Fact]
    public async Task The_banks_no_gives_back_the_very_lines()
    {
        var bill = await Pay();
        var refund = await Send(bill, 300);
        await Send(bill, 300);

        (await Refunds.Finish(refund, RefundState.Declined, "14")).Should().Be(FinalWord.Posted);

        (await Lines(refund, "refund_back")).Should().Be($"merchant:{Books.Merchant} -298, store:{Books.Store} -1, platform -1, refunds_out 300");
        (await Refunded(bill)).Should().Be(300);
        (await Balances()).Should().Be("merchant 696, store 1");
        (await Events()).Should().Be("refund.created, refund.created, refund.declined");
        (await Refunds.Find(refund, Stop)).Should().Match<RefundRow>(row => row.State == RefundState.Declined && row.ResponseCode == "14");
    }

    [Fact]
    public async Task Two_senders_do_not_send_the_same_refund_at_once_and_a_lease_that_ends_repeats_it()
    {
        var refund = ((RequestOutcome.Made)await Ask(await Pay(), 300)).Refund.Rrn;

        var taken = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)));
        taken.SelectMany(list => list).Should().ContainSingle().Which.Should().Match<RefundToSend>(one => one.Rrn == refund && one.Tries == 0);

        await _books.Execute("update refunds set due_at = now()");
        var again = (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().ContainSingle().Which;
        again.Should().BeEquivalentTo(taken.SelectMany(list => list).Single() with { Tries = 1 }, "only the number of the try changes");
        await Refunds.TryAgain(refund, "91", TimeSpan.FromHours(1));
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().BeEmpty();
    }

    [Fact]
    public async Task Shares_are_of_what_is_left_after_every_refund()
    {
        var bill = await Pay();
        foreach (var amount in (long[])[333, 333, 333])
        {
            await Refunds.Finish(await Send(bill, amount), RefundState.Done, "00");
        }

        (await Balances()).Should().Be("merchant 1, store 0");
        (await _books.Scalar<decimal>("select sum(amount) from postings where account = 'bank_clearing'")).Should().Be(1);
        (await _books.Scalar<decimal>("select sum(amount) from postings where account = 'refunds_out'")).Should().Be(0);
    }

    [Fact]
    public async Task Held_money_goes_back_without_any_share_and_the_rest_stays_held()
    {
        var bill = await Pay(escrow: Terms);

        var refund = (await Ask(bill, 300)).Should().BeOfType<RequestOutcome.Made>().Which.Refund;

        refund.State.Should().Be(RefundState.Requested);
        (await Lines(refund.Rrn, "refund")).Should().Be($"held:{Books.Merchant} 300, refunds_out -300");
        (await TradeOf(bill)).Should().Be("HELD 700");
        (await Events()).Should().Be("refund.created");
        (await Ask(bill, 701)).Should().BeOfType<RequestOutcome.Refused>().Which.Why.Should().Be(Refusal.RefundExceeds);
    }

    [Fact]
    public async Task A_refund_of_all_that_is_held_closes_the_trade_and_a_refused_one_opens_it_for_operators()
    {
        var bill = await Pay(escrow: Terms);
        var refund = await Send(bill, 1000);
        (await TradeOf(bill)).Should().Be("CLOSED 0");
        (await Events("trade.%")).Should().Be("trade.closed");

        (await Refunds.Finish(refund, RefundState.Declined, "14")).Should().Be(FinalWord.Posted);

        (await TradeOf(bill)).Should().Be("HELD 1000");
        (await _books.Scalar<string>($"select frozen_by from trades where bill = {bill}")).Should().Be("refund-declined");
        (await Lines(refund, "refund_back")).Should().Be($"held:{Books.Merchant} -1000, refunds_out 1000");
        (await Refunded(bill)).Should().Be(0);
        (await Events("trade.%")).Should().Be("trade.closed, trade.stopped");
        (await Ask(bill, 1)).Should().BeOfType<RequestOutcome.Refused>().Which.Why.Should().Be(Refusal.RefundUndecided);
    }

    [Fact]
    public async Task What_was_never_shipped_goes_back_by_itself_once()
    {
        var bill = await Pay(escrow: Terms);
        var notYet = await Pay(escrow: Terms);
        await _books.Execute($"update trades set due_at = now() - interval '1 second', is_overdue = true, moves = moves + 1 where bill = {bill}");
        await _books.Execute($"update trades set due_at = now() - interval '1 second', moves = moves + 1 where bill = {notYet}");

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Refunds.CloseOverdue(16, _books.Rrns.Next, Stop)));

        (await TradeOf(bill)).Should().Be("CLOSED 0");
        (await TradeOf(notYet)).Should().Be("HELD 1000");
        (await _books.Scalar<long>($"select sum(amount)::bigint from refunds where bill = {bill}")).Should().Be(1000);
        (await Events("%")).Split(", ").Should().BeEquivalentTo("trade.closed", "refund.created");
    }

    [Fact]
    public async Task A_shopper_takes_her_money_back_when_the_time_for_shipping_is_over()
    {
        var bill = await Pay(escrow: Terms);
        (await Refunds.TakeBack(bill, await _books.Rrns.Next())).Should().Be(Refusal.TradeNotOverdue);
        await _books.Execute($"update trades set due_at = now() + interval '1 day', is_overdue = true, moves = moves + 1 where bill = {bill}");

        var taken = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ => await Refunds.TakeBack(bill, await _books.Rrns.Next())));

        taken.Should().AllSatisfy(refusal => refusal.Should().BeNull());
        (await TradeOf(bill)).Should().Be("CLOSED 0");
        (await _books.Scalar<string>($"select string_agg(state || ' ' || amount, ',') from refunds where bill = {bill}")).Should().Be("REQUESTED 1000");
        (await Events("%")).Split(", ").Should().BeEquivalentTo("trade.closed", "refund.created");
    }

    [Fact]
    public async Task After_the_release_a_refund_takes_the_shares_back()
    {
        var bill = await Pay(escrow: Terms);
        await _books.Execute(
            $"""
            update trades set state = 'FINISHED', held = 0, released = 1000, releases = 1, due_at = null, ended_at = now(), method = 'express', carrier = '', tracking_number = '',
              shipped_at = now(), moves = moves + 2 where bill = {bill};
            insert into accounts (kind, owner, currency) values ('merchant', '{Books.Merchant}', 'CNY'), ('store', '{Books.Store}', 'CNY'), ('platform', '', 'CNY') on conflict do nothing;
            insert into entries (kind, number, subject, business_date, at, account_1, amount_1, account_2, amount_2, account_3, amount_3, account_4, amount_4)
            select 'release', 1, {bill}, current_date, now(), h.id, 1000, m.id, -994, s.id, -1, p.id, -5
            from accounts h, accounts m, accounts s, accounts p where h.kind = 'held' and m.kind = 'merchant' and s.kind = 'store' and p.kind = 'platform';
            insert into balances select id, 994 from accounts where kind = 'merchant';
            insert into balances select id, 1 from accounts where kind = 'store';
            """);

        var refund = (await Ask(bill, 300)).Should().BeOfType<RequestOutcome.Made>().Which.Refund;

        (await Lines(refund.Rrn, "refund")).Should().Be($"merchant:{Books.Merchant} 298, store:{Books.Store} 1, platform 1, refunds_out -300");
        (await TradeOf(bill)).Should().Be("FINISHED 0");
    }

    [Theory]
    [InlineData("update refunds set amount = amount + 1", 2)]
    [InlineData("update refunds set state = 'REQUESTED', sent_at = null", 0)]
    [InlineData("update refunds set state = 'QUEUED', sent_at = null", 1)]
    [InlineData("update refunds set state = 'DONE', finished_at = now(), due_at = null", 1)]
    [InlineData("update refunds set state = 'DECLINED', finished_at = now(), due_at = null", 2)]
    [InlineData("delete from refunds", 2)]
    [InlineData("delete from other_entries", 1)]
    [InlineData("update other_entries set kind = 'refund_taken'", 1)]
    [InlineData("update other_entries set subject = subject + 1", 2)]
    [InlineData("update bills set refunded = refunded + 1", 1)]
    [InlineData("update bills set refunded = 0", 1)]
    public async Task Doctored_refunds_are_found_out(string how, long faults)
    {
        await Send(await Pay(), 300);
        // The owner gives itself the rights that it has not: a fault of a program would not.
        await _books.Execute("grant update, delete on other_entries to current_user");
        await _books.Execute(how);

        (await new BookRows(_books.Database).Read(Stop)).Faults.WrongRefunds.Should().Be(faults);
        _isDoctored = true;
    }

    private async Task<long> Pay(bool fold = true, EscrowTerms? escrow = null, FeeOnRefund fee = FeeOnRefund.Returned)
    {
        var bill = await _books.PutBill(escrow: escrow, fee: fee);
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

    private async Task<RequestOutcome> Ask(long bill, long? amount, string? key = null, RefundRows? rows = null, string merchant = Books.Merchant) => await (rows ?? Refunds).Request(new RequestRefund(
        await _books.Rrns.Next(), merchant, bill, amount, "wrong colour", key ?? Guid.NewGuid().ToString(), made => new KeptAnswer(key ?? $"{made.Rrn}", [1], 201, "{}")));

    private async Task<long> Send(long bill, long amount)
    {
        var refund = ((RequestOutcome.Made)await Ask(bill, amount)).Refund;
        refund.State.Should().Be(RefundState.Requested);
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().ContainSingle();
        return refund.Rrn;
    }

    // An answer about a refund of 300 for which no request waits.
    private Task<FinalWord?> Late(long refund, string code) =>
        Refunds.TakeLate(refund, Refund.Decide(code)!.Value, new BankAnswer(code, null, new Money(300, Money.Cny), null, "T0000001"));

    private Task<IReadOnlyList<RefundContradiction>> Contradictions() => new RefundContradictions(_books.Database).ListOpen(10, Stop);

    private Task<long> Refunded(long bill) => _books.Scalar<long>($"select refunded from bills where number = {bill}");

    private Task<string> Balances() => _books.Scalar<string>(
        "select string_agg(a.kind || ' ' || b.amount, ', ' order by a.kind) from balances b join accounts a on a.id = b.account");

    private Task<string> Lines(long refund, string kind) => _books.Scalar<string>(
        $"""
        select string_agg(a.name || ' ' || l.amount, ', ' order by l.line) from other_entries e
        cross join lateral (values (1, account_1, amount_1), (2, account_2, amount_2), (3, account_3, amount_3), (4, account_4, amount_4)) as l(line, account, amount)
        join accounts a on a.id = l.account where e.kind = '{kind}' and e.subject = {refund}
        """);

    private Task<string> Events(string types = "refund.%") =>
        _books.Scalar<string>($"select string_agg(type, ', ' order by id) from events where type <> 'bill.paid' and type like '{types}'");

    private Task<string> TradeOf(long bill) => _books.Scalar<string>($"select state || ' ' || held from trades where bill = {bill}");
}
