using System.Text.Json;
using Lakala.Terminal.Client;
using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Printing;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;

namespace Lakala.Terminal.Tests;

public sealed class CommandLineTests : IDisposable
{
    private const string Bill = "73516235791239";
    private const string Card = ";6228480000000000000=49122010000000000?";
    private const string NoLuhn = ";6228480000000000001=49122010000000000?";
    private const string Pin = "194736";

    private readonly TestFolder _home = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData]
    [InlineData("sell")]
    [InlineData("lookup")]
    [InlineData("lookup", "--bill")]
    [InlineData("lookup", "--bill", Bill, "--colour", "red")]
    [InlineData("pay", "--bill", Bill, "--pin", Pin)]
    [InlineData("pay", "--bill", Bill, "--card", Card)]
    [InlineData("pay", "--bill", Bill, "--card", "visa", "--pin", Pin)]
    [InlineData("pay", "--bill", Bill, "--card", ";6228480000000000000?", "--pin", Pin)]
    [InlineData("pay", "--bill", Bill, "--card", Card, "--pin", "12")]
    [InlineData("pay", "--bill", Bill, "--card", Card, "--pin", "12a4")]
    [InlineData("pay", "--bill", Bill, "--card", "-", "--pin", "-")]
    [InlineData("pay", "--bill", Bill, Card, "--pin", Pin)]
    [InlineData("reprint", "--bill", Bill)]
    [InlineData("swarm")]
    public async Task A_command_line_that_is_not_understood_ends_with_64_and_quotes_no_card(params string[] arguments)
    {
        (await Run("", arguments)).Should().Be(64);

        _output.ToString().Should().BeEmpty();
        _error.ToString().Should().Contain("usage:").And.NotContain("622848").And.NotContain(Pin);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("pay", "--help")]
    public async Task Help_is_no_fault(params string[] arguments)
    {
        (await Run("", arguments)).Should().Be(0);

        _output.ToString().Should().Contain("Usage:");
    }

    [Theory]
    [InlineData("lookup", "--bill", "73516235791238")]
    [InlineData("lookup", "--bill", "7351")]
    [InlineData("lookup", "--bill", "７３５１６２３５７９１２３９")]
    [InlineData("pay", "--bill", "73516235791293", "--card", Card, "--pin", Pin)]
    public async Task A_mistyped_bill_number_is_refused_here(params string[] arguments)
    {
        (await Run("", [.. arguments, "--json"])).Should().Be(1);

        var report = Json();
        report.GetProperty("outcome").GetString().Should().Be("refused");
        report.GetProperty("reason").GetInt32().Should().Be(301);
        report.GetProperty("bill").GetString().Should().Be(arguments[2]);
    }

    [Theory]
    [InlineData(Card)]
    [InlineData(NoLuhn)]
    [InlineData("6228480000000000001=49122010000000000")]
    [InlineData("6228480000000000001D49122010000000000")]
    [InlineData("%B6228480000000000001^TEA/POT^49122010000000000?;6228480000000000001=49122010000000000?")]
    [InlineData(" ;6228480000000000001=49122010000000000?7")]
    [InlineData("；６２２８４８００００００００００００１＝４９１２２０１？")]
    [InlineData(NoLuhn + ";016228480000000000001=0000?")]
    public async Task Card_and_PIN_are_taken_as_a_reader_types_them_from_standard_input_and_as_arguments(string typed)
    {
        (await Run(typed + "\n" + Pin + "\n", "pay", "--bill", "1", "--card", "-", "--pin", "-", "--json")).Should().Be(1);
        Json().GetProperty("reason").GetInt32().Should().Be(301, "the card was understood, and the bill's number is wrong");

        _output.GetStringBuilder().Clear();
        (await Run("", "pay", "--bill", "1", "--card", typed + "\r", "--pin", Pin, "--json")).Should().Be(1);
        Json().GetProperty("reason").GetInt32().Should().Be(301);
    }

    [Fact]
    public async Task The_object_has_every_name_and_null_for_what_is_not_known()
    {
        await Run("", "lookup", "--bill", "1", "--json");

        _output.ToString().Trim().Should().NotContain("\n");
        Json().EnumerateObject().Select(property => property.Name).Should().Contain(
            "outcome", "response_code", "reason", "bill", "amount", "currency", "rrn", "authorisation_code", "stan", "batch", "terminal", "masked_card",
            "resolved", "payee", "description", "order_id", "text");
        Json().GetProperty("rrn").ValueKind.Should().Be(JsonValueKind.Null);
        Json().GetProperty("resolved").ValueKind.Should().Be(JsonValueKind.Null);
    }

    [Fact]
    public void What_was_resolved_has_the_same_shape_but_nothing_resolved_itself()
    {
        var report = new Report(Outcome.Found) { Resolved = new Report(Outcome.Approved) { Resolved = new SwipeReport(Outcome.Declined) } };

        var json = JsonDocument.Parse(report.ToJson()).RootElement;

        var names = json.EnumerateObject().Select(property => property.Name).Where(name => name != "resolved");
        json.GetProperty("resolved").EnumerateObject().Select(property => property.Name).Should().Equal(names);
    }

    [Fact]
    public async Task Without_a_terminal_the_clerk_hears_what_to_do()
    {
        (await Run("", "lookup", "--bill", Bill)).Should().Be(1);

        _output.ToString().Should().StartWith("REFUSED").And.Contain("./lakala up");
    }

    [Fact]
    public async Task A_terminal_that_another_process_uses_is_refused_by_name()
    {
        var folder = SetUp("T0000001");
        await using var other = new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

        (await Run("", "reprint")).Should().Be(1);

        _output.ToString().Should().Contain("T0000001 is in use");
    }

    [Fact]
    public async Task A_network_that_cannot_be_reached_refuses_and_nothing_is_open_afterwards()
    {
        var folder = SetUp("T0000001");

        (await Run("", "pay", "--bill", Bill, "--card", Card, "--pin", Pin, "--json")).Should().Be(1);

        Json().GetProperty("outcome").GetString().Should().Be("refused");
        Json().GetProperty("text").GetString().Should().Contain("Nothing was paid").And.NotContain(" at Lakala");
        using var journal = Journal.OpenOrMake(Path.Combine(folder, "journal"), new JournalOptions());
        journal.Open.Should().BeEmpty();
    }

    [Fact]
    public async Task An_open_swipe_keeps_its_outcome_unknown_while_the_network_cannot_be_reached()
    {
        var folder = SetUp("T0000001");
        using (var journal = Journal.OpenOrMake(Path.Combine(folder, "journal"), new JournalOptions()))
        {
            journal.Begin(new SwipePending(
                journal.TakeKey(), "T0000001", "STORE0000000001", "24700000000073", 500, 156, "622848*********0000", "021", TimeProvider.System.GetUtcNow()));
        }

        (await Run("", "pay", "--bill", Bill, "--card", Card, "--pin", Pin, "--json")).Should().Be(2);

        Json().GetProperty("outcome").GetString().Should().Be("unknown");
        Json().GetProperty("bill").GetString().Should().Be("24700000000073", "it is the earlier one that is unknown");
    }

    [Fact]
    public async Task A_damaged_journal_stops_sales()
    {
        var folder = SetUp("T0000001");
        await File.WriteAllTextAsync(Path.Combine(folder, "journal"), "not a journal\n", TestContext.Current.CancellationToken);

        (await Run("", "pay", "--bill", Bill, "--card", Card, "--pin", Pin)).Should().Be(1);

        _output.ToString().Should().Contain("Line 1 of the journal is damaged").And.Contain("Call the operator");
    }

    [Fact]
    public async Task There_is_nothing_to_print_again_before_the_first_payment()
    {
        SetUp("T0000001");

        (await Run("", "reprint")).Should().Be(1);

        _output.ToString().Should().Contain("No receipt");
    }

    [Fact]
    public async Task A_receipt_that_may_be_on_paper_is_printed_again_as_a_duplicate_and_only_once()
    {
        var folder = SetUp("T0000001");
        using (var journal = Journal.OpenOrMake(Path.Combine(folder, "journal"), new JournalOptions()))
        {
            var key = journal.TakeKey();
            journal.Begin(new SwipePending(key, "T0000001", "STORE0000000001", Bill, 500, 156, "622848*********0000", "021", TimeProvider.System.GetUtcNow()));
            journal.Settle(new SwipeResult(key, "00", Rrn: "000000010000", AuthorisationCode: "0K9WPM"));
        }

        await Run("", "pay", "--bill", Bill, "--card", Card, "--pin", Pin, "--json");
        var resolved = Json().GetProperty("resolved");
        await Run("", "pay", "--bill", Bill, "--card", Card, "--pin", Pin, "--json");

        resolved.GetProperty("outcome").GetString().Should().Be("approved");
        resolved.GetProperty("receipts")[0].GetString().Should().Contain("DUPLICATE");
        Json().GetProperty("resolved").ValueKind.Should().Be(JsonValueKind.Null);
    }

    /// <summary>Earlier receipts are left to the clerk's screen; a program prints them itself.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task Where_there_is_a_printer_a_verb_leaves_earlier_receipts_to_it(bool isJson, bool isTaken)
    {
        var folder = SetUp("T0000001");
        var file = Path.Combine(folder, "terminal.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"language\"", "\"printer\":\"tcp:127.0.0.1:1\",\"language\"", StringComparison.Ordinal));
        using (var journal = Journal.OpenOrMake(Path.Combine(folder, "journal"), new JournalOptions()))
        {
            var key = journal.TakeKey();
            journal.Begin(new SwipePending(key, "T0000001", "STORE0000000001", Bill, 500, 156, "622848*********0000", "021", TimeProvider.System.GetUtcNow()));
            journal.Settle(new SwipeResult(key, "00", Rrn: "000000010000", AuthorisationCode: "0K9WPM"));
        }

        await Run("", isJson ? ["settle", "--json"] : ["settle"]);

        _output.ToString().Contains("DUPLICATE", StringComparison.Ordinal).Should().Be(isTaken);
        using var after = Journal.OpenOrMake(Path.Combine(folder, "journal"), new JournalOptions());
        after.Unprinted.Should().HaveCount(isTaken ? 0 : 1);
    }

    [Theory]
    [InlineData(true, 0, "DLE EOT 2 (off line because): 12, good", "GS r 1 (out): 00; it says when a slip is out", "test slip is printed")]
    [InlineData(false, 1, "DLE EOT 4 (paper): 72, no paper", "no answer", "OUT OF PAPER")]
    public async Task The_printers_doctor_says_what_it_answers_and_prints_a_test_slip(bool hasPaper, int exitCode, params string[] said)
    {
        using var printer = new TcpPrinter { HasPaper = hasPaper };
        var file = Path.Combine(SetUp("T0000001"), "terminal.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"language\"", $"\"printer\":\"{printer.Setting}\",\"language\"", StringComparison.Ordinal));

        (await Run("", "doctor", "printer")).Should().Be(exitCode);

        _output.ToString().Should().ContainAll(said);
        var slips = PaperRoll.Read(printer.Paper).Slips;
        slips.Should().HaveCount(hasPaper ? 1 : 0);
        slips.SelectMany(slip => slip).Where(line => line.Columns > Receipt.Columns).Should().BeEmpty();
    }

    [Theory]
    [InlineData("en", "No printer is set")]
    [InlineData("zh", "未设置打印机")]
    public async Task The_printers_doctor_speaks_the_terminals_language(string language, string said)
    {
        var file = Path.Combine(SetUp("T0000001"), "terminal.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"language\":\"en\"", $"\"language\":\"{language}\"", StringComparison.Ordinal));

        (await Run("", "doctor", "printer")).Should().Be(1);

        _output.ToString().Should().Contain(said);
    }

    [Theory]
    [InlineData("[\"127.0.0.1\"]")]
    [InlineData("[\"127.0.0.1:0\"]")]
    [InlineData("[\":8583\"]")]
    [InlineData("[null]")]
    public async Task A_further_server_that_is_no_address_is_named(string others)
    {
        var file = Path.Combine(SetUp("T0000001"), "terminal.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"language\"", $"\"others\":{others},\"language\"", StringComparison.Ordinal));

        (await Run("", "settle", "--json")).Should().Be(1);

        Json().GetProperty("text").GetString().Should().Contain("others are not all host:port");
    }

    [Theory]
    [InlineData("\"prnter\":\"none\"", "$.prnter: there is no such setting")]
    [InlineData("\"Printer\":\"none\"", "$.Printer: there is no such setting")]
    [InlineData("\"gateways\":{\"host\":\"a\"}", "$.gateways: there is no such setting")]
    [InlineData("\"connect_timeout\":5", "$.connect_timeout: there is no such setting")]
    [InlineData("\"port\":2", "wrong at $.port.")]
    [InlineData("\"printer\":7", "wrong at $.printer.")]
    [InlineData("\"printer\":\"lp0\"", "printer must be none")]
    public async Task A_setting_that_there_is_not_or_that_stands_twice_is_named(string member, string named)
    {
        var file = Path.Combine(SetUp("T0000001"), "terminal.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"language\"", $"{member},\"language\"", StringComparison.Ordinal));

        (await Run("", "settle", "--json")).Should().Be(1);

        Json().GetProperty("text").GetString().Should().Contain(named);
    }

    [Fact]
    public async Task What_others_wrote_does_not_command_the_shell_s_screen()
    {
        var folder = SetUp("T0000001");
        using (var journal = Journal.OpenOrMake(Path.Combine(folder, "journal"), new JournalOptions()))
        {
            var key = journal.TakeKey();
            journal.Begin(new SwipePending(
                key, "T0000001", "STORE0000000001", Bill, 500, 156, "622848*********0000", "021", TimeProvider.System.GetUtcNow(), Payee: "A\u001b[31mB", OrderId: "\u009b2J"));
            journal.Settle(new SwipeResult(key, "00", Rrn: "000000010000", AuthorisationCode: "0K9WPM", CustomerText: "Paid\u0007."));
        }

        await Run("", "settle");

        _output.ToString().Should().Contain("A [31mB").And.Contain("Paid .");
        _output.ToString().Where(char.IsControl).Should().OnlyContain(sign => sign == '\n' || sign == '\r');
    }

    [Fact]
    public void What_is_looked_up_and_paid_does_not_command_the_shell_s_screen()
    {
        var screen = new TextOutput(_output, TerminalTexts.English);

        screen.ShowBill(new SwipePending(
            new JournalKey(1, 1), "T0000001", "STORE0000000001", Bill, 500, 156, "622848*********0000", "021", TimeProvider.System.GetUtcNow(), Payee: "A\u001b[31mB"));
        screen.Show(new Report(Outcome.Found) { Bill = Bill, Amount = 500, Payee = "A\u001b[31mB", Description = "tea\u001b]0;x\u0007", OrderId = "o\u0085rder" });

        _output.ToString().Should().Contain("A [31mB  CNY 5.00").And.Contain("o rder");
        _output.ToString().Where(char.IsControl).Should().OnlyContain(sign => sign == '\n' || sign == '\r');
    }

    [Theory]
    [InlineData("en", "GUARANTEED TRADE", "If refunded: in full. The shop does not get the fee for this payment back.")]
    [InlineData("zh", "担保交易", "如有退款：全额退还，本次付款的手续费不退还商家。")]
    public void The_terms_of_a_bill_are_said_when_it_is_looked_up_and_before_it_is_paid(string language, string held, string kept)
    {
        var found = new Report(Outcome.Found) { Bill = Bill, Amount = 500 };
        var pending = new SwipePending(new JournalKey(1, 1), "T0000001", "STORE0000000001", Bill, 500, 156, "622848*********0000", "021", TimeProvider.System.GetUtcNow());

        Said(screen => screen.Show(found with { IsFeeKept = true })).Should().Contain(kept).And.NotContain(held);
        Said(screen => screen.ShowBill(pending with { IsFeeKept = true })).Should().Contain(kept).And.NotContain(held);
        Said(screen => screen.Show(found with { ShipWithinSeconds = 3_600, CheckWithinSeconds = 86_400 })).Should().Contain(held).And.NotContain(kept);
        Said(screen => screen.ShowBill(pending with { ShipWithinSeconds = 3_600, CheckWithinSeconds = 86_400 })).Should().Contain(held).And.NotContain(kept);

        string Said(Action<TextOutput> show)
        {
            _output.GetStringBuilder().Clear();
            show(new TextOutput(_output, TerminalTexts.ForLanguage(language)));
            return _output.ToString();
        }
    }

    [Fact]
    public void The_report_for_programs_says_only_of_a_fee_that_is_kept()
    {
        var found = new Report(Outcome.Found) { Bill = Bill, Amount = 500 };

        JsonDocument.Parse((found with { IsFeeKept = true }).ToJson()).RootElement.GetProperty("is_fee_kept").GetBoolean().Should().BeTrue();
        JsonDocument.Parse(found.ToJson()).RootElement.TryGetProperty("is_fee_kept", out _).Should().BeFalse("programs of the version before get what they got");
    }

    [Fact]
    public void Every_server_is_known_by_host_and_port()
    {
        var setup = new TerminalSetup("one", 1, "ca.pem", "T0000001", "STORE0000000001", "en", Others: ["two:2", "[::1]:3"]);

        setup.Fault().Should().BeNull();
        setup.Gateways.Select(gateway => (gateway.Host, gateway.Port)).Should().Equal(("one", 1), ("two", 2), ("::1", 3));
    }

    // Nobody listens on port 1.
    private string SetUp(string id)
    {
        var folder = Directory.CreateDirectory(_home.At("terminals/" + id)).FullName;
        File.WriteAllText(
            Path.Combine(folder, "terminal.json"),
            $$"""{"host":"127.0.0.1","port":1,"ca":"ca.pem","terminal":"{{id}}","store":"STORE0000000001","language":"en","connect_timeout_seconds":0.2,"give_up_seconds":1}""");
        using var key = System.Security.Cryptography.ECDsa.Create();
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=ca", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var ca = request.CreateSelfSigned(now, now.AddDays(1));
        File.WriteAllText(Path.Combine(folder, "ca.pem"), ca.ExportCertificatePem());
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var masterKey = new StreamWriter(Path.Combine(folder, "master.key"), options);
        masterKey.Write(new string('a', 64));
        return folder;
    }

    private async Task<int> Run(string input, params string[] arguments)
    {
        _output.GetStringBuilder().Clear();
        return await new CommandLine(_home.Root, new StringReader(input), _output, _error, TimeProvider.System).Run(arguments);
    }

    private JsonElement Json() => JsonDocument.Parse(_output.ToString()).RootElement;
}
