using System.Globalization;
using Lakala.Bench.Scale;
using Lakala.Local;
using Npgsql;

namespace Lakala.EndToEnd.Tests;

/// <summary>The copies with which <c>./lakala bench scale</c> fills the tables.</summary>
public sealed class BillCopiesTests(Network network)
{
    private const string Terminal = "T0000011";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Copies_of_bills_are_as_the_product_leaves_them()
    {
        var (paid, open) = (await network.NewBill(), await network.NewBill());
        await Pay(paid);
        await using var copies = new BillCopies(network.Local.ConnectionString, Number(paid), Number(open), ["COPIES01", "COPIES02"]);

        var opened = await copies.Add(25, 5, static _ => { }, Stop);

        opened.Should().HaveCount(5).And.OnlyHaveUniqueItems();
        (await network.Merchant.GetBill(opened[0], Stop)).GetProperty("status").GetString().Should().Be("OPEN");
        await Pay(opened[0]);
        var (bill, rrn) = await ReadCopy();
        var copy = await network.Merchant.GetBill(bill, Stop);
        copy.GetProperty("status").GetString().Should().Be("PAID");
        copy.GetProperty("payment").GetProperty("rrn").GetString().Should().Be(rrn);
        (await network.Local.Books(Stop)).Should().Match<ToolResult>(books => books.ExitCode == 0);
    }

    private static long Number(string bill) => long.Parse(bill, CultureInfo.InvariantCulture);

    private async Task Pay(string bill)
    {
        var card = network.Card("approved");
        var run = await network.Local.RunTerminal(["pay", "--bill", bill, "--card", card.Track2, "--pin", card.Pin, "--terminal", Terminal], cancel: Stop);
        run.ExitCode.Should().Be(0, run.Output + run.Error);
    }

    // Of a copy whose entry, event and delivery are there too.
    private async Task<(string Bill, string Rrn)> ReadCopy()
    {
        await using var database = NpgsqlDataSource.Create(network.Local.ConnectionString);
        await using var command = database.CreateCommand(
            """
            select lpad(b.number::text, 14, '0'), lpad(b.paid_rrn::text, 12, '0')
            from bills b
            join attempts a on a.rrn = b.paid_rrn and a.bill = b.number and a.terminal_id = 'COPIES02'
            join entries n on n.kind = 'payment' and n.number = a.rrn
            join events e on e.bill = b.number and e.type = 'bill.paid'
            limit 1
            """);
        await using var rows = await command.ExecuteReaderAsync(Stop);
        (await rows.ReadAsync(Stop)).Should().BeTrue("a copy has all rows of a payment");
        return (rows.GetString(0), rows.GetString(1));
    }
}
