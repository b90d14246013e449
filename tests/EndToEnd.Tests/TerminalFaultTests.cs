using System.Diagnostics;
using System.Text.Json;
using Lakala.Local;
using Lakala.Testing;

namespace Lakala.EndToEnd.Tests;

/// <summary>The rows of docs/crash-points.md about the terminal: it fails in the middle of a swipe, and the next swipe begins with
/// the outcome of that one.</summary>
public sealed class TerminalFaultTests(PatientNetwork network) : IClassFixture<PatientNetwork>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_terminal_that_was_killed_in_a_swipe_settles_it_before_it_takes_a_new_one()
    {
        var (first, second) = (await network.NewBill(), await network.NewBill());
        await network.HoldBank();
        using var swipe = Start(first);
        await network.UntilAttempt(first, "SENT");

        swipe.Kill();
        await swipe.WaitForExitAsync(Stop);
        await network.LetBankAnswer();
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
    public async Task A_terminal_killed_before_its_0200_left_gets_25_before_it_takes_a_new_sale()
    {
        const string Terminal = "T0000002";
        var (first, second) = (await network.NewBill(), await network.NewBill());
        await AtItsFirst0200(first, Terminal, async (swipe, _, _) =>
        {
            swipe.Kill();
            await swipe.WaitForExitAsync(Stop);
        });
        (await network.AttemptStates(first)).Should().BeEmpty();
        var next = await Pay(0, second, "--terminal", Terminal);

        var resolved = next.GetProperty("resolved");
        resolved.GetProperty("bill").GetString().Should().Be(first);
        resolved.GetProperty("outcome").GetString().Should().Be("refused");
        resolved.GetProperty("response_code").GetString().Should().Be("25");
        resolved.GetProperty("receipts")[0].GetString().Should().Contain(first);
        next.GetProperty("outcome").GetString().Should().Be("approved");
        (await network.StatesOf(Terminal)).Should().Equal(["VOID", "APPROVED"], "the earlier one comes first");
        (await network.BillState(first)).Should().Be("OPEN");
    }

    [Fact]
    public async Task A_terminal_that_was_killed_while_it_prints_prints_a_duplicate_at_the_next_start()
    {
        var bill = await network.NewBill();
        var folder = Path.Combine(network.Local.Home, "terminals", "T0000001");
        var before = Count(folder, "result");
        var paper = Path.Combine(network.Local.Home, "paper-" + bill);
        await Tool.RunOrFail(["mkfifo", paper], cancel: Stop);

        // A printer with a full buffer.
        await using var jam = new FileStream(paper, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        await jam.WriteAsync(new byte[1 << 16], Stop);
        using var swipe = StartOnto(paper, bill);
        await Eventually.Is(() => Task.FromResult(Count(folder, "result") == before + 1), "the answer is in the journal");

        swipe.Kill();
        await swipe.WaitForExitAsync(Stop);
        var next = await Pay(1, bill);

        next.GetProperty("resolved").GetProperty("bill").GetString().Should().Be(bill);
        next.GetProperty("resolved").GetProperty("outcome").GetString().Should().Be("approved");
        next.GetProperty("resolved").GetProperty("receipts")[0].GetString().Should().Contain("DUPLICATE");
        (await Pay(1, bill)).GetProperty("resolved").ValueKind.Should().Be(JsonValueKind.Null, "it is printed now");
    }

    [Fact]
    public async Task A_swipe_that_is_interrupted_ends_as_unknown_and_is_settled_by_the_next()
    {
        const string Terminal = "T0000001";
        var bill = await network.NewBill();
        JsonElement unknown = default;
        await AtItsFirst0200(bill, Terminal, async (swipe, line, pass) =>
        {
            line.IsMute = true;
            await pass();
            await network.UntilAttempt(bill, "APPROVED");

            ProcessRecord.FromProcess(swipe.Id, ProcessRecord.Interrupt).Signal(ProcessRecord.Interrupt);
            unknown = JsonDocument.Parse(await swipe.StandardOutput.ReadToEndAsync(Stop)).RootElement;
            await swipe.WaitForExitAsync(Stop);
            swipe.ExitCode.Should().Be(2);
        });

        unknown.GetProperty("outcome").GetString().Should().Be("unknown");
        unknown.GetProperty("receipts")[0].GetString().Should().Contain("OUTCOME UNKNOWN");
        var next = await Pay(1, bill, "--terminal", Terminal);
        next.GetProperty("resolved").GetProperty("outcome").GetString().Should().Be("approved");
        next.GetProperty("outcome").GetString().Should().Be("refused", "the bill is paid");
        next.GetProperty("reason").GetInt32().Should().Be(310);
    }

    [Fact]
    public async Task A_receipt_that_could_not_be_printed_is_printed_as_a_duplicate()
    {
        var bill = await network.NewBill();
        var card = network.Card;

        var first = await Tool.Run(
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

    /// <summary>A terminal pays over a line that holds its 0200, for the test to go on from there.</summary>
    /// <param name="goOn">The swipe, its line, and the action that lets the 0200 pass.</param>
    private async Task AtItsFirst0200(string bill, string terminal, Func<Process, SteppedLine, Func<Task>, Task> goOn)
    {
        var folder = Path.Combine(network.Local.Home, "terminals", terminal);
        var setup = Path.Combine(folder, "terminal.json");
        var direct = await File.ReadAllTextAsync(setup, Stop);
        var address = network.Local.Terminal;
        var before = Count(folder, "pending");
        await using (var line = new SteppedLine(address.Host, address.Port))
        {
            await File.WriteAllTextAsync(setup, direct.Replace($"{address.Port}", $"{line.Port}", StringComparison.Ordinal), Stop);
            using var swipe = Start(bill, "--terminal", terminal);

            // Until the lookup is answered nothing is in the journal; the terminal's next message is the 0200.
            var pass = await line.Next();
            while (Count(folder, "pending") == before)
            {
                await pass();
                pass = await line.Next();
            }

            await goOn(swipe, line, pass);
        }

        await File.WriteAllTextAsync(setup, direct, Stop);
    }

    private Process Start(string bill, params string[] more) =>
        Launch(Repository.Program("Terminal.Client"), [.. Arguments(bill), .. more]);

    /// <summary>With a file as its output.</summary>
    private Process StartOnto(string paper, string bill) => Launch(
        "/bin/sh", ["-c", "paper=$1; shift; exec \"$@\" >\"$paper\"", "sh", paper, Repository.Program("Terminal.Client"), .. Arguments(bill)]);

    private Process Launch(string program, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        start.Environment["LAKALA_HOME"] = network.Local.Home;
        return Process.Start(start)!;
    }

    private string[] Arguments(string bill) => ["pay", "--bill", bill, "--card", network.Card.Track2, "--pin", network.Card.Pin, "--json"];

    private async Task<JsonElement> Pay(int exitCode, string bill, params string[] more)
    {
        var result = await network.Local.RunTerminal([.. Arguments(bill), .. more], cancel: Stop);
        result.Should().Match<ToolResult>(run => run.ExitCode == exitCode && run.Error == "");
        return JsonDocument.Parse(result.Output).RootElement;
    }

    /// <summary>The number of records of this kind in a terminal's journal.</summary>
    private static int Count(string folder, string kind)
    {
        var journal = Path.Combine(folder, "journal");
        return File.Exists(journal) ? File.ReadLines(journal).Count(line => line.Contains($"\"{kind}\"", StringComparison.Ordinal)) : 0;
    }
}
