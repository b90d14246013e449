using Lakala.Grains.Swipes;
using Lakala.Testing;
using Lakala.Vocabulary;

namespace Lakala.Grains.Tests;

/// <summary>One cluster of several silos: a bill has a grain at each, and the rows decide.</summary>
public sealed class SeveralSilosTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>
{
    private Books Books => cluster.Books;

    [Fact]
    public async Task Terminals_of_all_silos_on_one_bill_at_once_have_one_winner_and_the_bank_is_asked_once()
    {
        await using var silos = await Silos.Start(Books.ConnectionString, cluster.Bank, count: 3);
        var terminals = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => cluster.NewTerminal(silos, at: i % 3)));
        for (var i = 0; i < 10; i++)
        {
            var bill = await Books.PutBill();
            Task<SwipeAnswer>[] answering;
            await using (await Books.Lock(bill))
            {
                answering = [.. terminals.Select(terminal => terminal.Pay(terminal.Swipe(bill)))];
                await Books.SomebodyWaits(3);
            }

            var answers = await Task.WhenAll(answering);

            answers.Should().ContainSingle(answer => answer.ResponseCode == "00");
            answers.Where(answer => answer.ResponseCode != "00").Should().OnlyContain(
                answer => answer.Reason == Refusal.BillBeingPaid || answer.Reason == Refusal.BillPaid);
            terminals.Sum(terminal => cluster.Bank.Asked(terminal.Id)).Should().Be(i + 1);
        }

        await Books.ShouldBalance();
    }
}
