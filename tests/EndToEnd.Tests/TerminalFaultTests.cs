using System.Diagnostics;
using System.Text.Json;
using Lakala.Local;

namespace Lakala.EndToEnd.Tests;

/// <summary>The terminal fails in the middle of a swipe; the next one begins with what became of it.</summary>
public sealed class TerminalFaultTests(FragileNetwork network) : IClassFixture<FragileNetwork>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_terminal_that_was_killed_in_a_swipe_settles_it_before_it_takes_a_new_one()
    {
        var (first, second) = (await network.NewBill(), await network.NewBill());
        await network.Plan("slow", delayMs: 1_500);
        using var swipe = Start(first);
        await network.UntilAttempt(first, "SENT");

        swipe.Kill();
        await swipe.WaitForExitAsync(Stop);
        var next = await Pay(0, second);

        var resolved = next.GetProperty("resolved");
        resolved.GetProperty("outcome").GetString().Should().Be("approved");
        resolved.GetProperty("bill").GetString().Should().Be(first);
        resolved.GetProperty("receipts")[0].GetString().Should().Contain(first).And.NotContain("DUPLICATE", "nothing was printed before");
        next.GetProperty("outcome").GetString().Should().Be("approved");
        next.GetProperty("bill").GetString().Should().Be(second);
        (await network.BillState(first)).Should().Be("PAID");
        (await network.BillState(second)).Should().Be("PAID");
    }

    [Fact]
    public async Task A_swipe_that_is_interrupted_ends_as_unknown_and_is_settled_by_the_next()
    {
        var bill = await network.NewBill();
        await network.Plan("slow", delayMs: 1_500);
        using var swipe = Start(bill);
        await network.UntilAttempt(bill, "SENT");

        ProcessRecord.Of(swipe.Id, ProcessRecord.Interrupt).Signal(ProcessRecord.Interrupt);
        var unknown = JsonDocument.Parse(await swipe.StandardOutput.ReadToEndAsync(Stop)).RootElement;
        await swipe.WaitForExitAsync(Stop);

        swipe.ExitCode.Should().Be(2);
        unknown.GetProperty("outcome").GetString().Should().Be("unknown");
        unknown.GetProperty("receipts")[0].GetString().Should().Contain("OUTCOME UNKNOWN");
        var next = await Pay(1, bill);
        next.GetProperty("resolved").GetProperty("outcome").GetString().Should().Be("approved");
        next.GetProperty("outcome").GetString().Should().Be("refused", "the bill is paid");
        next.GetProperty("reason").GetInt32().Should().Be(310);
    }

    [Fact]
    public async Task A_receipt_that_could_not_be_printed_is_printed_as_a_duplicate()
    {
        var bill = await network.NewBill();
        var card = network.Card;

        var first = await Command.Run(
            ["/bin/sh", "-c", "exec \"$@\" >/dev/full", "sh", Repository.Program("Terminal.Client"), "pay", "--bill", bill, "--card", "-", "--pin", "-", "--json"],
            new Dictionary<string, string> { ["LAKALA_HOME"] = network.Local.Home },
            $"{card.Track2}\n{card.Pin}\n",
            cancel: Stop);
        var next = await Pay(1, bill);

        first.ExitCode.Should().Be(0, "the bill is paid, printed or not");
        next.GetProperty("resolved").GetProperty("bill").GetString().Should().Be(bill);
        next.GetProperty("resolved").GetProperty("receipts")[0].GetString().Should().Contain("DUPLICATE");
        (await Pay(1, bill)).GetProperty("resolved").ValueKind.Should().Be(JsonValueKind.Null);
    }

    private Process Start(string bill)
    {
        var card = network.Card;
        var start = new ProcessStartInfo(
            Repository.Program("Terminal.Client"), ["pay", "--bill", bill, "--card", card.Track2, "--pin", card.Pin, "--json"])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["LAKALA_HOME"] = network.Local.Home;
        return Process.Start(start)!;
    }

    private async Task<JsonElement> Pay(int exitCode, string bill)
    {
        var card = network.Card;
        var result = await network.Local.RunTerminal(["pay", "--bill", bill, "--card", card.Track2, "--pin", card.Pin, "--json"], cancel: Stop);
        result.Should().Match<CommandResult>(run => run.ExitCode == exitCode && run.Error == "");
        return JsonDocument.Parse(result.Output).RootElement;
    }
}
