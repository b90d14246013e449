using Lakala.Vocabulary;

namespace Lakala.Rules.Ledger;

/// <summary>Money on its way back to the shopper's card: set aside, and then taken by the bank or given back.</summary>
public static class RefundEntry
{
    /// <summary>Money of a bill whose shares merchant, store and platform have already; each gives back its part.</summary>
    /// <remarks>
    /// When the fee is returned, the shares after any refunds are those of a bill of what is left, so that no order and no split of refunds
    /// makes a difference, and a full refund returns the whole fee. When it is kept, the merchant bears each refund alone.
    /// </remarks>
    /// <param name="rrn">Of the refund.</param>
    /// <param name="paid">The amount of the bill.</param>
    /// <param name="before">What was refunded of it before, in minor units.</param>
    /// <param name="amount">Minor units.</param>
    public static Entry OfShares(long rrn, Money paid, long before, long amount, Rates rates, FeeOnRefund fee, string merchant, string store)
    {
        var parts = fee == FeeOnRefund.Kept
            ? new Shares(amount, 0, 0)
            : Shares.Divide(paid.Minor - before, rates) - Shares.Divide(paid.Minor - before - amount, rates);
        return new Entry(
            EntryKind.Refund,
            rrn,
            sequence: 0,
            new EntryLine(new Account(AccountKind.Merchant, merchant, paid.Currency), parts.Merchant),
            new EntryLine(new Account(AccountKind.Store, store, paid.Currency), parts.Store),
            new EntryLine(new Account(AccountKind.Platform, "", paid.Currency), parts.Platform),
            new EntryLine(new Account(AccountKind.RefundsOut, "", paid.Currency), -amount));
    }

    /// <summary>Money that is still held for the shopper: nobody has a share of it.</summary>
    public static Entry OfHeld(long rrn, Money amount, string merchant) => new(
        EntryKind.Refund,
        rrn,
        sequence: 0,
        new EntryLine(new Account(AccountKind.Held, merchant, amount.Currency), amount.Minor),
        new EntryLine(new Account(AccountKind.RefundsOut, "", amount.Currency), -amount.Minor));

    /// <summary>Money out of the guarantee fund, because the merchant's does not cover it: the merchant owes it from then on.</summary>
    /// <remarks>What is lent leaves the fund's account, so that it is not promised twice.</remarks>
    public static Entry OfGuarantee(long rrn, Money amount, string merchant) => new(
        EntryKind.Refund,
        rrn,
        sequence: 0,
        new EntryLine(new Account(AccountKind.Guarantee, "", amount.Currency), amount.Minor),
        new EntryLine(new Account(AccountKind.RefundsOut, "", amount.Currency), -amount.Minor),
        new EntryLine(new Account(AccountKind.Owed, merchant, amount.Currency), amount.Minor),
        new EntryLine(new Account(AccountKind.GuaranteeLent, "", amount.Currency), -amount.Minor));

    /// <summary>The bank has credited the card: the network owes us less.</summary>
    public static Entry Taken(long rrn, Money amount) => new(
        EntryKind.RefundTaken,
        rrn,
        sequence: 0,
        new EntryLine(new Account(AccountKind.RefundsOut, "", amount.Currency), amount.Minor),
        new EntryLine(new Account(AccountKind.BankClearing, "", amount.Currency), -amount.Minor));

    /// <summary>The platform has paid it to the shopper in another way, out of the reserve account.</summary>
    public static Entry PaidOtherwise(long rrn, Money amount) => new(
        EntryKind.RefundTaken,
        rrn,
        sequence: 0,
        new EntryLine(new Account(AccountKind.RefundsOut, "", amount.Currency), amount.Minor),
        new EntryLine(new Account(AccountKind.Reserve, "", amount.Currency), -amount.Minor));

    /// <summary>It was refused by the bank, or withdrawn: the very lines go back.</summary>
    /// <remarks>Not computed again: meanwhile other refunds of the bill may have changed what a computation would give.</remarks>
    public static Entry Back(Entry refund) => new(
        EntryKind.RefundBack, refund.Subject, sequence: 0, [.. refund.Lines.Select(static line => line with { Amount = -line.Amount })]);
}
