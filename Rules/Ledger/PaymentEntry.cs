using Lakala.Vocabulary;

namespace Lakala.Rules.Ledger;

/// <summary>A paid bill: the network owes the amount. Merchant, store and platform have their shares of it; of an escrow bill all is held.</summary>
public static class PaymentEntry
{
    /// <param name="rrn">Of the approved attempt.</param>
    public static Entry Make(long rrn, Money amount, Rates rates, string merchant, string store)
    {
        var shares = Shares.Divide(amount.Minor, rates);
        return new Entry(
            EntryKind.Payment,
            rrn,
            sequence: 0,
            new EntryLine(new Account(AccountKind.BankClearing, "", amount.Currency), amount.Minor),
            new EntryLine(new Account(AccountKind.Merchant, merchant, amount.Currency), -shares.Merchant),
            new EntryLine(new Account(AccountKind.Store, store, amount.Currency), -shares.Store),
            new EntryLine(new Account(AccountKind.Platform, "", amount.Currency), -shares.Platform));
    }

    /// <summary>Of an escrow bill: <see cref="ReleaseEntry"/> shares it out.</summary>
    /// <param name="rrn">Of the approved attempt.</param>
    public static Entry MakeHeld(long rrn, Money amount, string merchant) => new(
        EntryKind.Payment,
        rrn,
        sequence: 0,
        new EntryLine(new Account(AccountKind.BankClearing, "", amount.Currency), amount.Minor),
        new EntryLine(new Account(AccountKind.Held, merchant, amount.Currency), -amount.Minor));
}
