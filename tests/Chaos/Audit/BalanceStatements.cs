namespace Lakala.Chaos.Audit;

/// <summary>Statement 16, and 20 where it is about the guarantee fund at every moment.</summary>
internal sealed class BalanceStatements(CrossReference books)
{
    private static readonly string[] KindsWithBalance = ["merchant", "store", "frozen", Accounts.Guarantee];

    // The others are bounded by the rows of their trades, refunds and debts.
    private static readonly string[] BoundedKinds = [.. KindsWithBalance, "held", Accounts.RefundsOut, "owed", Accounts.GuaranteeLent];

    private readonly ILookup<string, Refund> _refunds = books.Database.Refunds.ToLookup(refund => refund.Rrn);

    public IEnumerable<Violation> Check() => [.. Sums(), .. Replay(), .. Owed()];

    /// <summary>Why the order of the commits is not known; null when it is.</summary>
    public static string? WhyNotReplayed(DatabaseBook book)
    {
        var entries = book.Postings.Where(line => line.CommittedAt is null).Select(line => (line.Kind, line.Rrn)).Distinct().Count();
        return entries == 0
            ? null
            : $"The times of commits of {entries} entries are not recorded (track_commit_timestamp).";
    }

    /// <summary>16: a balance, with what it does not have yet, is the sum of all lines of its account.</summary>
    private IEnumerable<Violation> Sums()
    {
        var balances = books.Database.Balances.ToDictionary(balance => (balance.Account, balance.Currency), balance => (decimal)balance.Amount);
        var lines = books.Database.Postings.Where(line => KindsWithBalance.Contains(Accounts.KindOf(line.Account))).ToLookup(line => (line.Account, line.Currency));
        foreach (var account in balances.Keys.Union(lines.Select(all => all.Key)))
        {
            var (balance, waiting, sum) = (balances.GetValueOrDefault(account), -Sum(lines[account].Where(line => line.IsWaiting)), -Sum(lines[account]));
            if (balance + waiting != sum)
            {
                yield return new Violation(
                    16, "A balance is not the sum of all lines of its account.",
                    [$"account {account.Account} {account.Currency}: balance {balance}, waiting {waiting}, lines {sum}"]);
            }
        }
    }

    /// <summary>16 and 20: in the order of the commits no account that is bounded was ever below zero; what is held is counted for each bill.</summary>
    // Lines of one moment count together: they are of one commit, or of several whose order nobody knows. Without times there is only the end.
    private IEnumerable<Violation> Replay()
    {
        var isInOrder = WhyNotReplayed(books.Database) is null;
        var sums = new Dictionary<(string Account, string Currency, string? Bill), decimal>();
        var broken = new HashSet<(string, string, string?)>();
        foreach (var moment in books.Database.Postings.Where(line => BoundedKinds.Contains(Accounts.KindOf(line.Account)))
            .GroupBy(line => isInOrder ? line.CommittedAt : null).OrderBy(moment => moment.Key))
        {
            foreach (var account in moment.GroupBy(line => (line.Account, line.Currency, Bill: Accounts.IsHeld(line.Account) ? BillOf(line) : null)))
            {
                var has = sums[account.Key] = sums.GetValueOrDefault(account.Key) + (Accounts.IsOwed(account.Key.Account) ? Sum(account) : -Sum(account));
                if (has < 0 && broken.Add(account.Key))
                {
                    var isFund = account.Key.Account == Accounts.Guarantee;
                    yield return new Violation(
                        isFund ? 20 : 16, isFund ? "The guarantee fund was below zero." : "An account was below zero.",
                        [$"account {account.Key.Account} {account.Key.Currency}{(account.Key.Bill is { } bill ? $" of bill {bill}" : "")} had {has}", .. account.Select(Row.Of)]);
                }
            }
        }
    }

    /// <summary>16: a merchant who owes has nothing available, as soon as the bank has taken the refund and no refund of the merchant waits.</summary>
    private IEnumerable<Violation> Owed()
    {
        var waiting = books.Database.Refunds.Where(refund => refund.State == RefundStates.Queued)
            .Select(refund => books.Bills.GetValueOrDefault(refund.Bill)?.Merchant).ToHashSet();
        foreach (var debts in books.Database.Debts
            .Where(debt => debt.Repaid < debt.Amount && _refunds[debt.Refund].Any(refund => refund.State == RefundStates.Done) && !waiting.Contains(debt.Merchant))
            .GroupBy(debt => debt.Merchant))
        {
            var available = books.Database.Balances.Where(balance => balance.Account == Accounts.Merchant + debts.Key && balance.Amount > 0).ToList();
            if (available.Count > 0)
            {
                yield return new Violation(
                    16, "A merchant owes, and what it has was not taken.",
                    [.. debts.Select(Row.Of), .. available.Select(balance => $"account {balance.Account} {balance.Currency}: balance {balance.Amount}")]);
            }
        }
    }

    private string? BillOf(Posting line) => line.Bill
        ?? (line.Kind == EntryKinds.Payment ? books.AttemptsOfRrn[line.Rrn].FirstOrDefault()?.Bill : _refunds[line.Rrn].FirstOrDefault()?.Bill);

    private static decimal Sum(IEnumerable<Posting> lines) => lines.Sum(line => (decimal)line.Amount);
}
