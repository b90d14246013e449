using System.Text.Json;
using Lakala.Local;

namespace Lakala.EndToEnd.Tests;

/// <summary>The program of a store's counter, run by a clerk and by another program.</summary>
public sealed class TerminalTests(Network network)
{
    private const string Terminal = "T0000008";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_lookup_finds_what_is_to_be_paid()
    {
        var bill = await network.NewBill(12_345);

        var found = await Run(0, "lookup", "--bill", bill);

        found.GetProperty("outcome").GetString().Should().Be("found");
        found.GetProperty("response_code").GetString().Should().Be("00");
        found.GetProperty("bill").GetString().Should().Be(bill);
        found.GetProperty("amount").GetInt64().Should().Be(12_345);
        found.GetProperty("currency").GetString().Should().Be("CNY");
        found.GetProperty("payee").GetString().Should().Be("Demo Shop");
        found.GetProperty("description").GetString().Should().Be("A teapot");
        found.GetProperty("order_id").GetString().Should().StartWith("order-");
        found.GetProperty("terminal").GetString().Should().Be(Terminal);
        found.GetProperty("rrn").ValueKind.Should().Be(JsonValueKind.Null);
    }

    [Fact]
    public async Task A_swipe_pays_the_bill_and_both_sides_hold_the_same_facts()
    {
        // Short enough for one line of paper.
        var order = "order-" + Guid.NewGuid().ToString("N")[..16];
        var bill = (await network.Merchant.CreateBill(order, 12_345, "A teapot", Stop)).GetProperty("number").GetString()!;

        var paid = await Pay(0, bill, "approved");

        paid.GetProperty("outcome").GetString().Should().Be("approved");
        paid.GetProperty("response_code").GetString().Should().Be("00");
        paid.GetProperty("amount").GetInt64().Should().Be(12_345);
        paid.GetProperty("resolved").ValueKind.Should().Be(JsonValueKind.Null);
        var shown = await network.Merchant.GetBill(bill, Stop);
        shown.GetProperty("status").GetString().Should().Be("PAID");
        var payment = shown.GetProperty("payment");
        foreach (var fact in new[] { "rrn", "authorisation_code", "masked_card", "terminal" })
        {
            paid.GetProperty(fact).GetString().Should().NotBeNullOrEmpty().And.Be(payment.GetProperty(fact).GetString(), fact);
        }

        var receipts = paid.GetProperty("receipts").EnumerateArray().Select(receipt => receipt.GetString()!).ToArray();
        receipts.Should().HaveCount(2);
        receipts[0].Should().Contain("CUSTOMER COPY");
        receipts[1].Should().Contain("MERCHANT COPY");
        receipts.Should().OnlyContain(receipt =>
            receipt.Contains("Demo Shop") && receipt.Contains("Corner Store 1") && receipt.Contains(Terminal) && receipt.Contains(bill)
            && receipt.Contains(order)
            && receipt.Contains("CNY 123.45") && receipt.Contains(paid.GetProperty("masked_card").GetString()!) && receipt.Contains("SWIPED")
            && receipt.Contains(paid.GetProperty("stan").GetInt32().ToString("D6", null)) && receipt.Contains(paid.GetProperty("batch").GetInt32().ToString("D6", null))
            && receipt.Contains(paid.GetProperty("rrn").GetString()!) && receipt.Contains(paid.GetProperty("authorisation_code").GetString()!)
            && receipt.Contains("PIN VERIFIED") && !receipt.Contains("DUPLICATE"));

        var again = await Run(0, "reprint");
        again.GetProperty("rrn").GetString().Should().Be(paid.GetProperty("rrn").GetString());
        again.GetProperty("receipts")[0].GetString().Should().Contain("REPRINT").And.Contain(bill);
    }

    [Theory]
    [InlineData("05")]
    [InlineData("14")]
    [InlineData("41")]
    [InlineData("43")]
    [InlineData("51")]
    [InlineData("54")]
    [InlineData("55")]
    [InlineData("61")]
    [InlineData("75")]
    public async Task A_decline_by_the_bank_is_told_with_its_code_and_leaves_the_bill_open(string code)
    {
        var bill = await network.NewBill();

        var declined = await Pay(1, bill, code);

        declined.GetProperty("outcome").GetString().Should().Be("declined");
        declined.GetProperty("response_code").GetString().Should().Be(code);
        declined.GetProperty("reason").GetInt32().Should().Be(401);
        declined.GetProperty("receipts").EnumerateArray().Should().ContainSingle().Which.GetString().Should().Contain("NOT PAID");
        (await network.Merchant.GetBill(bill, Stop)).GetProperty("status").GetString().Should().Be("OPEN");
    }

    [Fact]
    public async Task A_bill_that_nobody_made_is_refused()
    {
        var refused = await Run(1, "lookup", "--bill", "00000000000098");

        refused.GetProperty("outcome").GetString().Should().Be("refused");
        refused.GetProperty("reason").GetInt32().Should().Be(302);
        refused.GetProperty("text").GetString().Should().NotBeNullOrEmpty();
    }

    [Fact]
    public async Task A_bill_that_is_paid_is_refused_before_the_card_is_sent()
    {
        var bill = await network.NewBill();
        await Pay(0, bill, "approved");

        var refused = await Pay(1, bill, "approved");

        refused.GetProperty("outcome").GetString().Should().Be("refused");
        refused.GetProperty("reason").GetInt32().Should().Be(310);
        refused.GetProperty("masked_card").ValueKind.Should().Be(JsonValueKind.Null);
    }

    [Fact]
    public async Task The_clerk_sees_the_outcome_in_capitals_then_the_receipts()
    {
        var bill = await network.NewBill(500);
        var card = network.Card("approved");

        var result = await network.Local.RunTerminal(
            ["pay", "--bill", bill, "--card", "-", "--pin", "-", "--terminal", Terminal], $";{card.Track2}?\n{card.Pin}\n", Stop);

        result.Should().Match<ToolResult>(run => run.ExitCode == 0 && run.Error == "");
        result.Output.Should().MatchRegex("(?s)Demo Shop  CNY 5.00.*\nAPPROVED\n.*CUSTOMER COPY.*MERCHANT COPY");
    }

    [Fact]
    public async Task A_swarm_pays_bills_and_what_its_journals_hold_is_paid()
    {
        var bills = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => network.NewBill()));
        var (plan, result) = (Path.Combine(network.Local.Home, "plan.json"), Path.Combine(network.Local.Home, "swarm.json"));
        LocalFiles.Write(plan, new
        {
            network.Local.Terminal.Host,
            Ports = network.Local.Gateways,
            network.Local.Terminal.Ca,
            Terminals = network.Local.Seed.Terminals.Where(terminal => terminal.Id == "T0000007"),
            Bills = bills,
            Amount = 1000,
            Cards = network.Local.Cards.Where(card => card.Expected == "approved"),
            JournalFolder = Path.Combine(network.Local.Home, "swarm"),
            WarmupSeconds = 0,
            Seconds = 30,
        });

        var run = await Tool.Run([Repository.Program("Bench"), "swarm", "--plan", plan, "--result", result], cancel: Stop);

        run.Should().Be(new ToolResult(0, "", ""));
        var figures = JsonDocument.Parse(await File.ReadAllTextAsync(result, Stop)).RootElement;
        var approvals = JsonDocument.Parse(await File.ReadAllTextAsync(figures.GetProperty("approvals").GetString()!, Stop)).RootElement;
        figures.GetProperty("settled").GetInt64().Should().Be(bills.Length);
        approvals.EnumerateArray().Select(approval => approval.GetProperty("bill").GetString()).Should().BeEquivalentTo(bills);
        (figures.GetProperty("declined").GetInt64() + figures.GetProperty("refused").GetInt64() + figures.GetProperty("unknown").GetInt64()).Should().Be(0);
        foreach (var approval in approvals.EnumerateArray())
        {
            var payment = (await network.Merchant.GetBill(approval.GetProperty("bill").GetString()!, Stop)).GetProperty("payment");
            payment.GetProperty("rrn").GetString().Should().Be(approval.GetProperty("rrn").GetString());
            payment.GetProperty("authorisation_code").GetString().Should().Be(approval.GetProperty("authorisation_code").GetString());
        }
    }

    private Task<JsonElement> Pay(int exitCode, string bill, string expected)
    {
        var card = network.Card(expected);
        return Run(exitCode, "pay", "--bill", bill, "--card", $";{card.Track2}?", "--pin", card.Pin);
    }

    private async Task<JsonElement> Run(int exitCode, params string[] arguments)
    {
        var result = await network.Local.RunTerminal([.. arguments, "--terminal", Terminal, "--json"], cancel: Stop);
        result.Should().Match<ToolResult>(run => run.ExitCode == exitCode && run.Error == "");
        return JsonDocument.Parse(result.Output).RootElement;
    }
}
