using System.Diagnostics;
using Lakala.Local;
using Lakala.Testing;
using MimeKit;

namespace Lakala.EndToEnd.Tests;

/// <summary>A real SMTP server as a process of its own (aiosmtpd), which keeps every mail that it takes: over TLS, from who has signed in.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    public const string User = "lakala", Password = "a secret of the mail server";

    private readonly Process _process;
    private readonly string _folder;

    private MailServer(Process process, string folder, int port, string authority) =>
        (_process, _folder, Port, Authority) = (process, folder, port, authority);

    public int Port { get; }

    /// <summary>PEM file of the authority that its certificate comes from.</summary>
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

    /// <summary>From now on it refuses what comes, as a server does that is too busy; or not any more.</summary>
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

    /// <summary>The mails to this address, in the order in which they came, as soon as there are so many.</summary>
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
