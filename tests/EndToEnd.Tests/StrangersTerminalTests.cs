using System.Text.Json;
using Lakala.Local;

namespace Lakala.EndToEnd.Tests;

/// <summary>A terminal in another language, written from the published protocol alone, against the running network.</summary>
public sealed class StrangersTerminalTests(Network network)
{
    // Debian's, for which Debian's python3-cryptography is.
    private const string Python = "/usr/bin/python3";

    [Fact]
    public async Task A_strangers_terminal_pays_a_bill_and_hears_the_same_however_it_asks()
    {
        var cancel = TestContext.Current.CancellationToken;
        var bill = await network.NewBill(12_800);
        var up = Path.Combine(network.Local.Home, "strangers-up.json");
        LocalFiles.Write(up, network.Local.Describe(bill));

        var described = (await LocalFiles.Read<UpFile>(up))!;
        described.Clerks.Should().HaveCount(2).And.OnlyContain(clerk => clerk.Password.Length > 0);
        described.Operators.Select(person => person.Name).Should().Equal("watch", "act", "admin");

        var run = await Tool.Run([Python, Script, up], new Dictionary<string, string>(), cancel: cancel);

        run.ExitCode.Should().Be(0, run.Error);
        var told = JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, string?>>>(run.Output)!;
        told["sign_on"]["store_name"].Should().Be("Corner Store 1");
        told["echo"]["code"].Should().Be("00");
        told["lookup"].Should().Contain("code", "00").And.Contain("amount", "000000012800").And.Contain("payee", "Demo Shop");
        told["payment"].Should().Contain("code", "00").And.ContainKey("authorisation_code").WhoseValue.Should().NotBeNull();
        told["repeat"].Should().Equal(told["payment"]);
        told["enquiry"].Should().Equal(told["payment"]);
        told["abandonment_of_what_is_paid"].Should().Contain("code", "21").And.Contain("stored_code", "00")
            .And.Contain("rrn", told["payment"]["rrn"]);
        told["abandonment_of_what_never_was"].Should().Contain("code", "25").And.Contain("reason", "0410");
        told["delayed_payment"].Should().Contain("code", "25");
        told["second_payment"].Should().Contain("code", "40").And.Contain("reason", "0310");
        told["lookup_afterwards"].Should().Contain("code", "40").And.Contain("reason", "0310");

        var shown = await network.Merchant.GetBill(bill, cancel);
        shown.GetProperty("status").GetString().Should().Be("PAID");
        var payment = shown.GetProperty("payment");
        payment.GetProperty("rrn").GetString().Should().Be(told["payment"]["rrn"]);
        payment.GetProperty("authorisation_code").GetString().Should().Be(told["payment"]["authorisation_code"]);
        payment.GetProperty("masked_card").GetString().Should().Be(told["payment"]["card"]);
        payment.GetProperty("terminal").GetString().Should().Be(network.Local.SpareTerminal.Id);
    }

    private static string Script => Path.Combine(AppContext.BaseDirectory, "StrangersTerminal", "terminal.py");
}
