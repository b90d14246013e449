using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Lakala.Grains.Notices;
using Lakala.Silo.BillPages;
using Lakala.Silo.Web;
using Lakala.Storage.Bills;
using Lakala.Storage.Notices;
using Lakala.Storage.Stores;
using Lakala.Wire.Files;
using Lakala.Wire.Tls;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Lakala.Silo.Notices;

/// <summary>
/// How mails are sent: over SMTP when a host is set, otherwise as files into a folder from which another program takes them. Without
/// either, shoppers get no mail.
/// </summary>
public sealed class MailOptions
{
    public string Host { get; set; } = "";

    public int Port { get; set; } = 587;

    public MailTls Tls { get; set; } = MailTls.StartTls;

    /// <summary>
    /// True: the revocation of the server's certificate is checked. Set false where its CA publishes no revocation list,
    /// or the silo cannot reach the list.
    /// </summary>
    public bool CheckRevocation { get; set; } = true;

    public string User { get; set; } = "";

    /// <summary>Owner-only file with the password.</summary>
    public string PasswordFile { get; set; } = "";

    /// <summary>The sender, as address or with a name before it: <c>Lakala &lt;bills@example.com&gt;</c>. Required with a mail server.</summary>
    public string From { get; set; } = "";

    /// <summary>The silo's name in EHLO. Empty: the domain of <see cref="From"/>.</summary>
    public string HeloName { get; set; } = "";

    public string PickupFolder { get; set; } = "";

    public string Sender => From.Length > 0 ? From : "Lakala <bills@localhost>";

    public bool IsOn => Host.Length > 0 || PickupFolder.Length > 0;

    public sealed class Validator : IValidateOptions<MailOptions>
    {
        public ValidateOptionsResult Validate(string? name, MailOptions options) =>
            options is { Host.Length: > 0, From.Length: 0 }
                ? ValidateOptionsResult.Fail("Mail:Host is set, and Mail:From is not.")
            : !MailboxAddress.TryParse(options.Sender, out var from) || !from.Address.Contains('@', StringComparison.Ordinal)
                ? ValidateOptionsResult.Fail($"Mail:From must be a mail address, with or without a name before it; it is '{options.From}'.")
            : options is { Host.Length: > 0, Tls: MailTls.None } && !(IPAddress.TryParse(options.Host, out var address) && IPAddress.IsLoopback(address))
                ? ValidateOptionsResult.Fail("Mail:Tls may be None only to a loopback address: mails name what people buy.")
            : options.HeloName.Length > 0 && Uri.CheckHostName(options.HeloName) == UriHostNameType.Unknown
                ? ValidateOptionsResult.Fail($"Mail:HeloName must be a host name or an address; it is '{options.HeloName}'.")
            : options.User.Length > 0 && options.PasswordFile.Length == 0
                ? ValidateOptionsResult.Fail("Mail:User is set, and Mail:PasswordFile is not.")
            : ValidateOptionsResult.Success;
    }
}

public enum MailTls
{
    StartTls,
    Implicit,
    None,
}

/// <summary>Sends notices to shoppers by mail.</summary>
internal sealed partial class MailChannel : INoticeChannel, ICodeChannel
{
    // Pixels of a module: a barcode of 14 digits is 121 modules wide, and a phone shows it in half as many points.
    private const int BarcodeModule = 3, BarcodeHeight = 132, QrModule = 6;
    private const int MaxConnections = 4;
    private const int MaxWaiting = 10_000;
    private const int MaxWords = 200;

    private readonly MailOptions _mail;
    private readonly NoticeOptions _notices;
    private readonly BillPageAddress _pages;
    private readonly StoreFinder _stores;
    private readonly PageRenderer _renderer;
    private readonly TimeProvider _time;
    private readonly MailboxAddress _from;
    private readonly NetworkCredential? _login;

    public MailChannel(
        IOptions<MailOptions> mail,
        IOptions<NoticeOptions> notices,
        BillPageAddress pages,
        StoreFinder stores,
        PageRenderer renderer,
        TimeProvider time)
    {
        (_mail, _notices, _pages) = (mail.Value, notices.Value, pages);
        (_stores, _renderer, _time) = (stores, renderer, time);
        _from = MailboxAddress.Parse(_mail.Sender);
        _login = _mail.User.Length == 0 ? null : new NetworkCredential(_mail.User, SecretText.Read(_mail.PasswordFile, "Mail:PasswordFile"));
    }

    public bool Serves(string receiver) => receiver == ShopperReceivers.Mail && _mail.IsOn;

    /// <summary>One for each connection to the mail server: further notices wait in the database, without a time-out.</summary>
    public int? MaxInFlight => MaxConnections;

    public async Task<NoticeAnswer> Send(Notice notice)
    {
        try
        {
            if (await Compose(notice) is not { } mail)
            {
                return NoticeAnswer.Skipped("there is nothing left to tell");
            }

            using (mail)
            {
                return _mail.Host.Length > 0 ? await Submit(mail) : Drop(mail, EventName.Format(notice.EventId));
            }
        }
        catch (ParseException)
        {
            return new NoticeAnswer(NoticeOutcome.Refused, Error: "the shopper's address is none that a mail can have");
        }
    }

    /// <inheritdoc/>
    public string? FindAddress(BillRow bill) =>
        _mail.IsOn && bill.ShopperEmail is { } mail && mail.LastIndexOf('@') is > 0 and var at ? $"{mail[0]}***{mail[at..]}" : null;

    /// <inheritdoc/>
    public async Task<bool> SendCode(BillRow bill, string code)
    {
        var texts = Texts.In(bill.ShopperLanguage);
        var words = StepTexts.In(texts);
        try
        {
            var name = Guid.CreateVersion7(_time.GetUtcNow()).ToString("N");
            using var mail = Address(
                bill,
                string.Format(null, words.CodeSubject, ShopperMessage.Line(bill.MerchantName)),
                name,
                new TextPart("plain") { Text = string.Format(null, words.CodeText, code, bill.MerchantName, BillShown.Yuan(bill.Bill.Amount.Minor)) + "\n" });
            var answer = _mail.Host.Length > 0 ? await Submit(mail) : Drop(mail, "code_" + name);
            return answer.Outcome is NoticeOutcome.Accepted or NoticeOutcome.Uncertain;
        }
        catch (ParseException)
        {
            return false;
        }
    }

    private async Task<MimeMessage?> Compose(Notice notice)
    {
        var bill = notice.Bill!;
        var paidIn = bill.Payment is { } payment ? await _stores.Get(payment.Store, CancellationToken.None) : null;
        var name = paidIn is null ? null : StoresShown.Name(paidIn, Texts.In(bill.ShopperLanguage));
        if (ShopperMessage.Compose(notice.Type, notice.Data, bill, _pages.PayUrl(bill), name) is not { } message)
        {
            return null;
        }

        var body = new BodyBuilder
        {
            TextBody = message.PlainText(),
            HtmlBody = await _renderer.Html<MailBody>(new() { [nameof(MailBody.Message)] = message }),
        };
        if (message.Asks)
        {
            Attach(body, message.Bill.Barcode.ToPng(BarcodeModule, BarcodeHeight), "barcode.png", MailBody.Barcode(message.Bill.Number));
            Attach(body, message.Bill.Qr.ToPng(QrModule, QrModule), "qr.png", MailBody.Qr(message.Bill.Number));
        }

        return Address(bill, message.Subject, EventName.Format(notice.EventId), body.ToMessageBody());
    }

    // The same name at every try, so that a mail program can recognise a duplicate.
    private MimeMessage Address(BillRow bill, string subject, string name, MimeEntity body)
    {
        var mail = new MimeMessage { Subject = subject, Date = _time.GetUtcNow(), MessageId = $"{name}@{_from.Domain}", Body = body };
        mail.From.Add(_from);
        mail.To.Add(new MailboxAddress(bill.ShopperName, bill.ShopperEmail!));
        mail.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        return mail;
    }

    private static void Attach(BodyBuilder body, byte[] png, string name, string id) =>
        body.LinkedResources.Add(name, png, new ContentType("image", "png")).ContentId = id;

    private async Task<NoticeAnswer> Submit(MimeMessage mail)
    {
        var clock = new SmtpClock(_notices.ConnectTimeout, _time);

        // Disposes the clock too. The client's own time-out is off, because the clock has the times.
        using var smtp = new SmtpClient(clock)
        {
            CheckCertificateRevocation = _mail.CheckRevocation,
            LocalDomain = _mail.HeloName.Length > 0 ? _mail.HeloName : _from.Domain,
            Timeout = int.MaxValue,
        };
        try
        {
            var socket = await TcpConnect.ToHost(_mail.Host, _mail.Port, _time, clock.Token);
            clock.Begin(SmtpStep.Greeting);
            await smtp.ConnectAsync(socket, _mail.Host, _mail.Port, Security(_mail.Tls), clock.Token);
            if (_login is not null)
            {
                await smtp.AuthenticateAsync(_login, clock.Token);
            }

            clock.Begin(SmtpStep.Mail);
            await smtp.SendAsync(mail, clock.Token);
        }
        catch (SmtpCommandException refused)
        {
            var words = $"the mail server refuses with {(int)refused.StatusCode}: {WithoutAddress(refused.Message, mail.To.Mailboxes.Single())}";
            return new NoticeAnswer(IsFinal(refused, clock.Step) ? NoticeOutcome.Refused : NoticeOutcome.Failed, (int)refused.StatusCode, words);
        }
        catch (NotSupportedException) when (clock.Step == SmtpStep.Mail)
        {
            return new NoticeAnswer(NoticeOutcome.Refused, Error: "the mail server cannot write to an address like the shopper's");
        }
        catch (OperationCanceledException)
        {
            return Failed(clock.Describe());
        }
        catch (Exception fault) when (InWords(fault) is { } why)
        {
            return Failed(why);
        }

        await SayGoodbye(smtp, clock);
        return new NoticeAnswer(NoticeOutcome.Accepted);

        NoticeAnswer Failed(string why) => new(
            clock.Step == SmtpStep.LastAnswer ? NoticeOutcome.Uncertain : NoticeOutcome.Failed, Error: $"the mail server cannot be used: {why}");
    }

    // The server has accepted the mail: a failure now must not repeat it.
    private static async Task SayGoodbye(SmtpClient smtp, SmtpClock clock)
    {
        clock.Begin(SmtpStep.Goodbye);
        try
        {
            await smtp.DisconnectAsync(quit: true, clock.Token);
        }
        catch (Exception fault) when (fault is OperationCanceledException || InWords(fault) is not null)
        {
            // It closed the connection first, or does not answer.
        }
    }

    // 5xx for a mail is final. 5xx for our greeting or sign-in is not: we mend that, and the mail waits.
    private static bool IsFinal(SmtpCommandException refused, SmtpStep step) =>
        step >= SmtpStep.Mail && (int)refused.StatusCode >= 500;

    private static string? InWords(Exception fault) => fault switch
    {
        SocketException socket => $"it cannot be reached: {socket.SocketErrorCode}",
        SslHandshakeException => "its certificate or TLS is not accepted",
        AuthenticationException => "it refuses the sign-in",
        ServiceNotAuthenticatedException => "it asks for a sign-in",
        NotSupportedException => "it does not offer STARTTLS or the sign-in",
        IOException or ProtocolException => "it ends the conversation",
        _ => null,
    };

    /// <summary>The server's text for the log, without the shopper's address, which it may quote.</summary>
    private static string WithoutAddress(string words, MailboxAddress shopper)
    {
        var clean = Addresses().Replace(words, "[address]");
        clean = Regex.Replace(clean, $@"(?<![\w.]){Regex.Escape(shopper.LocalPart)}(?![\w.])", "[address]", RegexOptions.IgnoreCase);
        clean = Blanks().Replace(clean, " ").Trim();
        return clean.Length > MaxWords ? clean[..MaxWords] : clean;
    }

    [GeneratedRegex(@"[^\s<>""']+@[^\s<>""']+")]
    private static partial Regex Addresses();

    [GeneratedRegex(@"[\s\p{C}]+")]
    private static partial Regex Blanks();

    private NoticeAnswer Drop(MimeMessage mail, string name)
    {
        Directory.CreateDirectory(_mail.PickupFolder);
        if (Directory.EnumerateFiles(_mail.PickupFolder).Skip(MaxWaiting).Any())
        {
            return new NoticeAnswer(NoticeOutcome.Failed, Error: $"more than {MaxWaiting} mails wait in the pickup folder");
        }

        // Short lines and ASCII only, so that any program can send it unchanged.
        mail.Prepare(EncodingConstraint.SevenBit);

        // The same file at every try.
        AtomicFile.Write(Path.Combine(_mail.PickupFolder, name + ".eml"), stream => mail.WriteTo(stream));
        return new NoticeAnswer(NoticeOutcome.Accepted);
    }

    private static SecureSocketOptions Security(MailTls tls) => tls switch
    {
        MailTls.StartTls => SecureSocketOptions.StartTls,
        MailTls.Implicit => SecureSocketOptions.SslOnConnect,
        _ => SecureSocketOptions.None,
    };
}
