using Lakala.Grains.Tests;
using Lakala.Testing;
using Lakala.Vocabulary;

namespace Lakala.Silo.Tests.Bank;

/// <summary>Refunds over a silo's line to the stand-in bank: the bank's rules, its faults, and its book afterwards.</summary>
public sealed class RefundTests(RunningBank bank, SwipeCluster cluster) : IClassFixture<RunningBank>, IClassFixture<SwipeCluster>, IAsyncLifetime
{
    private LineToBank _line = null!;

    public async ValueTask InitializeAsync() => _line = await LineToBank.Open(cluster, bank.Port, bank.ZoneMasterKeyFile);

    public ValueTask DisposeAsync() => _line.DisposeAsync();

    [Fact]
    public async Task Refunds_are_credits_in_the_banks_book_up_to_the_original()
    {
        var before = (await bank.Book()).GetProperty("refunded").GetInt64();
        var sale = await Pay(1_000);

        (await Refund(sale, 300)).Should().Be("00");
        (await Refund(sale, 701)).Should().Be("61");
        (await Refund(sale, 700)).Should().Be("00");
        (await Refund(sale, 1)).Should().Be("61");

        (await bank.RefundsOf(sale.RrnText)).Should().BeEquivalentTo([(300, "00"), (701, "61"), (700, "00"), (1, "61")]);
        (await bank.Book()).GetProperty("refunded").GetInt64().Should().Be(before + 1_000);
    }

    [Fact]
    public async Task Refunds_at_once_are_never_more_than_the_original()
    {
        var sale = await Pay(1_000);

        var codes = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Refund(sale, 300)));

        codes.Count(code => code == "00").Should().Be(3);
        codes.Count(code => code == "61").Should().Be(13);
    }

    [Fact]
    public async Task A_repeated_refund_gets_the_same_answer_and_is_one_credit()
    {
        var sale = await Pay(1_000);
        var (credit, refusal) = (_line.NewRefund(sale, 600), _line.NewRefund(sale, 500));

        foreach (var isRepeat in new[] { false, true, true })
        {
            (await _line.Refunds.Refund(credit with { Tries = isRepeat ? 1 : 0 })).Should().Be("00");
            (await _line.Refunds.Refund(refusal with { Tries = isRepeat ? 1 : 0 })).Should().Be("61");
        }

        (await bank.RefundsOf(sale.RrnText)).Should().BeEquivalentTo([(600, "00"), (500, "61")]);
        (await bank.CountCredits(Rrn.ToText(credit.Rrn))).Should().Be(1);
        (await Refund(sale, 400)).Should().Be("00");
    }

    [Fact]
    public async Task A_refund_is_remembered_over_a_crash_of_the_bank()
    {
        var sale = await Pay(1_000);
        var (credit, early) = (_line.NewRefund(sale, 600), _line.NewRefund(sale with { Rrn = LineToBank.NextRrn() }, 1));
        (await _line.Refunds.Refund(credit)).Should().Be("00");
        (await _line.Refunds.Refund(early)).Should().Be("25");

        await Restart();

        (await _line.Refunds.Refund(credit with { Tries = 1 })).Should().Be("00");
        (await _line.Refunds.Refund(early with { Tries = 1, Amount = new Money(2, Money.Cny) })).Should().Be("94");
        (await Refund(sale, 401)).Should().Be("61");
        (await bank.CountCredits(Rrn.ToText(credit.Rrn))).Should().Be(1);
    }

    [Fact]
    public async Task An_RRN_names_one_request_only()
    {
        var (sale, other) = (await Pay(1_000), await Pay(1_000));
        var refund = _line.NewRefund(sale, 100);
        (await _line.Refunds.Refund(refund)).Should().Be("00");

        (await _line.Refunds.Refund(refund with { Amount = new Money(101, Money.Cny) })).Should().Be("94");
        (await _line.Refunds.Refund(refund with { OriginalRrn = other.Rrn, OriginalStan = other.Stan })).Should().Be("94");
        (await _line.Refunds.Refund(refund with { Rrn = other.Rrn })).Should().Be("94");
        (await _line.Pay(bank.Card, 1_000, rrn: refund.Rrn)).Code.Should().Be("05");

        (await bank.RefundsOf(sale.RrnText)).Should().Equal((100, "00"));
        (await bank.RefundsOf(other.RrnText)).Should().BeEmpty();
        (await EntryOf(refund.Rrn)).Should().BeNull();
    }

    [Fact]
    public async Task A_refund_of_what_was_not_paid_finds_no_original()
    {
        var declined = await _line.Pay(bank.Cards.First(card => card.Expected == "51"), 1_000);
        var reversed = await Pay(1_000);
        await _line.Reverse(reversed);
        var sale = await Pay(1_000);

        (await Refund(declined, 1)).Should().Be("25");
        (await Refund(reversed, 1)).Should().Be("25");
        (await Refund(sale with { Stan = sale.Stan + 1 }, 1)).Should().Be("25");
        (await _line.Refunds.Refund(_line.NewRefund(sale, 1) with { Terminal = "T6000002" })).Should().Be("25");
        (await Refund(sale with { Rrn = LineToBank.NextRrn() }, 1)).Should().Be("25");
    }

    [Fact]
    public async Task A_refund_that_comes_before_its_original_is_credited_when_it_is_repeated_after_it()
    {
        var rrn = LineToBank.NextRrn();
        var early = _line.NewRefund(new Sale(rrn, (int)(rrn % 1_000_000), 1_000, TimeProvider.System.GetUtcNow(), ""), 1_000);

        (await _line.Refunds.Refund(early)).Should().Be("25");
        (await _line.Refunds.Refund(early with { Tries = 1 })).Should().Be("25");
        var sale = await _line.Pay(bank.Card, 1_000, rrn);
        (await _line.Refunds.Refund(early with { Tries = 1 })).Should().Be("00");

        (await bank.RefundsOf(sale.RrnText)).Should().Equal((1_000, "00"));
    }

    [Fact]
    public async Task A_card_that_was_closed_takes_no_refund()
    {
        var sale = await _line.Pay(bank.ClosedCard, 1_000);
        sale.Code.Should().Be("00");
        var refund = _line.NewRefund(sale, 1_000);

        (await _line.Refunds.Refund(refund)).Should().Be("14");
        (await _line.Refunds.Refund(refund with { Tries = 1 })).Should().Be("14");

        (await bank.CountCredits(Rrn.ToText(refund.Rrn))).Should().Be(0);
    }

    [Fact]
    public async Task A_refund_of_nothing_is_refused() => (await Refund(await Pay(1_000), 0)).Should().Be("64");

    [Fact]
    public async Task A_reversal_after_a_refund_gives_back_what_is_left_and_the_refund_stands()
    {
        var purse = await bank.Issue("6228480000000000001", balance: 1_000);
        await Restart();
        var sale = await _line.Pay(purse, 1_000);
        (await _line.Pay(purse, 1)).Code.Should().Be("51");
        var refund = _line.NewRefund(sale, 400);
        (await _line.Refunds.Refund(refund)).Should().Be("00");

        await _line.Reverse(sale);
        await _line.Reverse(sale);
        await Restart();

        (await EntryOf(sale.Rrn)).Should().Be("REVERSED");
        (await _line.Refunds.Refund(refund with { Tries = 1 })).Should().Be("00");
        (await Refund(sale, 1)).Should().Be("25");
        (await _line.Pay(purse, 1_001)).Code.Should().Be("51");
        (await _line.Pay(purse, 1_000)).Code.Should().Be("00");
    }

    [Fact]
    public async Task A_reversal_never_touches_a_refund()
    {
        var sale = await Pay(1_000);
        var refund = _line.NewRefund(sale, 1_000);
        (await _line.Refunds.Refund(refund)).Should().Be("00");

        await _line.Reverse(sale with { Rrn = refund.Rrn });

        (await _line.Refunds.Refund(refund with { Tries = 1 })).Should().Be("00");
        (await Refund(sale, 1)).Should().Be("61");
    }

    [Fact]
    public async Task A_bank_that_credits_and_is_silent_gives_its_answer_to_the_repeat()
    {
        var sale = await Pay(1_000);
        var refund = _line.NewRefund(sale, 1_000);
        await bank.Plan("silent");

        var first = _line.Refunds.Refund(refund);
        (await Pay(1)).Code.Should().Be("00", "payments have their faults apart");
        await UntilBooked(sale);
        _line.TimeOut();

        (await first).Should().BeNull();
        (await _line.Refunds.Refund(refund with { Tries = 1 })).Should().Be("00");
        (await bank.CountCredits(Rrn.ToText(refund.Rrn))).Should().Be(1);
    }

    [Fact]
    public async Task A_bank_that_credits_and_drops_the_line_gives_its_answer_to_the_repeat()
    {
        var sale = await Pay(1_000);
        var refund = _line.NewRefund(sale, 1_000);
        await bank.Plan("drop");

        (await _line.Refunds.Refund(refund)).Should().BeNull();
        await _line.UntilUp();

        (await bank.RefundsOf(sale.RrnText)).Should().Equal((1_000, "00"));
        (await _line.Refunds.Refund(refund with { Tries = 1 })).Should().Be("00");
        (await bank.CountCredits(Rrn.ToText(refund.Rrn))).Should().Be(1);
    }

    [Fact]
    public async Task A_late_answer_to_a_refund_that_nobody_made_is_only_counted()
    {
        var sale = await Pay(1_000);
        var refund = _line.NewRefund(sale, 1_000);
        await bank.Plan("held");
        var first = _line.Refunds.Refund(refund);
        await UntilBooked(sale);
        _line.TimeOut();
        (await first).Should().BeNull();

        await bank.Plan("held", count: 0);
        await Eventually.Is(() => Task.FromResult(_line.LateAnswers == 1), "the late answer");

        (await cluster.Books.Scalar<long>("select count(*) from late_answers")).Should().Be(0);
        (await _line.Refunds.Refund(refund with { Tries = 1 })).Should().Be("00");
        (await bank.CountCredits(Rrn.ToText(refund.Rrn))).Should().Be(1);
    }

    [Fact]
    public async Task A_second_answer_to_a_refund_is_passed_over()
    {
        var sale = await Pay(1_000);
        await bank.Plan("twice");

        (await Refund(sale, 1_000)).Should().Be("00");

        await Eventually.Is(() => Task.FromResult(_line.LateAnswers == 1), "the second answer");
        (await bank.RefundsOf(sale.RrnText)).Should().Equal((1_000, "00"));
    }

    [Fact]
    public async Task A_refund_is_not_sent_while_the_line_is_down()
    {
        var sale = await Pay(1_000);
        await bank.Crash();
        await _line.UntilDown();

        (await Refund(sale, 1_000)).Should().BeNull();

        await bank.Start();
        await _line.UntilUp();
        (await bank.RefundsOf(sale.RrnText)).Should().BeEmpty();
    }

    private async Task<Sale> Pay(long amount)
    {
        var sale = await _line.Pay(bank.Card, amount);
        sale.Code.Should().Be("00");
        return sale;
    }

    private Task<string?> Refund(Sale sale, long amount) => _line.Refunds.Refund(_line.NewRefund(sale, amount));

    private Task UntilBooked(Sale sale) => Eventually.Is(async () => await bank.RefundsOf(sale.RrnText) is [_], "the refund is in the bank's book");

    private async Task Restart()
    {
        await bank.Crash();
        await _line.UntilDown();
        await bank.Start();
        await _line.UntilUp();
    }

    private async Task<string?> EntryOf(long rrn) => (await bank.Book()).GetProperty("entries").EnumerateArray()
        .Where(entry => entry.GetProperty("rrn").GetString() == Rrn.ToText(rrn))
        .Select(entry => entry.GetProperty("state").GetString()).SingleOrDefault();
}
