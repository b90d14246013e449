using Lakala.Rules.Attempts;
using Lakala.Silo.Ledger;
using Lakala.Storage.Ledger;
using Lakala.Testing;
using Books = Lakala.Testing.Books;

namespace Lakala.Silo.Tests.Ledger;

/// <summary>What <c>books</c> prints and returns.</summary>
public sealed class TrialBalanceTests(Books books) : IClassFixture<Books>
{
    [Fact]
    public async Task Balances_stand_beside_the_sum_of_all_lines_and_one_that_differs_fails()
    {
        var start = await books.NewAttempt(await books.PutBill(), 1);
        await books.Commits.StartAttempts.Submit(start);
        await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow()));
        var (sound, text) = await Print();
        sound.Should().Be(0);
        text.Should().Contain(Row("0.00", "9.94", "9.94"), "it is still to come")
            .And.Contain("Balances that differ from their lines:  0\n");

        await Eventually.Is(
            async () =>
            {
                await new LedgerRows(books.Connections).FoldCredits(TestContext.Current.CancellationToken);
                return (await Print()).Text.Contains(Row("9.94", "", "9.94"));
            },
            "it is available");

        await books.Execute("update balances set amount = amount + 1 where account = (select id from accounts where kind = 'merchant')");
        var (wrong, told) = await Print();
        wrong.Should().Be(1);
        told.Should().Contain(Row("9.95", "", "9.94  WRONG"))
            .And.Contain("Balances that differ from their lines:  1\n");
    }

    private static string Row(string available, string waiting, string lines) => $"  {"merchant:shop",-36}{available,18}{waiting,18}{new string(' ', 14)}{lines}\n";

    private async Task<(int Code, string Text)> Print()
    {
        await using var text = new StringWriter { NewLine = "\n" };
        return (await TrialBalance.Print(books.ConnectionString, text), text.ToString());
    }
}
