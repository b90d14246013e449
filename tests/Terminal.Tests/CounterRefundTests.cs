using System.Security.Cryptography.X509Certificates;
using Lakala.Terminal.Client;
using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Terminal.Tests;

/// <summary>A refund at the counter: what is journaled, sent, repeated and printed.</summary>
public sealed class CounterRefundTests : IDisposable
{
    private const string Bill = "73516235791239", Payment = "000000010042", Number = "000000010057", Card = "622848*********0000", Password = "83920174";
    private static readonly byte[] MasterKeyBytes = Convert.FromHexString(new string('a', 64));
    private static readonly Signature Boss = new("9001", Password);

    private readonly TestFolder _home = new();
    private readonly X509Certificate2 _certificate = ScriptedGateway.NewCertificate();
    private readonly List<RefundRequest> _heard = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Folder => _home.At("terminals/T0000001");

    private string JournalFile => Path.Combine(Folder, "journal");

    public void Dispose()
    {
        _certificate.Dispose();
        _home.Dispose();
    }

    [Theory]
    [InlineData("en", false, "The refund is on its way to the card ****0000, number 000000010057.")]
    [InlineData("en", true, "The refund to the card ****0000, number 000000010057, waits for the merchant's money.")]
    [InlineData("zh", false, "退款正在退回卡 ****0000，退款参考号 000000010057。")]
    public async Task A_refund_is_journaled_sent_and_printed_and_never_called_done(string language, bool isWaiting, string said)
    {
        await using var gateway = Gateway(request => Made(request, isWaiting));
        await using var counter = Open(gateway.Port, language);
        counter.Clerk = new ClerkIdentity("1001", "Anna", false);

        var report = await counter.Refund(Payment, 300, Card, Boss, Stop);

        (report.Outcome, report.Rrn, report.RefundOf, report.Amount, report.IsWaiting, report.ExitCode).Should().Be((Outcome.Ordered, Number, Payment, 300L, isWaiting, 0));
        report.CustomerText.Should().StartWith(said);
        var paper = report.Receipts[0].ToString();
        string.Concat(paper.Split('\n').Select(static line => line.Trim())).Should().Contain(Number).And.Contain(Payment).And.Contain("1001").And.Contain("9001");
        paper.ToUpperInvariant().Should().NotContain("REFUNDED").And.NotContain("PIN VERIFIED").And.NotContain("NOT PAID");
        report.Receipts.Should().HaveCount(2, "one for the customer, one for the merchant");
        _heard.Should().ContainSingle().Which.Should().Match<RefundRequest>(
            sent => !sent.IsRepeat && sent.Bill == Bill && sent.Amount == 300 && sent.MaskedCard == Card && sent.Clerk == "1001" && sent.Supervisor == "9001");
        (await File.ReadAllTextAsync(JournalFile, Stop)).Should().NotContain(Password);
        (await counter.CloseBatches(Stop)).Batches.Should().ContainSingle().Which.Should().Match<BatchReport>(batch => batch.Agreed && batch.Count == 0 && batch.Refunds == 1 && batch.Refunded == 300);
    }

    [Fact]
    public async Task Without_an_amount_all_that_is_left_goes_back()
    {
        await using var gateway = Gateway(request => Made(request));
        await using var counter = Open(gateway.Port);
        counter.Clerk = new ClerkIdentity("1001", "Anna", false);

        (await counter.Refund(Bill, null, Card, Boss, Stop)).Amount.Should().Be(450);
    }

    [Fact]
    public async Task A_lost_answer_is_asked_for_again_under_the_same_key_with_the_same_content()
    {
        await using var gateway = Gateway(request => request.IsRepeat ? Made(request) : throw new IOException("The answer is lost."));
        await using var counter = Open(gateway.Port);
        counter.Clerk = new ClerkIdentity("1001", "Anna", false);

        (await counter.Refund(Payment, 300, Card, Boss, Stop)).Outcome.Should().Be(Outcome.Ordered);

        _heard.Should().HaveCount(2);
        _heard[1].Should().BeEquivalentTo(_heard[0] with { IsRepeat = true });
    }

    [Theory]
    [InlineData("00", Outcome.Ordered)]
    [InlineData("25", Outcome.Refused)]
    public async Task Killed_between_PENDING_and_the_answer_it_asks_without_the_password_before_anything_else(string code, Outcome outcome)
    {
        await using var gateway = Gateway(request => code == "00" ? Made(request) : Refused(request, code, 388));
        SetUp(gateway.Port);
        JournalKey key;
        using (var journal = Journal.OpenOrMake(JournalFile, new JournalOptions()))
        {
            key = journal.TakeKey();
            journal.Begin(new SwipePending(
                key, "T0000001", "STORE0000000001", Bill, 300, CurrencyCode.Cny, Card, "021", TimeProvider.System.GetUtcNow(), Clerk: "1001", RefundOf: Payment, Supervisor: "9001"));
        }

        await using var counter = Open(gateway.Port);
        var settled = await counter.Settle(Stop);

        settled.Resolved.Should().Match<SwipeReport>(report => report.Outcome == outcome && report.RefundOf == Payment && report.Key == key);
        _heard.Should().ContainSingle().Which.Should().Match<RefundRequest>(asked => asked.IsEnquiry && asked.From.Stan == key.Stan && asked.Batch == key.Batch && asked.Amount == 300);
        counter.Unclosed.Refunds.Should().Be(code == "00" ? 1 : 0);
        counter.OpenItems.Should().Be(0);
    }

    [Theory]
    [InlineData(451, Card, "9001", "The amount is not one that is left")]
    [InlineData(0, Card, "9001", "The amount is not one that is left")]
    [InlineData(300, "622848*********0008", "9001", "This is not the card that paid.")]
    [InlineData(300, Card, "1001", "must be another person")]
    public async Task What_the_server_would_refuse_is_not_sent(long amount, string card, string supervisor, string said)
    {
        await using var gateway = Gateway(request => Made(request));
        await using var counter = Open(gateway.Port);
        counter.Clerk = new ClerkIdentity("1001", "Anna", true);

        var report = await counter.Refund(Payment, amount, card, new Signature(supervisor, Password), Stop);

        (report.Outcome, report.ExitCode).Should().Be((Outcome.Refused, ExitCode.NotPaid));
        report.Text.Should().Contain(said);
        _heard.Should().BeEmpty();
        counter.Past.Should().BeEmpty();
    }

    [Fact]
    public async Task Without_a_clerk_nothing_is_given_back()
    {
        await using var gateway = Gateway(request => Made(request));
        await using var counter = Open(gateway.Port);

        (await counter.Refund(Payment, 300, Card, Boss, Stop)).Text.Should().Be(TerminalTexts.English.RefundNeedsClerk);
        _heard.Should().BeEmpty();
    }

    [Fact]
    public async Task A_refusal_is_printed_as_no_refund_and_is_in_no_batch()
    {
        await using var gateway = Gateway(request => Refused(request, "12", 384));
        await using var counter = Open(gateway.Port);
        counter.Clerk = new ClerkIdentity("1001", "Anna", false);

        var report = await counter.Refund(Payment, 300, Card, Boss, Stop);

        (report.Outcome, report.Reason).Should().Be((Outcome.Refused, 384));
        report.Receipts.Should().ContainSingle().Which.ToString().Should().Contain("NO REFUND").And.NotContain("NOT PAID");
        counter.Unclosed.Refunds.Should().Be(0);
    }

    [Fact]
    public async Task A_server_that_gives_no_refunds_is_told_from_a_payment_that_cannot_be_found()
    {
        await using var gateway = new ScriptedGateway(MasterKeyBytes, _ => null) { Certificate = _certificate }.Start();
        await using var counter = Open(gateway.Port);
        counter.Clerk = new ClerkIdentity("1001", "Anna", false);

        (await counter.LookupRefund(Bill, Stop)).Text.Should().Be(TerminalTexts.English.LookupUnanswered);
    }

    private ScriptedGateway Gateway(Func<RefundRequest, RefundAnswer> answer) => new ScriptedGateway(MasterKeyBytes, _ => null)
    {
        Certificate = _certificate,
        Refundable = new RefundablePayment(Bill, Payment, 500, 450, CurrencyCode.Cny, new DateTimeOffset(2030, 1, 31, 8, 30, 14, TimeSpan.Zero), Card, "茶馆", "茶壶", "order-1"),
        Refunds = request =>
        {
            _heard.Add(request);
            return answer(request);
        },
    }.Start();

    private static RefundAnswer Made(RefundRequest request, bool isWaiting = false) => new(
        request.From, new Verdict(ResponseCodes.Approved, 0, "On its way.", "On its way."), request.Batch, request.Bill, request.Amount, request.Currency,
        new PaymentFacts(Number, null, request.MaskedCard, TimeProvider.System.GetUtcNow(), "茶馆", "order-1"), Payment, isWaiting);

    private static RefundAnswer Refused(RefundRequest request, string code, int reason) => new(
        request.From, new Verdict(code, reason, "No.", "Nothing was given back."), request.Batch, request.Bill, request.Amount, request.Currency, PaymentFacts.None);

    private Counter Open(int port, string language = "en")
    {
        SetUp(port, language);
        var folder = TerminalFolder.Take(_home.Root, "T0000001");
        folder.Dispose();
        return new Counter(folder, new JsonOutput(TextWriter.Null), TimeProvider.System);
    }

    private void SetUp(int port, string language = "en")
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(
            Path.Combine(Folder, "terminal.json"),
            $$"""{"host":"127.0.0.1","port":{{port}},"ca":"ca.pem","terminal":"T0000001","store":"STORE0000000001","language":"{{language}}"}""");
        File.WriteAllText(Path.Combine(Folder, "ca.pem"), _certificate.ExportCertificatePem());
        var key = Path.Combine(Folder, "master.key");
        File.WriteAllText(key, Convert.ToHexString(MasterKeyBytes));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }
}
