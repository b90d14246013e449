namespace Lakala.Chaos.Audit;

/// <summary>Statement 20: what clients have is covered, and the guarantee fund is nobody's money.</summary>
internal static class LedgerStatements
{
    // A compensation that the bank refuses goes back; a debt that a merchant pays goes back.
    private static readonly string[] FeedTheFund = [EntryKinds.Fund, "debt_paid", EntryKinds.RefundBack];

    /// <summary>In each currency clients have at most what is in the reserve and at the network; the fund is not below zero, and no other entry adds to it.</summary>
    // That all accounts sum to zero is statement 1, and that two people have made each payment to the fund is statement 25.
    public static IEnumerable<Violation> Covered(CrossReference books)
    {
        foreach (var currency in books.Database.Postings.GroupBy(posting => posting.Currency))
        {
            var sums = currency.GroupBy(posting => posting.Account).ToDictionary(account => account.Key, account => account.Sum(posting => (decimal)posting.Amount));
            var clients = -sums.Where(account => IsOfClient(account.Key)).Sum(account => account.Value);
            var cover = sums.GetValueOrDefault(Accounts.Reserve) + sums.GetValueOrDefault(Accounts.BankClearing);
            if (clients > cover)
            {
                yield return new Violation(
                    20,
                    $"Clients have {clients} {currency.Key}, and {cover} covers it.",
                    [.. sums.OrderBy(account => account.Key, StringComparer.Ordinal).Select(account => $"account {account.Key} {account.Value}")]);
            }

            if (sums.GetValueOrDefault(Accounts.Guarantee) > 0)
            {
                yield return new Violation(
                    20, $"The guarantee fund is below zero in {currency.Key}.", [.. currency.Where(line => line.Account == Accounts.Guarantee).Select(Row.Of)]);
            }
        }

        foreach (var line in books.Database.Postings.Where(line => line is { Account: Accounts.Guarantee, Amount: < 0 } && !FeedTheFund.Contains(line.Kind)))
        {
            yield return new Violation(20, "The guarantee fund has got money from an entry that may not give it.", [Row.Of(line)]);
        }
    }

    private static bool IsOfClient(string account) => account.Split(':')[0] is "held" or "merchant" or "frozen" or "store" or "refunds_out";
}
