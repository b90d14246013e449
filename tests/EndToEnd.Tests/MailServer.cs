using System.Diagnostics;
using Lakala.Local;
using Lakala.Testing;
using MimeKit;

namespace Lakala.EndToEnd.Tests;

/// <summary>A real SMTP server process (aiosmtpd), which keeps every accepted mail: over TLS, after a sign-in.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    public const string User = "lakala", Password = "a secret of the mail server";

    private readonly Process _process;
    private readonly string _folder;

    private MailServer(Process process, string folder, int port, string authority) =>
        (_process, _folder, Port, Authority) = (process, folder, port, authority);

    public int Port { get; }

    /// <summary>PEM file of the CA of its certificate.</summary>
    public string Authority { get; }

    public static async Task<MailServer> Start()
    {
        var folder = Directory.CreateTempSubdirectory("lakala-smtp-").FullName;
        var certificates = LocalCertificates.Ensure(folder, TimeProvider.System);
        var port = FreePorts.Take(1)[0];
        var process = Process.Start(new ProcessStartInfo(
            "/usr/bin/python3",
            [
                Path.Combine(AppContext.BaseDirectory, "mail_server.py"), $"{port}", folder,
                certificates.Certificate, certificates.CertificateKey, User, Password,
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        (await process.StandardOutput.ReadLineAsync(Shop.Stop)).Should().Be("ready");
        return new MailServer(process, folder, port, certificates.Authority);
    }

    /// <summary>Sets whether it refuses mails as a server that is too busy.</summary>
    public void Refuse(bool refuses)
    {
        var sign = Path.Combine(_folder, "refuse");
        if (refuses)
        {
            File.WriteAllText(sign, "");
        }
        else
        {
            File.Delete(sign);
        }
    }

    /// <summary>The mails to this address in the order of arrival, as soon as there is this number.</summary>
    public Task<List<MimeMessage>> Until(string address, int count) =>
        Eventually.Is(() => Task.FromResult(MailFolder.Read(_folder, address)), mails => mails.Count >= count, $"{count} mails to {address}");

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

internal static class MailFolder
{
    public static List<MimeMessage> Read(string folder, string address) => !Directory.Exists(folder)
        ? []
        : [.. Directory.GetFiles(folder, "*.eml").Order(StringComparer.Ordinal).Select(file => MimeMessage.Load(file))
            .Where(mail => mail.To.Mailboxes.Any(to => to.Address == address))];
}
