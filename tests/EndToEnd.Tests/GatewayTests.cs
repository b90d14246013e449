using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lakala.Local;
using Lakala.Wire;

namespace Lakala.EndToEnd.Tests;

/// <summary>What stands between the network and a terminal's first authentic message, at a silo of its own.</summary>
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
                    // What has been sent, beside what the policy brings: nothing.
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

    public async ValueTask InitializeAsync() => Local = await Network.StartAnother(new LocalNetworkOptions { Terminals = 24 });

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
