namespace Lakala.Rules.Ledger;

/// <summary>Held money of an escrow bill goes to merchant, store and platform. The fee is taken only now, of what they get.</summary>
public static class ReleaseEntry
{
    /// <param name="bill">Its number.</param>
    /// <param name="releases">The number of releases of the bill before this one.</param>
    /// <param name="before">What these have released, in minor units: after several, the shares are those of the sum.</param>
    /// <param name="rates">Those of the attempt that has paid the bill.</param>
    public static Entry Make(long bill, int releases, long before, long amount, string currency, Rates rates, string merchant, string store)
    {
        var (then, now) = (Shares.Divide(before, rates), Shares.Divide(before + amount, rates));
        return new Entry(
            EntryKind.Release,
            bill,
            releases,
            new EntryLine(new Account(AccountKind.Held, merchant, currency), amount),
            new EntryLine(new Account(AccountKind.Merchant, merchant, currency), then.Merchant - now.Merchant),
            new EntryLine(new Account(AccountKind.Store, store, currency), then.Store - now.Store),
            new EntryLine(new Account(AccountKind.Platform, "", currency), then.Platform - now.Platform));
    }
}
