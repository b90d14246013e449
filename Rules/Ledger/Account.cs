namespace Lakala.Rules.Ledger;

public enum AccountKind
{
    /// <summary>What the card network owes us: approved payments that it has not settled.</summary>
    BankClearing,

    /// <summary>Paid for an escrow bill of a merchant, and not released. How much of it is of which bill stands in the trade's row.</summary>
    Held,

    /// <summary>What a merchant has available.</summary>
    Merchant,

    /// <summary>The commission that a store has earned.</summary>
    Store,

    /// <summary>The platform's own fees.</summary>
    Platform,

    /// <summary>Set aside for refunds of which the bank has not said what became of them.</summary>
    RefundsOut,

    /// <summary>Of a merchant, while a claim about a finished trade is open.</summary>
    Frozen,

    /// <summary>What the guarantee fund can still give.</summary>
    Guarantee,

    /// <summary>What the guarantee fund has given for merchants who owe it.</summary>
    GuaranteeLent,

    /// <summary>What a merchant owes, because the guarantee fund has paid for it.</summary>
    Owed,

    /// <summary>The reserve account at the bank.</summary>
    Reserve,
}

/// <summary>Whose money it is, of which kind, in which currency. A debit is positive, a credit negative.</summary>
/// <param name="Owner">The merchant's or the store's id; empty for an account that exists once.</param>
/// <param name="Currency">ISO 4217.</param>
public readonly record struct Account(AccountKind Kind, string Owner, string Currency)
{
    /// <summary>The kinds that can be debited: a balance is kept for each of their accounts.</summary>
    public static readonly IReadOnlyList<AccountKind> KindsWithBalance = [AccountKind.Merchant, AccountKind.Store, AccountKind.Frozen, AccountKind.Guarantee];
}
