using Lakala.Vocabulary;

namespace Lakala.Rules.Ledger;

/// <summary>What a claim moves in the ledger beside its refunds.</summary>
public static class ClaimEntry
{
    /// <summary>Money that the merchant has got for a finished trade cannot be paid out or refunded while somebody else decides about it.</summary>
    /// <param name="subject">The number of the claim that is open, or of its refund that the bank has refused.</param>
    public static Entry Freeze(long subject, Money amount, string merchant) => Move(EntryKind.Freeze, subject, amount, merchant, AccountKind.Merchant, AccountKind.Frozen);

    public static Entry Unfreeze(long subject, Money amount, string merchant) => Move(EntryKind.Unfreeze, subject, amount, merchant, AccountKind.Frozen, AccountKind.Merchant);

    /// <summary>Own money of the platform, put into the reserve account for the guarantee fund.</summary>
    /// <param name="number">Of the payment.</param>
    public static Entry Fund(long number, Money amount) => new(
        EntryKind.Fund,
        number,
        sequence: 0,
        new EntryLine(new Account(AccountKind.Reserve, "", amount.Currency), amount.Minor),
        new EntryLine(new Account(AccountKind.Guarantee, "", amount.Currency), -amount.Minor));

    /// <summary>A merchant pays a part of what the guarantee fund has given for it, and the fund has it again.</summary>
    /// <param name="refund">The RRN of what the fund has given.</param>
    /// <param name="payments">The number of payments of the debt before this one.</param>
    public static Entry DebtPaid(long refund, int payments, Money amount, string merchant) => new(
        EntryKind.DebtPaid,
        refund,
        payments,
        new EntryLine(new Account(AccountKind.Merchant, merchant, amount.Currency), amount.Minor),
        new EntryLine(new Account(AccountKind.Owed, merchant, amount.Currency), -amount.Minor),
        new EntryLine(new Account(AccountKind.GuaranteeLent, "", amount.Currency), amount.Minor),
        new EntryLine(new Account(AccountKind.Guarantee, "", amount.Currency), -amount.Minor));

    private static Entry Move(EntryKind kind, long subject, Money amount, string merchant, AccountKind from, AccountKind to) => new(
        kind,
        subject,
        sequence: 0,
        new EntryLine(new Account(from, merchant, amount.Currency), amount.Minor),
        new EntryLine(new Account(to, merchant, amount.Currency), -amount.Minor));
}
