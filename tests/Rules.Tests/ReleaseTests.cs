using CsCheck;
using Lakala.Rules.Ledger;
using Lakala.Vocabulary;

namespace Lakala.Rules.Tests;

/// <summary>The entries of an escrow bill: first all is held, and the fee is taken only of what is released.</summary>
public sealed class ReleaseTests
{
    private static readonly Account Held = new(AccountKind.Held, "shop", Money.Cny);

    [Fact]
    public void The_payment_of_an_escrow_bill_has_two_lines() =>
        PaymentEntry.MakeHeld(4711, new Money(1_000, Money.Cny), "shop").Lines.Should().Equal(
            new EntryLine(new Account(AccountKind.BankClearing, "", Money.Cny), 1_000), new EntryLine(Held, -1_000));

    [Fact]
    public void A_release_is_posted_so() =>
        ReleaseEntry.Make(17, releases: 0, before: 0, 1_000, Money.Cny, new Rates(60, 20), "shop", "STORE0000000001").Lines.Should().Equal(
            new EntryLine(Held, 1_000),
            new EntryLine(new Account(AccountKind.Merchant, "shop", Money.Cny), -994),
            new EntryLine(new Account(AccountKind.Store, "STORE0000000001", Money.Cny), -1),
            new EntryLine(new Account(AccountKind.Platform, "", Money.Cny), -5));

    [Fact]
    public void However_an_amount_is_released_the_shares_are_those_of_the_sum() => Gen.Select(
        Gen.Long[1, 1_000_000_000].Array[1, 5], Gen.Int[0, 10_000], Gen.Int[0, 100]).Sample(
        (parts, fee, commission) =>
        {
            var rates = new Rates(fee, commission);
            var before = 0L;
            var entries = new List<Entry>();
            foreach (var part in parts)
            {
                entries.Add(ReleaseEntry.Make(17, entries.Count, before, part, Money.Cny, rates, "shop", "store"));
                before += part;
            }

            var shares = Shares.Divide(before, rates);
            return Sum(AccountKind.Held) == before && Sum(AccountKind.Merchant) == -shares.Merchant && Sum(AccountKind.Store) == -shares.Store
                && Sum(AccountKind.Platform) == -shares.Platform
                && entries.All(entry => entry.Lines.Skip(1).All(line => line.Amount < 0))
                && entries.Select(entry => entry.Sequence).SequenceEqual(Enumerable.Range(0, parts.Length));

            long Sum(AccountKind kind) => entries.Sum(entry => entry.Lines.Where(line => line.Account.Kind == kind).Sum(line => line.Amount));
        },
        iter: 10_000);
}
