using Lakala.Rules.Attempts;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Ledger;
using Lakala.Storage.Refunds;
using Lakala.Testing;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>Refunds that the bank might have forgotten, and what two operators rule about them. Each test has a database of its own.</summary>
public sealed class RefundRulingTests(TestPostgres postgres) : IAsyncLifetime
{
    private static readonly EscrowTerms Terms = new(DeliveryMethod.Express, TimeSpan.FromHours(72), TimeSpan.FromDays(10));

    private readonly Books _books = new(postgres);

    private int _stans;

    public ValueTask InitializeAsync() => _books.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _books.ShouldBalance();
        await _books.DisposeAsync();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private RefundRows Refunds => new(_books.Connections, new BareNotices(), TimeProvider.System);

    private RefundRulings Rulings => new(_books.Connections, Refunds, new RefundRemedies(Refunds, new BareNotices(), TimeProvider.System));

    [Fact]
    public async Task A_refund_is_not_sent_after_34_days_and_is_not_due_any_more()
    {
        var (young, old, never) = (await Send(), await Send(), await Ask());
        await Age(young, "33 days 23 hours 59 minutes");
        await Age(old, "34 days");
        await _books.Execute($"update refunds set created_at = created_at - interval '100 days' where rrn = {never}");

        var taken = await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop);

        taken.Select(refund => refund.Rrn).Should().BeEquivalentTo([young, never], "what was never sent is no repeat");
        (await Refunds.Find(old, Stop)).Should().Match<RefundRow>(refund => refund.State == RefundState.Sent && refund.Tries == 1);
        (await _books.Scalar<bool>($"select due_at is null from refunds where rrn = {old}")).Should().BeTrue();
        (await _books.Scalar<bool>($"select {RefundRows.HasDue}")).Should().BeFalse("nothing wakes the sender");
        (await Rulings.ListOpen(10, Stop)).Should().ContainSingle().Which.Should().Match<RefundToDecide>(
            one => one.Question == RefundQuestion.Stopped && one.Rrn == old && one.Amount == 300 && one.LastCode == null && !one.HasRuling);

        await Refunds.TryAgain(old, "91", TimeSpan.Zero);
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().BeEmpty("an answer to an earlier try does not make it due again");
        (await Rulings.FindQuestion(old, Stop)).Should().Be(RefundQuestion.Stopped);
    }

    [Theory]
    [InlineData("00", RefundState.Done)]
    [InlineData("14", RefundState.Declined)]
    public async Task A_late_answer_decides_a_refund_that_is_not_sent_any_more_and_the_ruling_is_too_late(string code, RefundState state)
    {
        var refund = await Stopped();
        (await Propose(refund, RefundVerdict.Credited)).Should().BeNull();

        (await Late(refund, code)).Should().Be(FinalWord.Posted);

        (await Approve(refund, 1, "li")).Should().Be(Refusal.RefundDecided);
        (await Propose(refund, RefundVerdict.Credited)).Should().Be(Refusal.RefundDecided);
        (await Refunds.Find(refund, Stop)).Should().Match<RefundRow>(row => row.State == state && row.ResponseCode == code);
        (await _books.Scalar<long>($"select count(*) from other_entries where subject = {refund}")).Should().Be(2);
        (await _books.Scalar<long>("select count(*) from refund_rulings where approved_by is not null")).Should().Be(0);
        (await Rulings.ListOpen(10, Stop)).Should().BeEmpty();
    }

    [Theory]
    [InlineData(RefundVerdict.Credited, RefundState.Done, "refund refund_taken", "refund.created, refund.done", 300)]
    [InlineData(RefundVerdict.NotCredited, RefundState.Declined, "refund refund_back", "refund.created, refund.declined", 0)]
    public async Task A_ruling_that_another_operator_approves_is_the_final_word(RefundVerdict verdict, RefundState state, string entries, string events, long refunded)
    {
        var refund = await Stopped();
        (await Propose(refund, verdict)).Should().BeNull();
        (await Refunds.Find(refund, Stop))!.State.Should().Be(RefundState.Sent, "one person alone decides nothing");
        (await Events()).Should().Be("refund.created", "and nobody is told");

        (await Approve(refund, 1, "wang")).Should().Be(Refusal.RulingAlone);
        (await Refunds.Find(refund, Stop))!.State.Should().Be(RefundState.Sent);
        (await Approve(refund, 2, "li")).Should().Be(Refusal.RulingNone);
        (await Approve(refund, 1, "li")).Should().BeNull();
        (await Approve(refund, 1, "chen")).Should().Be(Refusal.RulingNone);

        (await Refunds.Find(refund, Stop)).Should().Match<RefundRow>(row => row.State == state && row.ResponseCode == null && row.FinishedAt != null);
        (await _books.Scalar<string>($"select string_agg(kind, ' ' order by kind) from other_entries where subject = {refund}")).Should().Be(entries);
        (await Events()).Should().Be(events);
        (await _books.Scalar<long>("select sum(refunded)::bigint from bills")).Should().Be(refunded);
        (await Rulings.List(refund, Stop)).Should().ContainSingle().Which.Should().Match<RefundRuling>(one => one.Verdict == verdict && one.MadeBy == "wang" && one.ApprovedBy == "li");
        (await _books.Scalar<string>($"select string_agg(who || ' ' || what, ', ' order by id) from audit_log where subject = '{Rrn.ToText(refund)}'"))
            .Should().Be("wang refund.propose, li refund.approve");
    }

    [Fact]
    public async Task A_word_of_the_bank_that_contradicts_a_ruling_is_kept_for_an_operator()
    {
        var refund = await Stopped();
        await Propose(refund, RefundVerdict.NotCredited);
        await Approve(refund, 1, "li");

        (await Late(refund, "14")).Should().Be(FinalWord.Unneeded);
        (await Late(refund, "00")).Should().Be(FinalWord.Contradicts);

        (await new RefundContradictions(_books.Database).ListOpen(10, Stop)).Should().ContainSingle().Which.Should().Match<RefundContradiction>(
            one => one.State == RefundState.Declined && one.FirstCode == "ruling" && one.OtherCode == "00");
    }

    [Fact]
    public async Task What_was_held_is_held_again_when_two_rule_that_the_card_was_not_credited()
    {
        var refund = await Stopped(Terms);
        await Propose(refund, RefundVerdict.NotCredited);

        (await Approve(refund, 1, "li")).Should().BeNull();

        (await _books.Scalar<string>("select state || ' ' || held from trades")).Should().Be("HELD 1000");
        (await Rulings.FindQuestion(refund, Stop)).Should().Be(RefundQuestion.Refused, "how the shopper gets it is the next question");
        (await Propose(refund, RefundVerdict.SendAgain)).Should().BeNull();
        (await Approve(refund, 2, "li")).Should().BeNull();
        (await Rulings.ListOpen(10, Stop)).Should().BeEmpty();
    }

    [Fact]
    public async Task One_ruling_waits_at_a_time_and_one_that_is_turned_down_makes_room()
    {
        var refund = await Stopped();
        await Propose(refund, RefundVerdict.Credited);
        (await Propose(refund, RefundVerdict.NotCredited)).Should().Be(Refusal.RulingWaits);
        (await Rulings.ListOpen(10, Stop)).Should().ContainSingle().Which.HasRuling.Should().BeTrue();

        (await Rulings.Drop(refund, 1, "wang")).Should().BeNull("the one who has proposed it may withdraw it");
        (await Rulings.Drop(refund, 1, "li")).Should().Be(Refusal.RulingNone);
        (await Approve(refund, 1, "li")).Should().Be(Refusal.RulingNone);
        (await Propose(refund, RefundVerdict.NotCredited)).Should().BeNull();

        (await Approve(refund, 2, "li")).Should().BeNull();
        (await Refunds.Find(refund, Stop))!.State.Should().Be(RefundState.Declined);
    }

    [Fact]
    public async Task Of_a_ruling_and_the_banks_word_at_once_one_decides()
    {
        var refund = await Stopped();
        await Propose(refund, RefundVerdict.Credited);
        var bill = (await Refunds.Find(refund, Stop))!.Bill;
        Task<Refusal?> ruled;
        Task<FinalWord?> said;
        await using (await _books.Lock(bill))
        {
            (ruled, said) = (Approve(refund, 1, "li"), Late(refund, "00"));
            await _books.SomebodyWaits(2);
        }

        (await ruled, await said).Should().BeOneOf((null, FinalWord.Unneeded), (Refusal.RefundDecided, FinalWord.Posted));
        (await _books.Scalar<long>($"select count(*) from other_entries where subject = {refund}")).Should().Be(2);
    }

    [Fact]
    public async Task Nobody_rules_about_a_refund_that_is_still_sent()
    {
        var (sent, asked) = (await Send(), await Ask());

        (await Propose(sent, RefundVerdict.Credited)).Should().Be(Refusal.RefundDecided);
        (await Propose(asked, RefundVerdict.Credited)).Should().Be(Refusal.RefundDecided);

        (await _books.Scalar<long>("select count(*) from refund_rulings")).Should().Be(0);
    }

    [Theory]
    [InlineData("update refunds set state = 'REQUESTED', sent_at = null", "refunds_due")]
    [InlineData("update refund_rulings set approved_by = made_by, approved_at = now()", "refund_rulings_two_people")]
    [InlineData("update refund_rulings set state = 'SENT'", "refund_rulings_state_check")]
    [InlineData("insert into refund_rulings (rrn, place, state, reason, made_by) select rrn, 2, 'DONE', 'again', 'li' from refund_rulings", "refund_rulings_one_waits")]
    public async Task The_database_itself_refuses(string sql, string constraint)
    {
        await Propose(await Stopped(), RefundVerdict.Credited);

        (await FluentActions.Awaiting(() => _books.Execute(sql)).Should().ThrowAsync<PostgresException>()).Which.ConstraintName.Should().Be(constraint);
    }

    private async Task<Refusal?> Propose(long refund, RefundVerdict verdict) => await Rulings.Propose((await Refunds.Find(refund, Stop))!, verdict, "letter 7", "wang");

    private async Task<Refusal?> Approve(long refund, int place, string who) => await Rulings.Approve((await Refunds.Find(refund, Stop))!, place, who, await _books.Rrns.Next());

    private Task<FinalWord?> Late(long refund, string code) =>
        Refunds.TakeLate(refund, Refund.Decide(code)!.Value, new BankAnswer(code, null, new Money(300, Money.Cny), null, "T0000001"));

    private Task Age(long refund, string age) => _books.Execute($"update refunds set sent_at = now() - interval '{age}', due_at = now() where rrn = {refund}");

    private async Task<long> Stopped(EscrowTerms? escrow = null)
    {
        var refund = await Send(escrow);
        await Age(refund, "35 days");
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().BeEmpty();
        return refund;
    }

    private async Task<long> Send(EscrowTerms? escrow = null)
    {
        var refund = await Ask(escrow);
        (await Refunds.TakeDue(TimeSpan.FromHours(1), 16, Stop)).Should().ContainSingle();
        return refund;
    }

    private async Task<long> Ask(EscrowTerms? escrow = null)
    {
        var bill = await _books.PutBill(escrow: escrow);
        var start = await _books.NewAttempt(bill, ++_stans);
        await _books.Commits.StartAttempts.Submit(start);
        await _books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow(), escrow));
        await Eventually.Is(
            async () =>
            {
                await new LedgerRows(_books.Connections).FoldCredits(Stop);
                return !await _books.Scalar<bool>("select exists (select 1 from entries, folded where xact >= upto)");
            },
            "all credits are folded in");
        var made = (RequestOutcome.Made)await Refunds.Request(new RequestRefund(
            await _books.Rrns.Next(), Books.Merchant, bill, 300, "wrong colour", Guid.NewGuid().ToString(), made => new KeptAnswer($"{made.Rrn}", [1], 201, "{}")));
        made.Refund.State.Should().Be(RefundState.Requested);
        return made.Refund.Rrn;
    }

    private Task<string> Events() => _books.Scalar<string>("select string_agg(type, ', ' order by id) from events where type like 'refund.%'");
}
