namespace Lakala.Chaos.Audit;

/// <summary>What clients have in one currency, and what there is for it, in minor units.</summary>
/// <param name="Reserve">In the reserve account.</param>
/// <param name="WithClearing">The same, and what the network still has to pay.</param>
internal sealed record Cover(string Currency, decimal Clients, decimal Reserve, decimal WithClearing)
{
    public static IEnumerable<Cover> Of(DatabaseBook book) =>
        book.Postings.GroupBy(line => line.Currency).OrderBy(currency => currency.Key, StringComparer.Ordinal).Select(currency => new Cover(
            currency.Key,
            -Sum(currency, IsOfClient),
            Sum(currency, account => account == Accounts.Reserve),
            Sum(currency, account => account is Accounts.Reserve or Accounts.BankClearing)));

    private static decimal Sum(IEnumerable<Posting> lines, Func<string, bool> which) =>
        lines.Where(line => which(line.Account)).Sum(line => (decimal)line.Amount);

    private static bool IsOfClient(string account) => Accounts.KindOf(account) is "held" or "merchant" or "frozen" or "store" or Accounts.RefundsOut;
}
