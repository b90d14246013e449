using Lakala.Chaos.Audit;
using static Lakala.Chaos.Tests.Doctoring;
using static Lakala.Chaos.Tests.SoundBooks;

namespace Lakala.Chaos.Tests;

/// <summary>Books in which a balance is wrong, or in which money went out before it had come in (statement 16, and 20 for the guarantee fund).</summary>
public sealed class BalanceStatementsTests
{
    private readonly SoundBooks _books = new();

    private Evidence Sound => _books.Evidence;

    [Fact]
    public void Statement_16_a_balance_is_not_the_sum_of_its_lines() => Breaks(
        16,
        Sound.Database(book => book with
        {
            Balances = book.Balances.Change(balance => balance.Account == "merchant:" + Merchant, balance => balance with { Amount = balance.Amount + 1 }),
        }),
        $"account merchant:{Merchant} CNY");

    [Theory]
    [InlineData("merchant:")]
    [InlineData("store:")]
    [InlineData("frozen:")]
    [InlineData("guarantee")]
    public void Statement_16_an_account_has_lines_and_no_balance(string kind) => Breaks(
        16,
        Sound.Database(book => book with { Balances = book.Balances.WithoutAny(balance => balance.Account.StartsWith(kind, StringComparison.Ordinal)) }),
        $"account {kind}", "balance 0, waiting 0, lines");

    [Fact]
    public void Statement_16_there_is_a_balance_without_lines() => Breaks(
        16, Sound.Database(book => book with { Balances = book.Balances.With(new Balance("merchant:nobody", "CNY", 5)) }), "account merchant:nobody CNY: balance 5, waiting 0, lines 0");

    [Fact]
    public void Statement_16_a_line_waits_for_its_balance_and_is_in_it() => Breaks(
        16, Waiting(0), $"account merchant:{Merchant} CNY", "waiting 12723");

    [Fact]
    public void A_line_may_wait_for_its_balance() => Auditor.Check(Waiting(12_723)).Should().BeEmpty();

    [Theory]
    [InlineData("merchant:" + Merchant)]
    [InlineData("merchant:nobody")]
    [InlineData("store:" + Store)]
    [InlineData("frozen:" + Merchant)]
    [InlineData("held:" + Merchant)]
    [InlineData("refunds_out")]
    [InlineData("guarantee_lent")]
    public void Statement_16_money_went_out_before_it_came_in(string account)
    {
        var books = Moved(account, 5, Opening, Opening + TimeSpan.FromSeconds(1));
        Breaks(16, books, "An account was below zero", $"account {account} CNY had -5", $"line 1 {account} 5 CNY committed 08:00:00.000000");
    }

    [Fact]
    public void Statement_16_more_was_taken_of_a_debt_than_is_owed() =>
        Breaks(16, Moved("owed:" + Merchant, -5, Opening, Opening + TimeSpan.FromSeconds(1)), $"account owed:{Merchant} CNY had -5");

    [Fact]
    public void Statement_16_the_money_of_a_bill_was_released_before_its_payment() => Breaks(
        16, Moved(line => line.Rrn == _books.ReleaseOfRest, Opening), $"account held:{Merchant} CNY of bill {_books.PartlyReleased.Bill} had -10000");

    [Fact]
    public void Statement_16_the_held_money_of_a_bill_was_refunded_before_its_payment() => Breaks(
        16, Moved(line => line.Rrn == _books.RefundOfHeld && line.Kind == "refund", Opening), $"account held:{Merchant} CNY of bill {_books.PartlyReleased.Bill} had -2800");

    [Fact]
    public void Statement_16_a_refund_was_taken_before_it_was_set_aside() => Breaks(
        16, Moved(line => line.Rrn == _books.PartRefund && line.Kind == "refund_taken", Opening), "account refunds_out CNY had -2800");

    [Fact]
    public void Statement_20_the_fund_has_paid_before_it_had_money() => Breaks(
        20, Moved(line => line.Rrn == _books.FundPayment, Sound.Database.ReadAt), "The guarantee fund was below zero", "account guarantee CNY had -3000");

    [Fact]
    public void Statement_20_the_fund_is_below_zero_at_the_end() => Breaks(
        20, Sound.Database(book => book with
        {
            Postings = book.Postings.With(Lines("guarantee", 200_000, book.ReadAt, "platform")),
            Balances = book.Balances.Change(balance => balance.Account == "guarantee", balance => balance with { Amount = balance.Amount - 200_000 }),
        }),
        "The guarantee fund was below zero", "moved line 1 guarantee 200000");

    [Fact]
    public void What_one_commit_moves_counts_together() => Auditor.Check(Moved("merchant:nobody", 5, Opening, Opening)).Should().BeEmpty();

    [Fact]
    public void Statement_16_a_merchant_owes_and_has_money() => Breaks(16, WithoutTheQueue(), "what it has was not taken", $"debt {Merchant} 3000 repaid 1000");

    [Fact]
    public void A_merchant_without_money_may_owe_and_so_may_one_whose_refund_is_under_way()
    {
        Auditor.Check(WithoutTheQueue().Database(book => book with { Debts = [.. book.Debts.Select(debt => debt with { Merchant = "nobody" })] }))
            .Should().NotContain(violation => violation.Statement == 16);
        Auditor.Check(WithoutTheQueue().Database(book => book with { Refunds = [.. book.Refunds.Select(refund => refund.Rrn == _books.Compensation || refund.Rrn == _books.Lent ? refund with { State = "SENT" } : refund)] }))
            .Should().NotContain(violation => violation.Statement == 16);
    }

    [Fact]
    public void Without_the_times_of_commits_only_the_end_is_checked_and_the_report_says_so()
    {
        var moved = Moved("merchant:nobody", 5, Opening, Opening + TimeSpan.FromSeconds(1));
        var books = moved.Database(book => book with { Postings = [.. book.Postings.Select(line => line.Rrn == _books.Approved.Rrn ? line with { CommittedAt = null } : line)] });

        Auditor.Check(books).Should().BeEmpty();
        Auditor.FindGaps(books).Select(gap => gap.Statement).Should().Equal(14, 16);
        Auditor.FindGaps(Sound).Should().BeEmpty();
        Breaks(20, books.Database(book => book with { Postings = book.Postings.With(Lines("guarantee", 200_000, null, "platform")), Balances = Less(book, "guarantee", 200_000) }), "guarantee CNY had");
    }

    private static IReadOnlyList<Balance> Less(DatabaseBook book, string account, long amount) =>
        book.Balances.Change(balance => balance.Account == account, balance => balance with { Amount = balance.Amount - amount });

    private static IEnumerable<Posting> Lines(string account, long amount, DateTimeOffset? at, string other) =>
    [
        new("000000099999", 1, account, amount, "CNY", "moved", CommittedAt: at),
        new("000000099999", 2, other, -amount, "CNY", "moved", CommittedAt: at),
    ];

    // Out of the account and back, so that the sums stay.
    private Evidence Moved(string account, long amount, DateTimeOffset at, DateTimeOffset back) =>
        Sound.Database(book => book with { Postings = book.Postings.With([.. Lines(account, amount, at, "platform"), .. Lines(account, -amount, back, "platform")]) });

    // In another order.
    private Evidence Moved(Func<Posting, bool> which, DateTimeOffset at) => Sound.Database(book =>
        book.Postings.Any(which) ? book with { Postings = [.. book.Postings.Select(line => which(line) ? line with { CommittedAt = at } : line)] } : throw new InvalidOperationException("No line was meant."));

    private Evidence Waiting(long inBalance) => Sound.Database(book => book with
    {
        Postings = book.Postings.Change(line => line.Rrn == _books.Approved.Rrn && line.Account == "merchant:" + Merchant, line => line with { IsWaiting = true }),
        Balances = Less(book, "merchant:" + Merchant, inBalance),
    });

    // The refund that waits goes before the debt.
    private Evidence WithoutTheQueue()
    {
        var queued = Sound.Database.Refunds.Single(refund => refund.Rrn == _books.QueuedRefund);
        var told = Sound.Database.Events.Single(told => told.Bill == queued.Bill && told.Type == "refund.created");
        return Sound.Database(book => book with
        {
            Refunds = book.Refunds.Without(refund => refund == queued),
            Bills = book.Bills.Change(bill => bill.Number == queued.Bill, bill => bill with { Refunded = 0 }),
            Events = book.Events.Without(one => one == told),
            Deliveries = book.Deliveries.WithoutAny(delivery => delivery.EventId == told.Id),
        }) with
        {
            Receivers = [.. Sound.Receivers.Select(receiver => receiver with { Events = [.. receiver.Events.Where(one => one.Id != $"evt_{told.Id:N}")] })],
        };
    }
}
