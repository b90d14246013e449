using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Lakala.Terminal.Client;
using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Lakala.Wire.Cards;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Lakala.Wire.Texts;

namespace Lakala.Terminal.Tests;

/// <summary>The counter's texts about the line, the server and open payments.</summary>
public sealed class CounterTests : IDisposable
{
    private const string Bill = "73516235791239";
    private static readonly byte[] MasterKeyBytes = Convert.FromHexString(new string('a', 64));
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private static readonly SwipedCard Card = Track2.TryParse("6228480000000000000=49122010000000000", out var track)
        ? new SwipedCard(track!, "1234")
        : throw new InvalidOperationException("The test's card is none.");

    private readonly TestFolder _home = new();
    private readonly X509Certificate2 _certificate = ScriptedGateway.NewCertificate();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Folder => _home.At("terminals/T0000001");

    public void Dispose()
    {
        _certificate.Dispose();
        _home.Dispose();
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_told_in_the_clerks_words()
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        await Tells("en", port, "takes no connections now");
        await Tells("zh", port, "服务器暂不接受连接");
        (await File.ReadAllTextAsync(Path.Combine(Folder, "line.log"), Stop)).Should().Contain("SocketException", "the machine's words are for who looks after it");
    }

    [Fact]
    public async Task A_name_that_is_not_found_is_told_in_the_clerks_words() => await Tells("en", 8583, "name is not found", host: "nowhere.invalid");

    [Fact]
    public async Task A_certificate_that_is_not_valid_now_is_told_as_a_matter_of_this_machines_clock()
    {
        using var tomorrow = ScriptedGateway.NewCertificate(validFrom: 1);
        await using var gateway = new ScriptedGateway(MasterKeyBytes, _ => null) { Certificate = tomorrow }.Start();

        var said = await Tells("en", gateway.Port, "this machine's clock says", ca: tomorrow);

        said.Should().Contain(BeijingTime.Convert(TimeProvider.System.GetUtcNow()).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
        said.Should().Contain($"is good from {Minute(tomorrow.NotBefore)} to {Minute(tomorrow.NotAfter)}.");
        (await Tells("zh", gateway.Port, "请校准时钟", ca: tomorrow)).Should().Contain($"{Minute(tomorrow.NotBefore)} 至 {Minute(tomorrow.NotAfter)}");

        static string Minute(DateTime time) => BeijingTime.Convert(time).ToString("yyyy-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_certificate_that_has_ended_says_when()
    {
        using var ended = ScriptedGateway.NewCertificate(validFrom: -5);
        await using var gateway = new ScriptedGateway(MasterKeyBytes, _ => null) { Certificate = ended }.Start();

        (await Tells("en", gateway.Port, "this machine's clock says", ca: ended)).Should()
            .Contain($"to {BeijingTime.Convert(ended.NotAfter).ToString("yyyy-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture)}. Set the clock.");
    }

    [Fact]
    public async Task A_server_that_is_not_the_right_one_is_told_in_the_clerks_words()
    {
        using var other = ScriptedGateway.NewCertificate();
        await using var gateway = new ScriptedGateway(MasterKeyBytes, _ => null) { Certificate = other }.Start();

        await Tells("en", gateway.Port, "does not trust");
    }

    [Fact]
    public async Task A_sign_on_that_nobody_answers_names_terminal_and_store()
    {
        await using var gateway = new ScriptedGateway(MasterKey.NewKey(), _ => null) { Certificate = _certificate }.Start();

        (await Tells("en", gateway.Port, "is not answered", seconds: 8)).Should().Contain("T0000001").And.Contain("STORE0000000001");
    }

    [Fact]
    public async Task A_terminal_that_is_blocked_hears_it_at_its_next_look_up_and_is_back_when_it_is_no_more()
    {
        await using var gateway = new ScriptedGateway(MasterKeyBytes, _ => null) { Certificate = _certificate, LookupsToSignOn = 1 }.Start();
        await using var counter = Open(gateway.Port);
        (await counter.Lookup(Bill, Stop)).Outcome.Should().Be(Outcome.Found, "a session that is over is begun anew, and the clerk sees nothing of it");
        gateway.SignOns.Should().Be(2);

        gateway.LookupsToSignOn = 1;
        gateway.Refusal = new Verdict(ResponseCodes.UnknownTerminal, 102, "Terminal is blocked. Call the operator.", "Sorry, this counter cannot take payments now.");
        var blocked = await counter.Lookup(Bill, Stop);

        blocked.Text.Should().StartWith("Terminal is blocked. Call the operator.");
        (blocked.CustomerText, blocked.ResponseCode, blocked.Reason).Should().Be(("Sorry, this counter cannot take payments now.", "58", 102));
        gateway.Refusal = null;
        await Until(() => counter.Lookup(Bill, Stop), report => report.Outcome == Outcome.Found);
    }

    [Fact]
    public async Task A_clerk_signs_in_off_line_until_too_many_passwords_were_wrong_or_the_server_refuses_her()
    {
        var no = 0;
        var gateway = new ScriptedGateway(MasterKeyBytes, _ => null) { Certificate = _certificate, SignsIn = SignIn }.Start();
        await using var counter = Open(gateway.Port);
        await using (gateway)
        {
            foreach (var reason in new[] { 170, 172 })
            {
                no = 0;
                await SignsIn();
                no = 171;
                (await counter.Verify("1001", "right", Stop)).Should().Be((null, "no 171"));
                (await Kept()).Should().Contain("1001", "any clerk's passwords may have been wrong here");
                no = reason;
                (await counter.Verify("1001", "right", Stop)).Should().Be((null, $"no {reason}"));
                (await Kept()).Should().NotContain("1001");
            }

            no = 0;
            await SignsIn();
        }

        (await counter.Verify("1001", "right", Stop)).Clerk!.Name.Should().Be("Anna");
        for (var wrong = 0; wrong < ClerkMemory.MostWrong; wrong++)
        {
            (await counter.Verify("1001", "wrong", Stop)).Should().Be((null, TerminalTexts.English.ClerkUnverified));
        }

        (await counter.Verify("1001", "right", Stop)).Should().Be((null, TerminalTexts.English.ClerkLocked));

        async Task SignsIn()
        {
            await counter.Lookup(Bill, Stop);
            (await counter.Verify("1001", "right", Stop)).Clerk!.Name.Should().Be("Anna");
        }

        Task<string> Kept() => File.ReadAllTextAsync(Path.Combine(Folder, "clerks.json"), Stop);

        ClerkSignInAnswer SignIn(ClerkSignInRequest request) => no == 0
            ? new ClerkSignInAnswer(request.From, new Verdict(ResponseCodes.Approved, 0, null, null), "Anna", false)
            : new ClerkSignInAnswer(request.From, new Verdict(ResponseCodes.SecurityViolation, no, $"no {no}", null), null, false);
    }

    [Fact]
    public async Task A_payment_number_with_other_content_at_the_server_needs_the_operator_every_time()
    {
        await using var gateway = new ScriptedGateway(MasterKeyBytes, request => Answer(request, ResponseCodes.DuplicateKey)) { Certificate = _certificate }.Start();
        await using var counter = Open(gateway.Port);
        var found = await counter.Lookup(Bill, Stop);

        foreach (var report in new[] { await counter.Pay(found, Card, CancellationToken.None, Stop), await counter.Settle(Stop), await counter.Settle(Stop) })
        {
            (report.Outcome, report.Text, report.NeedsOperator).Should().Be((Outcome.Unknown, TerminalTexts.English.KeyReused, true));
        }
    }

    [Theory]
    [InlineData("en", "Too much at once from this terminal. Wait a minute. Nothing was paid.", "Nothing was paid.")]
    [InlineData("zh", "本终端操作过于频繁，请一分钟后再试。未支付。", "未支付。")]
    public async Task A_payment_that_was_too_much_at_once_is_not_paid_and_the_clerk_is_told_to_wait(string language, string said, string toCustomer)
    {
        await using var gateway = new ScriptedGateway(MasterKeyBytes, request => TooMuch(request, language)) { Certificate = _certificate }.Start();
        await using var counter = Open(gateway.Port, language);
        var found = await counter.Lookup(Bill, Stop);

        var report = await counter.Pay(found, Card, CancellationToken.None, Stop);

        (report.Outcome, report.ResponseCode, report.Reason).Should().Be((Outcome.Refused, ResponseCodes.TryLater, 150));
        (report.Text, report.CustomerText, report.ExitCode, report.MayBePaidStill).Should().Be((said, toCustomer, ExitCode.NotPaid, true));
        counter.OpenItems.Should().Be(0, "it is certain");
        gateway.Heard.Should().ContainSingle("nobody asks for it again");
        (await counter.Settle(Stop)).Outcome.Should().Be(Outcome.Settled);
    }

    [Fact]
    public async Task Receipts_that_come_late_are_counted_and_are_no_news()
    {
        await using var gateway = new ScriptedGateway(MasterKeyBytes, request => Answer(request, ResponseCodes.Approved)) { Certificate = _certificate }.Start();
        SetUp(gateway.Port);
        Journalled(settled: true);
        Journalled(settled: true);
        await using (var counter = Open(gateway.Port))
        {
            (await counter.Settle(Stop)).Resolved!.Duplicates.Should().Be(2);
        }

        Journalled(settled: false);
        await using var next = Open(gateway.Port);
        (await next.Settle(Stop)).Resolved.Should().Match<SwipeReport>(report => report.Outcome == Outcome.Approved && report.Duplicates == 0);
    }

    [Fact]
    public async Task On_a_full_disk_no_payment_leaves_and_the_clerk_hears_why_until_there_is_room()
    {
        await using var gateway = new ScriptedGateway(MasterKeyBytes, request => Answer(request, ResponseCodes.Approved)) { Certificate = _certificate }.Start();
        var disk = new FullDisk();
        await using var counter = Open(gateway.Port, disk: disk);
        var found = await counter.Lookup(Bill, Stop);

        disk.IsFull = true;
        var refused = await counter.Pay(found, Card, CancellationToken.None, Stop);

        (refused.Outcome, refused.Text).Should().Be((Outcome.Refused, TerminalTexts.English.DiskFull));
        gateway.Heard.Should().BeEmpty("what is not in the journal never leaves");

        disk.IsFull = false;
        (await counter.Pay(found, Card, CancellationToken.None, Stop)).Outcome.Should().Be(Outcome.Approved);
        gateway.Heard.Should().HaveCount(1);
    }

    [Fact]
    public void What_this_machine_says_of_a_full_disk_is_known_for_that()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "this machine has no file that is always full");
        var fault = FluentActions.Invoking(() =>
        {
            using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            full.WriteByte(1);
        }).Should().Throw<IOException>().Which;

        TerminalTexts.English.BecauseOfDisk(fault).Should().Be(TerminalTexts.English.DiskFull);
        TerminalTexts.Chinese.BecauseOfDisk(fault).Should().Be(TerminalTexts.Chinese.DiskFull);
        TerminalTexts.English.BecauseOfDisk(new IOException("Input/output error.")).Should().Be("The terminal's disk has a fault (Input/output error). Call the operator.");
    }

    [Theory]
    [InlineData("68", 403, "Given up, not paid.")]
    [InlineData("25", 410, "Given up, not paid.")]
    [InlineData("55", 401, "Wrong PIN. Start again.")]
    public async Task A_payment_that_the_clerk_gave_up_is_called_so_unless_the_bank_had_answered(string code, int reason, string said)
    {
        using var abandon = new CancellationTokenSource();
        await using var gateway = new ScriptedGateway(MasterKeyBytes, _ => GiveUp(abandon))
        {
            Certificate = _certificate,
            Abandoned = request => new AbandonAnswer(
                request.From,
                new Verdict(code == "25" ? code : ResponseCodes.Approved, reason, reason == 401 ? "Wrong PIN. Start again." : "No answer from the bank, not paid.", "Not paid."),
                request.Batch,
                code == "25" ? null : code,
                PaymentFacts.None),
        }.Start();
        await using var counter = Open(gateway.Port);
        var found = await counter.Lookup(Bill, Stop);

        var report = await counter.Pay(found, Card, abandon.Token, Stop);

        report.Text.Should().Be(said);
        report.Outcome.Should().NotBe(Outcome.Approved);
        counter.Past[0].Result!.ClerkText.Should().Be(said, "the list of payments says the same");
    }

    [Fact]
    public async Task A_batch_without_payments_is_not_closed_and_one_with_some_can_be_reported_again()
    {
        await using var gateway = new ScriptedGateway(MasterKeyBytes, request => Answer(request, ResponseCodes.Approved)) { Certificate = _certificate }.Start();
        await using (var counter = Open(gateway.Port))
        {
            counter.ReprintBatch().Text.Should().Be(TerminalTexts.English.NoBatchReport);
            var nothing = await counter.CloseBatches(Stop);
            (nothing.Text, nothing.ExitCode, nothing.Batches!.Count, nothing.Receipts.Count, gateway.Closes).Should().Be((TerminalTexts.English.NothingToClose, 0, 0, 0, 0));

            counter.Show(await counter.Pay(await counter.Lookup(Bill, Stop), Card, CancellationToken.None, Stop));
            var closed = await counter.CloseBatches(Stop);
            closed.Receipts[0].ToString().Should().Contain("BATCH CLOSE").And.NotContain("REPRINT");
            (await counter.CloseBatches(Stop)).Text.Should().Be(TerminalTexts.English.NothingToClose);
            gateway.Closes.Should().Be(1);
        }

        await using var next = Open(gateway.Port);
        var again = next.ReprintBatch();
        (again.Outcome, again.Batches![0].Count, again.Batches[0].Amount).Should().Be((Outcome.Closed, 1, 500L));
        again.Receipts[0].ToString().Should().Contain("BATCH CLOSE").And.Contain("REPRINT").And.Contain("CNY 5.00").And.Contain("Corner Store 1");
        again.Text.Should().Contain("Batch closed, totals agree.");
    }

    [Theory]
    [InlineData("zh", "正被另一程序使用")]
    [InlineData("en", "is in use by another process")]
    public void A_terminal_that_cannot_be_opened_says_so_in_its_language(string language, string said)
    {
        SetUp(1, language);
        using var held = TerminalFolder.Take(_home.Root, "T0000001");

        var fault = FluentActions.Invoking(() => TerminalFolder.Take(_home.Root, "T0000001")).Should().Throw<TerminalSetupException>().Which;

        fault.Message.Should().Contain(said).And.NotContain(language == "zh" ? "in use" : "使用");
    }

    [Fact]
    public async Task A_wrong_setup_is_refused_in_its_language_and_in_both_if_that_is_unknown()
    {
        SetUp(1, "zh");
        var file = Path.Combine(Folder, "terminal.json");
        var text = await File.ReadAllTextAsync(file, Stop);
        await File.WriteAllTextAsync(file, text.Replace("STORE0000000001", "S", StringComparison.Ordinal), Stop);
        (await Run()).Should().StartWith("未受理").And.Contain("收银员：").And.Contain("设置有误").And.NotContain("Call the operator");

        await File.WriteAllTextAsync(file, "{", Stop);

        (await Run()).Should().Contain("Call the operator").And.Contain("请联系运营方");
    }

    private async Task<string> Run()
    {
        using var output = new StringWriter();
        await new CommandLine(_home.Root, new StringReader(""), output, output, TimeProvider.System).Run(["settle"]);
        return output.ToString();
    }

    private static PayAnswer? GiveUp(CancellationTokenSource abandon)
    {
        abandon.Cancel();
        return null;
    }

    private async Task<string> Tells(string language, int port, string said, string host = "127.0.0.1", X509Certificate2? ca = null, double seconds = 0.5)
    {
        await using var counter = Open(port, language, host, ca, seconds);
        var report = await Until(() => counter.Lookup(Bill, Stop), report => report.Text!.Contains(said, StringComparison.Ordinal));
        report.Outcome.Should().Be(Outcome.Refused);
        if (language == "zh")
        {
            report.Text.Should().NotMatchRegex("[A-Za-z]{2}", "a clerk is told in her language");
        }

        return report.Text!;
    }

    private static async Task<Report> Until(Func<Task<Report>> ask, Func<Report, bool> isRight)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var report = await ask();
            if (isRight(report))
            {
                return report;
            }

            TimeProvider.System.GetElapsedTime(begun).Should().BeLessThan(Bound, $"it says '{report.Text}'");
            await Task.Delay(50, Stop);
        }
    }

    private Counter Open(int port, string language = "en", string host = "127.0.0.1", X509Certificate2? ca = null, double seconds = 10, IJournalDisk? disk = null)
    {
        SetUp(port, language, host, ca, seconds);
        var folder = TerminalFolder.Take(_home.Root, "T0000001");
        folder.Dispose();
        return new Counter(folder, new JsonOutput(TextWriter.Null), TimeProvider.System, disk ?? new JournalDisk());
    }

    private void SetUp(int port, string language = "en", string host = "127.0.0.1", X509Certificate2? ca = null, double seconds = 10)
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(
            Path.Combine(Folder, "terminal.json"),
            $$"""{"host":"{{host}}","port":{{port}},"ca":"ca.pem","terminal":"T0000001","store":"STORE0000000001","language":"{{language}}","connect_timeout_seconds":{{seconds.ToString(System.Globalization.CultureInfo.InvariantCulture)}}}""");
        File.WriteAllText(Path.Combine(Folder, "ca.pem"), (ca ?? _certificate).ExportCertificatePem());
        var key = Path.Combine(Folder, "master.key");
        File.WriteAllText(key, Convert.ToHexString(MasterKeyBytes), Encoding.ASCII);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    // A payment of an earlier run: not printed, or with an unknown outcome.
    private void Journalled(bool settled)
    {
        using var journal = Journal.OpenOrMake(Path.Combine(Folder, "journal"), new JournalOptions());
        var key = journal.TakeKey();
        journal.Begin(new SwipePending(key, "T0000001", "STORE0000000001", Bill, 500, CurrencyCode.Cny, "622848*********0000", "021", TimeProvider.System.GetUtcNow()));
        if (settled)
        {
            journal.Settle(new SwipeResult(key, ResponseCodes.Approved));
        }
    }

    private static PayAnswer TooMuch(PayRequest request, string language)
    {
        var (clerk, customer) = AnswerTexts.DescribeAnswer(ResponseCodes.TryLater, 150, language);
        return Answer(request, ResponseCodes.TryLater) with { Verdict = new Verdict(ResponseCodes.TryLater, 150, clerk, customer) };
    }

    private static PayAnswer Answer(PayRequest request, string code) => new(
        request.From, new Verdict(code, code == ResponseCodes.DuplicateKey ? 140 : 0, null, null), request.Batch, request.Bill, request.Amount, request.Currency, PaymentFacts.None);

    /// <summary>This machine's disk, on which writes fail while it is full.</summary>
    private sealed class FullDisk : IJournalDisk
    {
        private const int NoSpaceLeft = 28;
        private readonly JournalDisk _disk = new();

        public bool IsFull { get; set; }

        public IJournalFile Open(string path) => new OpenFile(this, _disk.Open(path));

        public IJournalFile Create(string path) => new OpenFile(this, _disk.Create(path));

        public void Rename(string path, string to) => _disk.Rename(path, to);

        public void FlushFolder(string path) => _disk.FlushFolder(path);

        private sealed class OpenFile(FullDisk disk, IJournalFile file) : IJournalFile
        {
            public byte[] Read() => file.Read();

            public void Write(ReadOnlySpan<byte> bytes, long at)
            {
                if (disk.IsFull)
                {
                    throw new IOException("No space left on device.", NoSpaceLeft);
                }

                file.Write(bytes, at);
            }

            public void Cut(long length) => file.Cut(length);

            public void Flush() => file.Flush();

            public void Dispose() => file.Dispose();
        }
    }
}
