using System.Net;
using System.Net.Sockets;
using Lakala.Grains.Bills;
using Lakala.Grains.Notices;
using Lakala.Grains.Storage;
using Lakala.Silo.BillPages;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Lakala.Silo.ShopperNotices;

/// <summary>
/// How mails go out: over SMTP when a host is set, else as files into a folder from which somebody picks them up. With neither,
/// shoppers have no mails.
/// </summary>
public sealed class MailOptions
{
    public string Host { get; set; } = "";

    public int Port { get; set; } = 587;

    public MailTls Tls { get; set; } = MailTls.StartTls;

    /// <summary>
    /// Whether the server's certificate must be known not to be revoked. False where its authority publishes no list of revoked ones,
    /// or the silo cannot reach it.
    /// </summary>
    public bool CheckRevocation { get; set; } = true;

    public string User { get; set; } = "";

    /// <summary>Owner-only file with the password.</summary>
    public string PasswordFile { get; set; } = "";

    /// <summary>The sender, as address or with a name before it: <c>Lakala &lt;bills@example.com&gt;</c>. A mail server must be told one.</summary>
    public string From { get; set; } = "";

    public string PickupFolder { get; set; } = "";

    public string Sender => From.Length > 0 ? From : "Lakala <bills@localhost>";

    public bool IsOn => Host.Length > 0 || PickupFolder.Length > 0;

    public sealed class Validator : IValidateOptions<MailOptions>
    {
        public ValidateOptionsResult Validate(string? name, MailOptions options) =>
            options is { Host.Length: > 0, From.Length: 0 }
                ? ValidateOptionsResult.Fail("Mail:Host is set, and Mail:From is not.")
            : !MailboxAddress.TryParse(options.Sender, out var from) || !from.Address.Contains('@', StringComparison.Ordinal)
                ? ValidateOptionsResult.Fail($"Mail:From is a mail address, perhaps with a name before it; '{options.From}' is none.")
            : options is { Host.Length: > 0, Tls: MailTls.None } && !(IPAddress.TryParse(options.Host, out var address) && IPAddress.IsLoopback(address))
                ? ValidateOptionsResult.Fail("Mail:Tls may be None only to a loopback address: mails name what people buy.")
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

/// <summary>Tells shoppers by mail.</summary>
internal sealed class MailChannel : INoticeChannel, IDisposable
{
    // Pixels of a module: a barcode of 14 digits is 121 modules wide, and a phone shows it in half as many points.
    private const int BarcodeModule = 3, BarcodeHeight = 132, QrModule = 6;
    private const int MaxConnections = 4;
    private const int MaxWaiting = 10_000;

    private readonly MailOptions _mail;
    private readonly NoticeOptions _notices;
    private readonly string _publicUrl;
    private readonly StoreFinder _stores;
    private readonly PageRenderer _renderer;
    private readonly TimeProvider _time;
    private readonly MailboxAddress _from;
    private readonly NetworkCredential? _login;
    private readonly SemaphoreSlim _connections = new(MaxConnections);

    public MailChannel(
        IOptions<MailOptions> mail,
        IOptions<NoticeOptions> notices,
        IOptions<BillPageOptions> pages,
        StoreFinder stores,
        PageRenderer renderer,
        TimeProvider time)
    {
        (_mail, _notices, _publicUrl) = (mail.Value, notices.Value, pages.Value.PublicUrl);
        (_stores, _renderer, _time) = (stores, renderer, time);
        _from = MailboxAddress.Parse(_mail.Sender);
        _login = _mail.User.Length == 0 ? null : new NetworkCredential(_mail.User, SecretText.Read(_mail.PasswordFile, "Mail:PasswordFile"));
    }

    public bool Serves(string receiver) => receiver == ShopperReceivers.Mail && _mail.IsOn;

    public async Task<NoticeAnswer> Send(Notice notice, CancellationToken stop)
    {
        using var over = new CancellationTokenSource(_notices.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, stop);
        try
        {
            if (await Compose(notice, either.Token) is not { } mail)
            {
                return NoticeAnswer.Skipped("there is nothing left to tell");
            }

            using (mail)
            {
                return _mail.Host.Length > 0 ? await Submit(mail, either.Token) : await Drop(mail, EventName.Of(notice.EventId), either.Token);
            }
        }
        catch (ParseException)
        {
            return new NoticeAnswer(null, "the shopper's address is none that a mail can have", IsFinal: true);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            return new NoticeAnswer(null, $"the mail server takes longer than {_notices.Timeout.TotalSeconds} s");
        }
    }

    public void Dispose() => _connections.Dispose();

    private async Task<MimeMessage?> Compose(Notice notice, CancellationToken stop)
    {
        var bill = notice.Bill!;
        var paidIn = bill.Payment is { } payment ? await _stores.Get(payment.Store, stop) : null;
        var name = paidIn is null ? null : StoresShown.Name(paidIn, Texts.In(bill.ShopperLanguage));
        if (ShopperMessage.Of(notice.Type, bill, BillView.PayUrl(bill, _publicUrl), name) is not { } message)
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

        var mail = new MimeMessage
        {
            Subject = message.Subject,
            Date = _time.GetUtcNow(),

            // The same at every try: a mail program that has it twice can tell.
            MessageId = $"{EventName.Of(notice.EventId)}@{_from.Domain}",
            Body = body.ToMessageBody(),
        };
        mail.From.Add(_from);
        mail.To.Add(new MailboxAddress(bill.ShopperName, bill.ShopperEmail!));
        mail.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        return mail;
    }

    private static void Attach(BodyBuilder body, byte[] png, string name, string id) =>
        body.LinkedResources.Add(name, png, new ContentType("image", "png")).ContentId = id;

    private async Task<NoticeAnswer> Submit(MimeMessage mail, CancellationToken stop)
    {
        await _connections.WaitAsync(stop);
        try
        {
            using var smtp = new SmtpClient { CheckCertificateRevocation = _mail.CheckRevocation };
            await smtp.ConnectAsync(_mail.Host, _mail.Port, Security(_mail.Tls), stop);
            if (_login is not null)
            {
                await smtp.AuthenticateAsync(_login, stop);
            }

            await smtp.SendAsync(mail, stop);
            await smtp.DisconnectAsync(quit: true, stop);
            return new NoticeAnswer(null, null);
        }
        catch (SmtpCommandException refused)
        {
            // The server's words may quote the address.
            return new NoticeAnswer((int)refused.StatusCode, $"the mail server refuses with {(int)refused.StatusCode}");
        }
        catch (Exception fault) when (InWords(fault) is { } why)
        {
            return new NoticeAnswer(null, $"the mail server cannot be used: {why}");
        }
        finally
        {
            _connections.Release();
        }
    }

    private static string? InWords(Exception fault) => fault switch
    {
        SocketException socket => $"it cannot be reached: {socket.SocketErrorCode}",
        SslHandshakeException => "its certificate or TLS is not accepted",
        AuthenticationException => "it refuses the sign-in",
        NotSupportedException => "it does not offer STARTTLS or the sign-in",
        IOException or ProtocolException => "it ends the conversation",
        _ => null,
    };

    private async Task<NoticeAnswer> Drop(MimeMessage mail, string name, CancellationToken stop)
    {
        Directory.CreateDirectory(_mail.PickupFolder);
        if (Directory.EnumerateFiles(_mail.PickupFolder).Skip(MaxWaiting).Any())
        {
            return new NoticeAnswer(null, $"more than {MaxWaiting} mails wait in the pickup folder");
        }

        // Whoever picks it up need not mend it: short lines, and ASCII alone.
        mail.Prepare(EncodingConstraint.SevenBit);

        // Whole or not at all, and the same file at every try.
        var file = Path.Combine(_mail.PickupFolder, name);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using (var stream = new FileStream(file + ".tmp", options))
        {
            await mail.WriteToAsync(stream, stop);
            stream.Flush(flushToDisk: true);
        }

        File.Move(file + ".tmp", file + ".eml", overwrite: true);
        return new NoticeAnswer(null, null);
    }

    private static SecureSocketOptions Security(MailTls tls) => tls switch
    {
        MailTls.StartTls => SecureSocketOptions.StartTls,
        MailTls.Implicit => SecureSocketOptions.SslOnConnect,
        _ => SecureSocketOptions.None,
    };
}
