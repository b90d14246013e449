namespace Lakala.Chaos.Audit;

/// <summary>Statement 20: what clients have is covered, and only certain entries add to the guarantee fund.</summary>
internal static class LedgerStatements
{
    // A compensation that the bank refuses goes back; a debt that a merchant pays goes back.
    private static readonly string[] FeedTheFund = [EntryKinds.Fund, EntryKinds.DebtPaid, EntryKinds.RefundBack];

    /// <summary>In each currency clients have at most what is in the reserve and at the network; no other entry adds to the fund.</summary>
    // That all accounts sum to zero is statement 1, that two people have made each payment to the fund is 25, and that it never was below zero is seen with 16.
    public static IEnumerable<Violation> Covered(CrossReference books)
    {
        foreach (var cover in Cover.Of(books.Database).Where(cover => cover.Clients > cover.WithClearing))
        {
            var accounts = books.Database.Postings.Where(line => line.Currency == cover.Currency).GroupBy(line => line.Account).OrderBy(account => account.Key, StringComparer.Ordinal);
            yield return new Violation(
                20,
                $"Clients have {cover.Clients} {cover.Currency}, and {cover.WithClearing} covers it.",
                [.. accounts.Select(account => $"account {account.Key} {account.Sum(line => (decimal)line.Amount)}")]);
        }

        foreach (var line in books.Database.Postings.Where(line => line is { Account: Accounts.Guarantee, Amount: < 0 } && !FeedTheFund.Contains(line.Kind)))
        {
            yield return new Violation(20, "The guarantee fund has got money from an entry that may not give it.", [Row.Of(line)]);
        }
    }
}
