using System.Net;
using System.Net.Sockets;
using System.Text;
using Lakala.Bills;
using Lakala.Grains.Bills;
using Lakala.Grains.Notices;
using Lakala.Grains.Storage;
using Lakala.Silo.BillPages;
using Lakala.Silo.ShopperNotices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MimeKit;
using Npgsql;

namespace Lakala.Grains.Tests;

/// <summary>The mails themselves, out of a pickup folder, and what is said of a mail server that is not as it should be.</summary>
public sealed class MailChannelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lakala-mails-").FullName;

    // Nobody is connected to: only a receipt looks for its store.
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

        (await Send(notice)).IsAccepted.Should().BeTrue();
        (await Send(notice with { Tries = 2 })).IsAccepted.Should().BeTrue();

        var file = Directory.GetFiles(_folder).Should().ContainSingle().Which;
        Path.GetFileName(file).Should().Be(EventName.Of(notice.EventId) + ".eml");
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
    public async Task Pictures_of_two_bills_have_different_names_so_that_no_mail_program_mistakes_one_for_the_other()
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
    [InlineData("a..b@home.test")]
    [InlineData("\"a b\"@home.test")]
    [InlineData("李@home.test")]
    public async Task An_odd_address_is_written_to_or_given_up_at_once(string address)
    {
        var answer = await Send(Of(ShopperMessageTests.Bill(BillState.Open) with { ShopperEmail = address }));

        (answer.IsAccepted || answer.IsFinal).Should().BeTrue("there is no use in trying again");
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
    public void Settings_that_cannot_work_are_named_at_the_start(string? key, string host, string from, MailTls tls, string user)
    {
        var verdict = new MailOptions.Validator().Validate(null, new MailOptions { Host = host, From = from, Tls = tls, User = user });

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

    private async Task<NoticeAnswer> Send(Notice notice, MailOptions? mail = null)
    {
        using var channel = new MailChannel(
            Options.Create(mail ?? new MailOptions { PickupFolder = _folder }),
            Options.Create(new NoticeOptions()),
            Options.Create(new BillPageOptions()),
            new StoreFinder(_database),
            new PageRenderer(_services, NullLoggerFactory.Instance),
            new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 11, 30, 10, 0, 0, TimeSpan.Zero)));
        return await channel.Send(notice, TestContext.Current.CancellationToken);
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
