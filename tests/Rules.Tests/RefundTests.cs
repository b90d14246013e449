using CsCheck;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Rules.Refunds;
using Lakala.Vocabulary;

namespace Lakala.Rules.Tests;

/// <summary>What a refund gives back, to the last fen, and what the bank's word means.</summary>
public sealed class RefundTests
{
    private const string Shop = "shop", Store = "STORE0000000001";

    private static readonly Gen<Rates> AnyRates = Gen.Select(Gen.Int[0, 10_000], Gen.Int[0, 100], (fee, commission) => new Rates(fee, commission));

    private static readonly Gen<FeeOnRefund> Policies = Gen.Enum<FeeOnRefund>();

    // A paid amount and the refunds of it, which leave something or nothing.
    private static readonly Gen<(long Paid, long[] Refunds, Rates Rates)> Cases = Gen.Select(Gen.Long[1, 1_000_000], Gen.Long[1, 400_000].Array[1, 8], AnyRates).Select(
        (paid, wanted, rates) =>
        {
            var left = paid;
            return (paid, wanted.TakeWhile(amount => (left -= amount) >= 0).ToArray(), rates);
        });

    [Fact]
    public void A_refund_is_never_sent_when_the_bank_might_have_forgotten_it() => Gen.Long[0, TimeSpan.FromDays(100).Ticks].Sample(
        ticks => Refund.MaySend(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddTicks(ticks)) == (TimeSpan.FromTicks(ticks) < TimeSpan.FromDays(34))
            && Refund.MaySend(null, DateTimeOffset.UnixEpoch.AddTicks(ticks)),
        iter: 20_000);

    [Fact]
    public void After_any_refunds_the_shares_are_those_of_what_is_left() => Cases.Sample(
        (paid, refunds, rates) => After(paid, refunds, rates) == Shares.Divide(paid - refunds.Sum(), rates), iter: 20_000);

    [Fact]
    public void Nobody_gains_by_a_refund_and_its_lines_sum_to_zero() => Gen.Select(Cases, Policies).Sample(
        (one, fee) =>
        {
            var before = 0L;
            return one.Refunds.All(amount =>
            {
                var entry = Make(one.Paid, before, amount, one.Rates, fee);
                before += amount;
                return entry.Lines.Sum(line => line.Amount) == 0
                    && entry.Lines.All(line => line.Account.Kind == AccountKind.RefundsOut ? line.Amount == -amount : line.Amount > 0);
            });
        },
        iter: 20_000);

    [Fact]
    public void The_order_of_refunds_makes_no_difference() => Gen.Select(Cases, Policies).Sample(
        (one, fee) => After(one.Paid, one.Refunds, one.Rates, fee) == After(one.Paid, [.. one.Refunds.Reverse()], one.Rates, fee), iter: 20_000);

    [Fact]
    public void A_full_refund_returns_the_whole_fee() => Gen.Select(Gen.Long[1, Money.MaxBillAmount], AnyRates).Sample(
        (paid, rates) =>
        {
            var had = Shares.Divide(paid, rates);
            return Make(paid, 0, paid, rates).Lines.Where(line => line.Amount > 0).Sum(line => line.Amount) == had.Merchant + had.Store + had.Platform;
        },
        iter: 20_000);

    [Fact]
    public void A_kept_fee_makes_the_merchant_bear_each_refund_alone() => Cases.Sample(
        (paid, refunds, rates) =>
        {
            var before = 0L;
            return refunds.All(amount =>
            {
                var entry = Make(paid, before, amount, rates, FeeOnRefund.Kept);
                before += amount;
                return entry.Lines.SequenceEqual(
                [
                    new EntryLine(new Account(AccountKind.Merchant, Shop, Money.Cny), amount),
                    new EntryLine(new Account(AccountKind.RefundsOut, "", Money.Cny), -amount),
                ]);
            });
        },
        iter: 20_000);

    [Fact]
    public void After_refunds_with_a_kept_fee_store_and_platform_have_what_they_had() => Cases.Sample(
        (paid, refunds, rates) =>
        {
            var had = Shares.Divide(paid, rates);
            return After(paid, refunds, rates, FeeOnRefund.Kept) == had with { Merchant = had.Merchant - refunds.Sum() };
        },
        iter: 20_000);

    [Fact]
    public void A_refund_in_parts_gives_back_as_much_as_one_at_once() => Gen.Select(Cases, Policies).Sample(
        (one, fee) => After(one.Paid, one.Refunds, one.Rates, fee) == After(one.Paid, one.Refunds.Length == 0 ? [] : [one.Refunds.Sum()], one.Rates, fee), iter: 20_000);

    [Fact]
    public void More_takes_no_less_from_anybody() => Gen.Select(Cases.Where(one => one.Refunds.Length > 1), Policies).Sample(
        (one, fee) =>
        {
            var (less, more) = (After(one.Paid, one.Refunds[..^1], one.Rates, fee), After(one.Paid, one.Refunds, one.Rates, fee));
            return more.Merchant <= less.Merchant && more.Store <= less.Store && more.Platform <= less.Platform;
        },
        iter: 20_000);

    [Fact]
    public void A_full_refund_with_a_kept_fee_costs_the_merchant_the_fee() => Gen.Select(Gen.Long[1, Money.MaxBillAmount], AnyRates).Sample(
        (paid, rates) =>
        {
            var (had, left) = (Shares.Divide(paid, rates), After(paid, [paid], rates, FeeOnRefund.Kept));
            return left == new Shares(-(had.Store + had.Platform), had.Store, had.Platform);
        },
        iter: 20_000);

    [Fact]
    public void What_the_bank_refuses_goes_back_line_by_line() => Cases.Where(one => one.Refunds.Length > 0).Sample(
        (paid, refunds, rates) =>
        {
            var refund = Make(paid, 0, refunds[0], rates);
            var back = RefundEntry.Back(refund);
            return back.Kind == EntryKind.RefundBack && back.Subject == refund.Subject
                && back.Lines.SequenceEqual(refund.Lines.Select(line => line with { Amount = -line.Amount }));
        },
        iter: 5_000);

    [Fact]
    public void A_refund_of_300_of_1000_is_posted_so() => Make(1_000, 0, 300, new Rates(60, 20)).Lines.Should().Equal(
        new EntryLine(new Account(AccountKind.Merchant, Shop, Money.Cny), 298),
        new EntryLine(new Account(AccountKind.Store, Store, Money.Cny), 1),
        new EntryLine(new Account(AccountKind.Platform, "", Money.Cny), 1),
        new EntryLine(new Account(AccountKind.RefundsOut, "", Money.Cny), -300));

    [Theory]
    [InlineData("00", RefundState.Done)]
    [InlineData("14", RefundState.Declined)]
    [InlineData("57", RefundState.Declined)]
    [InlineData("61", RefundState.Declined)]
    [InlineData("64", RefundState.Declined)]
    [InlineData("25", null)]
    [InlineData("05", null)]
    [InlineData("09", null)]
    [InlineData("68", null)]
    [InlineData("91", null)]
    [InlineData("96", null)]
    [InlineData("??", null)]
    [InlineData(null, null)]
    public void The_banks_word_means(string? code, RefundState? state) => Refund.Decide(code).Should().Be(state);

    [Theory]
    [InlineData(BillState.Open, 0, 1, Refusal.BillNotPaid)]
    [InlineData(BillState.Expired, 0, 1, Refusal.BillNotPaid)]
    [InlineData(BillState.Paid, 0, 1_000, null)]
    [InlineData(BillState.Paid, 0, 1_001, Refusal.RefundExceeds)]
    [InlineData(BillState.Paid, 999, 1, null)]
    [InlineData(BillState.Paid, 999, 2, Refusal.RefundExceeds)]
    [InlineData(BillState.Paid, 1_000, 1, Refusal.RefundExceeds)]
    [InlineData(BillState.Paid, 1_000, long.MaxValue, Refusal.RefundExceeds)]
    public void More_than_is_left_is_refused(BillState state, long refunded, long amount, Refusal? refusal) =>
        Refund.WhyNot(new Bill(state, new Money(1_000, Money.Cny), DateTimeOffset.UnixEpoch, null, 0), refunded, claimed: 0, refused: 0, amount).Should().Be(refusal);

    [Theory]
    [InlineData(600, 0, 400, null)]
    [InlineData(600, 0, 401, Refusal.TradeClaimed)]
    [InlineData(0, 600, 400, null)]
    [InlineData(0, 600, 401, Refusal.RefundUndecided)]
    [InlineData(300, 300, 401, Refusal.RefundUndecided)]
    [InlineData(300, 300, 701, Refusal.TradeClaimed)]
    [InlineData(300, 300, 1_001, Refusal.RefundExceeds)]
    public void What_others_decide_about_is_not_given_back_in_another_way(long claimed, long refused, long amount, Refusal? refusal) =>
        Refund.WhyNot(new Bill(BillState.Paid, new Money(1_000, Money.Cny), DateTimeOffset.UnixEpoch, null, 0), refunded: 0, claimed, refused, amount).Should().Be(refusal);

    [Theory]
    [InlineData(RefundState.Queued, false, null)]
    [InlineData(RefundState.Requested, false, null)]
    [InlineData(RefundState.Queued, true, Refusal.RefundPromised)]
    [InlineData(RefundState.Requested, true, Refusal.RefundPromised)]
    [InlineData(RefundState.Sent, false, Refusal.RefundSent)]
    [InlineData(RefundState.Done, false, Refusal.RefundSent)]
    [InlineData(RefundState.Declined, true, Refusal.RefundSent)]
    public void A_merchant_withdraws_what_was_not_sent_and_is_not_promised(RefundState state, bool isPromised, Refusal? refusal) =>
        Refund.WhyNotWithdrawn(state, isPromised).Should().Be(refusal);

    [Fact]
    public void Final_states_do_not_move() => Enum.GetValues<RefundState>()
        .Any(to => Refund.CanMove(RefundState.Done, to) || Refund.CanMove(RefundState.Declined, to) || Refund.CanMove(RefundState.Withdrawn, to) || Refund.CanMove(to, to))
        .Should().BeFalse();

    [Fact]
    public void What_is_withdrawn_was_not_sent() => Enum.GetValues<RefundState>()
        .Where(from => Refund.CanMove(from, RefundState.Withdrawn)).Should().BeEquivalentTo([RefundState.Queued, RefundState.Requested]);

    private static Entry Make(long paid, long before, long amount, Rates rates, FeeOnRefund fee = FeeOnRefund.Returned) =>
        RefundEntry.OfShares(4711, new Money(paid, Money.Cny), before, amount, rates, fee, Shop, Store);

    private static Shares After(long paid, long[] refunds, Rates rates, FeeOnRefund fee = FeeOnRefund.Returned)
    {
        var (shares, before) = (Shares.Divide(paid, rates), 0L);
        foreach (var amount in refunds)
        {
            var lines = Make(paid, before, amount, rates, fee).Lines.ToLookup(line => line.Account.Kind, line => line.Amount);
            shares = new Shares(
                shares.Merchant - lines[AccountKind.Merchant].Sum(), shares.Store - lines[AccountKind.Store].Sum(), shares.Platform - lines[AccountKind.Platform].Sum());
            before += amount;
        }

        return shares;
    }
}
