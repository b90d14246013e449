using System.Diagnostics;
using System.Text.Json;
using Lakala.Local;

namespace Lakala.EndToEnd.Tests;

/// <summary>A cash register that drives the terminal: a line in, a report out; the terminal stays signed on between them.</summary>
public sealed class RegisterTests(PatientNetwork network) : IClassFixture<PatientNetwork>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_sale_after_the_other_over_one_sign_on()
    {
        using var register = Start("T0000001");
        var (first, second) = (await network.NewBill(), await network.NewBill());

        (await Ask(register, new { Do = "lookup", Bill = first })).Should().Be(("found", "00"));
        (await Ask(register, Pay(first))).Should().Be(("approved", "00"));
        (await Ask(register, Pay(second))).Should().Be(("approved", "00"));
        (await Ask(register, Pay(second))).Should().Be(("refused", "40"));
        (await Ask(register, new { Do = "reprint" })).Outcome.Should().Be("approved");
        (await Ask(register, new { Do = "settle" })).Outcome.Should().Be("settled");

        register.StandardInput.Close();
        await register.WaitForExitAsync(Stop);
        register.ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task A_payment_that_is_cancelled_while_the_bank_thinks_is_not_paid_and_reversed()
    {
        using var register = Start("T0000002");
        var bill = await network.NewBill();
        await network.HoldBank();

        await Say(register, Pay(bill));
        await network.UntilAttempt(bill, "SENT");
        await Say(register, new { Do = "cancel" });

        (await Hear(register)).Should().Be(("refused", "68"));
        await network.LetBankAnswer();
        await network.UntilAttempt(bill, "REVERSED");
        (await network.BillState(bill)).Should().Be("OPEN");
        (await Ask(register, Pay(bill))).Should().Be(("approved", "00"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("pay 5")]
    [InlineData("null")]
    [InlineData("{\"do\": \"sell\"}")]
    [InlineData("{\"do\": 5}")]
    [InlineData("{\"do\": \"pay\", \"card\": \"6228480000000000000=4912\"}")]
    [InlineData("{\"do\": \"pay\", \"bill\": \"73516235791239\", \"card\": \"6228480000000000000=49122010000000000\", \"pin\": \"12\"}")]
    public async Task A_line_that_is_no_order_is_refused_and_quotes_nothing(string line)
    {
        using var register = Start("T0000001");

        await register.StandardInput.WriteLineAsync(line.AsMemory(), Stop);
        await register.StandardInput.FlushAsync(Stop);
        var said = await register.StandardOutput.ReadLineAsync(Stop);

        JsonElement.Parse(said!).GetProperty("outcome").GetString().Should().Be("refused");
        said.Should().NotContain("622848");
        register.StandardInput.Close();
        await register.WaitForExitAsync(Stop);
    }

    private object Pay(string bill) => new { Do = "pay", Bill = bill, Card = network.Card.Track2, network.Card.Pin };

    private Process Start(string terminal)
    {
        var start = new ProcessStartInfo(Repository.Program("Terminal.Client"), ["register", "--terminal", terminal])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["LAKALA_HOME"] = network.Local.Home;
        return Process.Start(start)!;
    }

    private static async Task<(string? Outcome, string? Code)> Ask(Process register, object order)
    {
        await Say(register, order);
        return await Hear(register);
    }

    private static async Task Say(Process register, object order)
    {
        await register.StandardInput.WriteLineAsync(LocalFiles.Line(order).AsMemory(), Stop);
        await register.StandardInput.FlushAsync(Stop);
    }

    private static async Task<(string? Outcome, string? Code)> Hear(Process register)
    {
        var report = JsonElement.Parse((await register.StandardOutput.ReadLineAsync(Stop))!);
        return (report.GetProperty("outcome").GetString(), report.GetProperty("response_code").GetString());
    }
}
