using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lakala.Local;
using Lakala.Testing;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Tls;

namespace Lakala.EndToEnd.Tests;

/// <summary>The bounds before a terminal's first authentic message, at a separate silo.</summary>
public sealed class GatewayTests(GatewayNetwork network) : IClassFixture<GatewayNetwork>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_renewed_certificate_is_shown_with_its_chain_to_new_lines_while_old_ones_stay()
    {
        await using var before = await RawTerminal.SignedOn(network.Local, network.NewTerminal());
        (await SentChain()).Should().HaveCount(1);

        var intermediate = network.RenewCertificate();

        await Eventually.Is(async () => (await SentChain()).Contains(intermediate), "the new chain is shown");
        await using var after = await RawTerminal.SignedOn(network.Local, network.NewTerminal());
        (await before.AskWell(before.Network(NetworkCode.Echo).ToIso())).Text(39).Should().Be(ResponseCodes.Approved);
    }

    [Fact]
    public async Task Sockets_that_say_nothing_keep_no_terminal_waiting()
    {
        var sockets = new List<Stream>();
        try
        {
            for (var silent = 0; silent < 50; silent++)
            {
                sockets.Add(await Socket());

                // The beginning of a handshake counts as nothing.
                await sockets[^1].WriteAsync(new byte[] { 22, 3, 1, 2, 0, 1 }.AsMemory(0, silent % 7), Stop);
            }

            var begun = TimeProvider.System.GetTimestamp();
            await using var terminal = await RawTerminal.SignedOn(network.Local, network.NewTerminal());
            TimeProvider.System.GetElapsedTime(begun).Should().BeLessThan(HandshakeTimeout, "not one of them has had to be waited for");
        }
        finally
        {
            foreach (var socket in sockets)
            {
                await socket.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task A_socket_that_says_something_else_than_a_handshake_is_closed()
    {
        await using var socket = await Socket();
        await socket.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), Stop);

        (await Ends(socket)).Should().BeTrue();
    }

    [Fact]
    public async Task A_line_that_says_nothing_authentic_is_closed_whatever_it_says()
    {
        await using var terminal = await RawTerminal.Connected(network.Local, network.NewTerminal());
        var (hint, _) = await terminal.Ask(terminal.Network(NetworkCode.Echo).ToIso(), null);
        hint!.Text(39).Should().Be(ResponseCodes.SignOnFirst);

        (await terminal.Read(null)).Answer.Should().BeNull("the line is closed, long before it has been idle for its time");
    }

    [Fact]
    public async Task After_three_hints_a_line_is_closed_and_a_terminal_that_signs_on_in_time_keeps_it()
    {
        await using var terminal = await RawTerminal.Connected(network.Local, network.NewTerminal());
        for (var round = 0; round < 2; round++)
        {
            (await terminal.Ask(terminal.Network(NetworkCode.Echo).ToIso(), null)).Answer!.Text(39).Should().Be(ResponseCodes.SignOnFirst);
        }

        await terminal.SignOn();
        (await terminal.AskWell(terminal.Network(NetworkCode.Echo).ToIso())).Text(39).Should().Be(ResponseCodes.Approved);
        for (var round = 0; round < 3; round++)
        {
            (await terminal.Ask((terminal.Network(NetworkCode.Echo) with { KeySet = 99 }).ToIso(), null)).Answer!.Text(39)
                .Should().Be(ResponseCodes.SignOnFirst);
        }

        (await terminal.Read(null)).Answer.Should().BeNull();
    }

    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(5);

    private Task<Stream> Socket() => TlsLine.ConnectPlain(network.Local.Terminal.Host, network.Local.Terminal.Port, Stop);

    private static async Task<bool> Ends(Stream socket)
    {
        try
        {
            return await socket.ReadAsync(new byte[1], Stop) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <returns>Subjects of the certificates that the gateway sends.</returns>
    private async Task<string[]> SentChain()
    {
        string[] sent = [];
        await using var tls = new SslStream(await TlsLine.ConnectPlain(network.Local.Terminal.Host, network.Local.Terminal.Port, Stop));
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = network.Local.Terminal.Host,
                RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
                {
                    // Only certificates that the server has sent, and none of the policy.
                    sent = [.. chain!.ChainPolicy.ExtraStore.Select(extra => extra.Subject).Append(certificate!.Subject).Distinct()];
                    return true;
                },
            },
            Stop);
        return sent;
    }
}

/// <summary>A silo that watches its terminals' lines closely.</summary>
public sealed class GatewayNetwork : IAsyncLifetime
{
    private int _terminals;

    public LocalNetwork Local { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Local = await Network.StartAnother(new LocalNetworkOptions
    {
        Terminals = 24,
        Silo = new Dictionary<string, string> { ["TerminalGateway__FirstMessageTimeout"] = "00:00:04" },
    });

    public ValueTask DisposeAsync() => Local.DisposeAsync();

    /// <summary>One that no other test has used.</summary>
    public SeededTerminal NewTerminal() => Local.Seed.Terminals[Interlocked.Increment(ref _terminals) - 1];

    /// <summary>Puts a certificate of an intermediate below the network's authority where the gateway's files are.</summary>
    /// <returns>The intermediate's subject.</returns>
    public string RenewCertificate()
    {
        const string Name = "CN=Lakala test intermediate";
        var folder = Path.GetDirectoryName(Local.Terminal.Ca)!;
        var (certificateFile, keyFile) = (Path.Combine(folder, "gateway.pem"), Path.Combine(folder, "gateway.key"));
        using var authority = X509Certificate2.CreateFromPemFile(Local.Terminal.Ca, Path.Combine(folder, "ca.key"));
        using var old = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        using var above = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var intermediate = Sign(Name, above, authority, [new X509BasicConstraintsExtension(true, false, 0, true)]).CopyWithPrivateKey(above);
        using var key = old.GetECDsaPrivateKey()!;
        using var renewed = Sign(old.Subject, key, intermediate, old.Extensions.OfType<X509SubjectAlternativeNameExtension>());
        File.WriteAllText(certificateFile, renewed.ExportCertificatePem() + "\n" + intermediate.ExportCertificatePem() + "\n");
        return Name;

        static X509Certificate2 Sign(string name, ECDsa key, X509Certificate2 issuer, IEnumerable<X509Extension> extensions)
        {
            var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false));
            foreach (var extension in extensions)
            {
                request.CertificateExtensions.Add(extension);
            }

            return request.Create(issuer, issuer.NotBefore, issuer.NotBefore.AddDays(30), RandomNumberGenerator.GetBytes(16));
        }
    }
}
