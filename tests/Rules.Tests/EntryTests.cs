using CsCheck;
using Lakala.Rules.Ledger;
using Lakala.Vocabulary;

namespace Lakala.Rules.Tests;

/// <summary>An entry that does not balance cannot be made.</summary>
public sealed class EntryTests
{
    private static readonly Account Clearing = new(AccountKind.BankClearing, "", Money.Cny), Shop = new(AccountKind.Merchant, "shop", Money.Cny);

    [Fact]
    public void A_payment_balances_whatever_its_amount_and_rates() => Gen.Select(Gen.Long[1, Money.MaxBillAmount], Gen.Int[0, 10_000], Gen.Int[0, 100]).Sample(
        (amount, fee, commission) =>
        {
            var entry = PaymentEntry.Make(1, new Money(amount, Money.Cny), new Rates(fee, commission), "shop", "store");
            return entry.Lines.Sum(line => line.Amount) == 0 && entry.Lines.All(line => line.Amount != 0) && entry.Lines[0] == new EntryLine(Clearing, amount);
        },
        iter: 100_000);

    [Fact]
    public void A_payment_is_posted_so() =>
        PaymentEntry.Make(4711, new Money(1_000, Money.Cny), new Rates(60, 20), "shop", "STORE0000000001").Lines.Should().Equal(
            new EntryLine(Clearing, 1_000),
            new EntryLine(Shop, -994),
            new EntryLine(new Account(AccountKind.Store, "STORE0000000001", Money.Cny), -1),
            new EntryLine(new Account(AccountKind.Platform, "", Money.Cny), -5));

    [Fact]
    public void Lines_without_an_amount_are_left_out() =>
        PaymentEntry.Make(4711, new Money(1, Money.Cny), new Rates(0, 100), "shop", "STORE0000000001").Lines.Should().Equal(
            new EntryLine(Clearing, 1), new EntryLine(Shop, -1));

    [Fact]
    public void Lines_that_do_not_sum_to_zero_are_no_entry() => Fails(new EntryLine(Clearing, 2), new EntryLine(Shop, -1));

    [Fact]
    public void Lines_whose_sum_overflows_are_no_entry() =>
        Fails(new EntryLine(Clearing, long.MaxValue), new EntryLine(Clearing, long.MaxValue), new EntryLine(Shop, 2));

    [Fact]
    public void Lines_of_two_currencies_are_no_entry() => Fails(new EntryLine(Clearing, 1), new EntryLine(Shop with { Currency = "USD" }, -1));

    [Fact]
    public void Nothing_is_no_entry() => Fails(new EntryLine(Clearing, 0));

    [Fact]
    public void More_lines_than_the_database_has_columns_are_no_entry() =>
        Fails([.. Enumerable.Repeat(new EntryLine(Clearing, 1), Entry.MostLines), new EntryLine(Shop, -Entry.MostLines)]);

    private static void Fails(params EntryLine[] lines) =>
        FluentActions.Invoking(() => new Entry(EntryKind.Payment, 1, 0, lines)).Should().Throw<ArgumentException>().WithMessage("Payment of 1: *");
}
