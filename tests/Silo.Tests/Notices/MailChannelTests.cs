using System.Net;
using System.Net.Sockets;
using System.Text;
using Lakala.Grains.Notices;
using Lakala.Rules.Bills;
using Lakala.Silo.Notices;
using Lakala.Silo.Web;
using Lakala.Storage.Bills;
using Lakala.Storage.Notices;
using Lakala.Storage.Postgres;
using Lakala.Storage.Stores;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using MimeKit;
using Npgsql;

namespace Lakala.Silo.Tests.Notices;

/// <summary>The mails in a pickup folder, and the errors of faulty mail servers.</summary>
public sealed class MailChannelTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 30, 10, 0, 0, TimeSpan.Zero));
    private readonly string _folder = Directory.CreateTempSubdirectory("lakala-mails-").FullName;

    // There is no database: only a receipt reads its store.
    private readonly NpgsqlDataSource _database = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1");
    private readonly ServiceProvider _services = new ServiceCollection().AddLogging().BuildServiceProvider();

    public void Dispose()
    {
        _services.Dispose();
        _database.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_mail_in_the_pickup_folder_is_whole_its_owners_alone_and_there_once()
    {
        var bill = ShopperMessageTests.Bill(BillState.Open, "zh") with { Description = string.Concat(Enumerable.Repeat("紫砂茶壶，", 51)) };
        var notice = Of(bill);

        (await Send(notice)).Outcome.Should().Be(NoticeOutcome.Accepted);
        (await Send(notice with { Tries = 2 })).Outcome.Should().Be(NoticeOutcome.Accepted);

        var file = Directory.GetFiles(_folder).Should().ContainSingle().Which;
        Path.GetFileName(file).Should().Be(EventName.Format(notice.EventId) + ".eml");
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(file).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var mail = Load(file);
        mail.Subject.Should().StartWith("您的账单");
        mail.TextBody.Should().Contain("紫砂茶壶，");
        mail.HtmlBody.Should().Contain("<img");
        mail.Date.Should().Be(new DateTimeOffset(2026, 11, 30, 10, 0, 0, TimeSpan.Zero));
        mail.Body.Should().BeOfType<MultipartAlternative>().Which[1].Should().BeOfType<MultipartRelated>();
    }

    [Fact]
    public async Task Every_line_of_a_mail_is_as_short_as_mail_servers_demand()
    {
        var bill = ShopperMessageTests.Bill(BillState.Open, "zh") with { Description = new string('茶', 255), MerchantName = new string('馆', 100) };

        await Send(Of(bill));

        var lines = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(Directory.GetFiles(_folder).Single(), TestContext.Current.CancellationToken)).Split('\n');
        lines.Should().OnlyContain(line => line.Length <= 998);
        lines.Should().OnlyContain(line => line.All(char.IsAscii), "servers without 8BITMIME take nothing else");
    }

    [Fact]
    public async Task Pictures_of_two_bills_have_different_names_for_mail_programs()
    {
        await Send(Of(ShopperMessageTests.Bill(BillState.Open)));
        await Send(Of(ShopperMessageTests.Bill(BillState.Open) with { Number = BillNumber.FromRandom(1).Value }));

        var names = Directory.GetFiles(_folder).Select(Load).ToList();

        names.SelectMany(Pictures).Should().HaveCount(4).And.OnlyHaveUniqueItems();
        names.Should().AllSatisfy(mail => Pictures(mail).Should().AllSatisfy(name => mail.HtmlBody.Should().Contain($"src=\"cid:{name}\"")));
    }

    [Fact]
    public async Task No_text_of_a_merchant_becomes_a_header_or_a_second_recipient()
    {
        var bill = ShopperMessageTests.Bill(BillState.Open) with
        {
            MerchantName = "Tea\r\nBcc: all@evil.test",
            Description = "A pot\r\nBcc: all@evil.test",
            ShopperName = "\"Li\" <li@evil.test>,\r\nBcc: all@evil.test",
        };

        await Send(Of(bill));

        var mail = Load(Directory.GetFiles(_folder).Single());
        mail.Bcc.Mailboxes.Should().BeEmpty();
        mail.To.Mailboxes.Should().ContainSingle().Which.Address.Should().Be("li.na@home.test");
        mail.Headers.Select(header => header.Id).Should().BeEquivalentTo(
            [HeaderId.From, HeaderId.Date, HeaderId.Subject, HeaderId.MessageId, HeaderId.To, HeaderId.MimeVersion, HeaderId.AutoSubmitted]);
    }

    [Fact]
    public async Task A_full_pickup_folder_fails_the_try()
    {
        for (var i = 0; i <= 10_000; i++)
        {
            File.Create(Path.Combine(_folder, $"{i}.eml")).Dispose();
        }

        (await Send(Of(ShopperMessageTests.Bill(BillState.Open)))).Error.Should().Contain("wait in the pickup folder");
    }

    [Theory]
    [InlineData(MailTls.StartTls, "220 mail.test\r\n", "250 mail.test\r\n", "cannot be used: it does not offer STARTTLS or the sign-in")]
    [InlineData(MailTls.StartTls, "220 mail.test\r\n", null, "cannot be used: it ends the conversation")]
    [InlineData(MailTls.StartTls, "554 go away, li.na@home.test\r\n", null, "refuses with 554")]
    [InlineData(MailTls.Implicit, "220 mail.test\r\n", null, "cannot be used: its certificate or TLS is not accepted")]
    public async Task A_server_that_will_not_take_the_mail_is_told_apart_and_the_address_is_not_repeated(
        MailTls tls, string greeting, string? hello, string error)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Serve(listener, greeting, hello);

        var answer = await Send(
            Of(ShopperMessageTests.Bill(BillState.Open)),
            new MailOptions { Host = "127.0.0.1", Port = ((IPEndPoint)listener.LocalEndpoint).Port, Tls = tls, From = "bills@pay.test" });

        answer.Error.Should().Contain(error).And.NotContain("home.test");
        (await serving).Should().NotContain("MAIL FROM", "nothing is sent in the clear where TLS is asked for");
    }

    [Fact]
    public async Task A_server_that_is_not_there_cannot_be_reached()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        var answer = await Send(
            Of(ShopperMessageTests.Bill(BillState.Open)), new MailOptions { Host = "127.0.0.1", Port = port, From = "bills@pay.test" });

        answer.Error.Should().Contain("cannot be reached");
    }

    [Theory]
    [InlineData(ScriptedMailHost.Greeting, 4)]
    [InlineData("EHLO", 4)]
    [InlineData("RCPT", 4)]
    [InlineData("DATA", 4)]
    [InlineData(ScriptedMailHost.Dot, 9)]
    public async Task A_host_that_takes_minutes_for_a_step_has_the_mail_once(string step, int minutes)
    {
        var (waits, goesOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var host = ScriptedMailHost.Waiting(step, () =>
        {
            waits.TrySetResult();
            return goesOn.Task;
        });

        var sending = SendTo(host);
        await waits.Task.WaitAsync(TestContext.Current.CancellationToken);
        for (var minute = 0; minute < minutes; minute++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        goesOn.SetResult();

        (await sending).Should().Be(new NoticeAnswer(NoticeOutcome.Accepted));
        (host.Connections, host.Mails).Should().Be((1, 1));
    }

    [Theory]
    [InlineData(ScriptedMailHost.Greeting, NoticeOutcome.Failed, "no greeting within 300 s")]
    [InlineData("MAIL", NoticeOutcome.Failed, "no answer within 300 s")]
    [InlineData("DATA", NoticeOutcome.Failed, "no answer within 300 s")]
    [InlineData(ScriptedMailHost.Dot, NoticeOutcome.Uncertain, "no word within 600 s on whether it takes the mail")]
    public async Task A_host_that_never_answers_a_step_is_given_up_and_may_have_the_mail_only_after_its_dot(string step, NoticeOutcome outcome, string why)
    {
        await using var host = Mute(step, out var isReached);

        var answer = await TimePassesUntil(SendTo(host), isReached);

        answer.Should().Be(new NoticeAnswer(outcome, Error: "the mail server cannot be used: " + why));
    }

    [Theory]
    [InlineData("DATA", NoticeOutcome.Failed)]
    [InlineData(ScriptedMailHost.Dot, NoticeOutcome.Uncertain)]
    [InlineData("QUIT", NoticeOutcome.Accepted)]
    public async Task A_host_that_hangs_up_may_have_the_mail_only_after_its_dot_and_has_it_once_it_said_so(string step, NoticeOutcome outcome)
    {
        await using var host = ScriptedMailHost.But(step, null);

        (await SendTo(host)).Outcome.Should().Be(outcome);
    }

    [Fact]
    public async Task A_host_that_has_the_mail_and_never_says_goodbye_has_the_mail()
    {
        await using var host = Mute("QUIT", out var isReached);

        (await TimePassesUntil(SendTo(host), isReached)).Outcome.Should().Be(NoticeOutcome.Accepted);
    }

    [Fact]
    public void A_host_that_answers_in_drops_for_ever_is_given_up_after_half_an_hour()
    {
        using var clock = new SmtpClock(TimeSpan.FromSeconds(10), _time);
        clock.Begin(SmtpStep.Mail);
        var drops = 0;

        while (!clock.Token.IsCancellationRequested)
        {
            drops++;
            clock.LogServer("250-more\r\n"u8.ToArray(), 0, 10);
            _time.Advance(TimeSpan.FromMinutes(4));
        }

        drops.Should().Be(8);
    }

    [Theory]
    [InlineData("RCPT", "550 5.1.1 <li.na@home.test>: li.na is unknown", NoticeOutcome.Refused, 550, "5.1.1 <[address]>: [address] is unknown")]
    [InlineData("MAIL", "553 sender not allowed", NoticeOutcome.Refused, 553, "sender not allowed")]
    [InlineData("DATA", "554 no", NoticeOutcome.Refused, 554, "no")]
    [InlineData(ScriptedMailHost.Dot, "554 5.7.1 looks like spam", NoticeOutcome.Refused, 554, "5.7.1 looks like spam")]
    [InlineData(ScriptedMailHost.Dot, "451 come again", NoticeOutcome.Failed, 451, "come again")]
    [InlineData("MAIL", "452 too many", NoticeOutcome.Failed, 452, "too many")]
    [InlineData("RCPT", "421 going down", NoticeOutcome.Failed, 421, "going down")]
    [InlineData("RCPT", "450 greylisted", NoticeOutcome.Failed, 450, "greylisted")]
    [InlineData(ScriptedMailHost.Greeting, "554 not today", NoticeOutcome.Failed, 554, "not today")]
    public async Task What_a_host_refuses_for_good_is_not_tried_again_and_its_words_are_kept(
        string step, string said, NoticeOutcome outcome, int status, string words)
    {
        await using var host = ScriptedMailHost.But(step, said);

        (await SendTo(host)).Should().Be(new NoticeAnswer(outcome, status, $"the mail server refuses with {status}: {words}"));
        host.Connections.Should().Be(1);
    }

    [Fact]
    public async Task A_host_that_wants_a_sign_in_for_the_mail_waits_for_us_to_mend_it()
    {
        await using var host = ScriptedMailHost.But("MAIL", "530 5.7.0 Authentication required");

        (await SendTo(host)).Should().Be(new NoticeAnswer(NoticeOutcome.Failed, Error: "the mail server cannot be used: it asks for a sign-in"));
    }

    [Theory]
    [InlineData("", "pay.test")]
    [InlineData("silo-1.pay.test", "silo-1.pay.test")]
    [InlineData("203.0.113.5", "[203.0.113.5]")]
    public async Task The_host_is_greeted_with_the_name_that_is_set_or_the_senders_domain(string setting, string name)
    {
        await using var host = ScriptedMailHost.But("", null);

        (await SendTo(host, setting)).Outcome.Should().Be(NoticeOutcome.Accepted);

        host.Commands.First().Should().Be($"EHLO {name}");
    }

    [Fact]
    public async Task A_host_that_does_not_know_EHLO_is_greeted_the_old_way_with_the_same_name()
    {
        await using var host = ScriptedMailHost.But("EHLO", "502 what?");

        (await SendTo(host)).Outcome.Should().Be(NoticeOutcome.Accepted);

        host.Commands.Take(2).Should().Equal("EHLO pay.test", "HELO pay.test");
    }

    [Theory]
    [InlineData("a..b@home.test")]
    [InlineData("\"a b\"@home.test")]
    [InlineData("李@home.test")]
    public async Task An_odd_address_is_written_to_or_given_up_at_once(string address)
    {
        var answer = await Send(Of(ShopperMessageTests.Bill(BillState.Open) with { ShopperEmail = address }));

        answer.Outcome.Should().BeOneOf([NoticeOutcome.Accepted, NoticeOutcome.Refused], "there is no use in trying again");
        (answer.Error ?? "").Should().NotContain("home.test");
    }

    [Theory]
    [InlineData("Mail:From", "smtp.test", "", MailTls.StartTls, "")]
    [InlineData("Mail:From", "smtp.test", "nobody", MailTls.StartTls, "")]
    [InlineData("Mail:Tls", "smtp.test", "a@b.test", MailTls.None, "")]
    [InlineData("Mail:PasswordFile", "smtp.test", "a@b.test", MailTls.StartTls, "lakala")]
    [InlineData(null, "smtp.test", "a@b.test", MailTls.StartTls, "")]
    [InlineData(null, "127.0.0.1", "a@b.test", MailTls.None, "")]
    [InlineData(null, "", "", MailTls.StartTls, "")]
    [InlineData("Mail:HeloName", "smtp.test", "a@b.test", MailTls.StartTls, "", "not a name")]
    public void Settings_that_cannot_work_are_named_at_the_start(string? key, string host, string from, MailTls tls, string user, string helo = "")
    {
        var verdict = new MailOptions.Validator().Validate(null, new MailOptions { Host = host, From = from, Tls = tls, User = user, HeloName = helo });

        verdict.Succeeded.Should().Be(key is null);
        (verdict.FailureMessage?.Split(' ').Any(word => word.TrimEnd('.') == key) ?? false).Should().Be(key is not null, verdict.FailureMessage);
    }

    [Theory]
    [InlineData("Sms:ContentType", "https://sms.test/", "json")]
    [InlineData("Sms:ContentType", "https://sms.test/", "application/json; charset=utf-8")]
    [InlineData("Sms:Url", "http://sms.test/", "application/json")]
    [InlineData(null, "https://sms.test/", "application/json")]
    [InlineData(null, "", "application/json")]
    public void Settings_of_the_SMS_gateway_too(string? key, string url, string contentType)
    {
        var verdict = new SmsOptions.Validator().Validate(null, new SmsOptions { Url = url, ContentType = contentType });

        verdict.Succeeded.Should().Be(key is null);
        (verdict.FailureMessage?.Split(' ').Any(word => word.TrimEnd('.') == key) ?? false).Should().Be(key is not null, verdict.FailureMessage);
    }

    private static MimeMessage Load(string file) => MimeMessage.Load(file, TestContext.Current.CancellationToken);

    private static Notice Of(BillRow bill) =>
        new(Guid.NewGuid(), ShopperReceivers.Mail, EventTypes.Created, bill.CreatedAt, "{}", null, bill, 1);

    private static IEnumerable<string> Pictures(MimeMessage mail) =>
        mail.BodyParts.OfType<MimePart>().Where(part => part.ContentType.MediaType == "image").Select(part => part.ContentId!);

    private Task<NoticeAnswer> SendTo(ScriptedMailHost host, string heloName = "") => Send(
        Of(ShopperMessageTests.Bill(BillState.Open)),
        new MailOptions { Host = "127.0.0.1", Port = host.Port, Tls = MailTls.None, From = "Lakala <bills@pay.test>", HeloName = heloName });

    private static ScriptedMailHost Mute(string step, out Task isReached)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        isReached = reached.Task;
        return ScriptedMailHost.Waiting(step, () =>
        {
            reached.TrySetResult();
            return new TaskCompletionSource().Task;
        });
    }

    /// <summary>Moves the time by minutes, from the step at which the host says nothing, until one of the time-outs ends the sending.</summary>
    private async Task<NoticeAnswer> TimePassesUntil(Task<NoticeAnswer> sending, Task isReached)
    {
        await Task.WhenAny(isReached, sending);
        while (!sending.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TestContext.Current.CancellationToken);
        }

        return await sending;
    }

    private async Task<NoticeAnswer> Send(Notice notice, MailOptions? mail = null)
    {
        var channel = new MailChannel(
            Options.Create(mail ?? new MailOptions { PickupFolder = _folder }),

            // A minute of the fake clock may pass before the connection is there.
            Options.Create(new NoticeOptions { ConnectTimeout = TimeSpan.FromHours(1) }),
            new BillPageAddress("http://127.0.0.1:8080"),
            new StoreFinder(_database),
            new PageRenderer(_services, NullLoggerFactory.Instance),
            _time);
        return await channel.Send(notice);
    }

    /// <summary>Greets, answers the first command, and hangs up at the next.</summary>
    private static async Task<string> Serve(TcpListener listener, string greeting, string? hello)
    {
        using var line = await listener.AcceptTcpClientAsync();
        await using var stream = line.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(greeting));
        var buffer = new byte[4096];
        var heard = new StringBuilder();
        foreach (var answer in (string?[])[hello, null])
        {
            var length = await stream.ReadAsync(buffer);
            heard.Append(Encoding.Latin1.GetString(buffer, 0, length));
            if (answer is null)
            {
                break;
            }

            await stream.WriteAsync(Encoding.ASCII.GetBytes(answer));
        }

        return heard.ToString();
    }
}
