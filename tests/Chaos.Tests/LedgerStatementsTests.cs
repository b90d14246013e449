using Lakala.Chaos.Audit;

namespace Lakala.Chaos.Tests;

public class LedgerStatementsTests
{
    private readonly SoundBooks _books = new();

    [Fact]
    public void Statement_20_Money_of_clients_that_is_not_covered() =>
        Doctoring.Breaks(20, Moved("reserve", "platform", 900_000_000_000), "covers it", "account reserve");

    [Fact]
    public void Statement_20_Money_for_the_guarantee_fund_from_another_entry() =>
        Doctoring.Breaks(20, Moved("guarantee", "platform", 5_000), "may not give it", "moved line 1 guarantee -5000");

    private Evidence Moved(string credited, string debited, long amount) => _books.Evidence.Database(database => database with
    {
        Postings = database.Postings.With(
            new Posting("000000099999", 1, credited, -amount, "CNY", "moved"), new Posting("000000099999", 2, debited, amount, "CNY", "moved")),
        Balances =
        [
            .. database.Balances.Select(balance => balance with
            {
                Amount = balance.Amount + (balance.Account == credited ? amount : balance.Account == debited ? -amount : 0),
            }),
        ],
    });
}
