using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Lakala.Wire;

/// <summary>Lines with or without TLS, and what TLS is on both sides of ours.</summary>
public static class TlsLine
{
    public const SslProtocols Protocols = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>A fresh key for every line (ECDHE), and ciphers that authenticate what they encipher (AEAD). Nothing else.</summary>
    public static readonly IReadOnlyList<TlsCipherSuite> Suites =
    [
        TlsCipherSuite.TLS_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    // On Windows the system says which suites there are.
    private static readonly CipherSuitesPolicy? Policy = OperatingSystem.IsWindows() ? null : new CipherSuitesPolicy(Suites);

    public static async Task<Stream> ConnectPlain(string host, int port, CancellationToken stop) =>
        new NetworkStream(await TcpConnect.ToHost(host, port, TimeProvider.System, stop), ownsSocket: true);

    /// <summary>TLS 1.2 or newer; the server's certificate must come from these CAs and name the host, whatever the machine trusts.</summary>
    /// <param name="own">For networks that ask their terminals for a certificate.</param>
    /// <exception cref="AuthenticationException">The server is not who it should be.</exception>
    public static async Task<Stream> Connect(string host, int port, TrustedCas cas, OwnCertificate? own, CancellationToken stop)
    {
        var tls = new SslStream(await ConnectPlain(host, port, stop));
        try
        {
            var options = Client(cas, own);
            options.TargetHost = host;
            await tls.AuthenticateAsClientAsync(options, stop);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    public static SslClientAuthenticationOptions Client(TrustedCas cas, OwnCertificate? own = null) => new()
    {
        EnabledSslProtocols = Protocols,
        CipherSuitesPolicy = Policy,
        CertificateChainPolicy = cas.ChainPolicy(),

        // A certificate alone would have its issuers looked for, on the network too.
        ClientCertificateContext = own?.Current,
    };

    /// <param name="clients">The CAs of those who may connect; null: nobody is asked for a certificate.</param>
    /// <param name="refused">Hears of a certificate that is not accepted, and why.</param>
    public static SslServerAuthenticationOptions Server(OwnCertificate own, TrustedCas? clients = null, Action<string>? refused = null) => new()
    {
        EnabledSslProtocols = Protocols,
        CipherSuitesPolicy = Policy,
        ServerCertificateContext = own.Current,
        ClientCertificateRequired = clients is not null,
        CertificateChainPolicy = clients?.ChainPolicy(),
        RemoteCertificateValidationCallback = clients is null
            ? null
            : (_, certificate, chain, errors) =>
            {
                if (errors == SslPolicyErrors.None)
                {
                    return true;
                }

                refused?.Invoke(certificate is null ? "it shows no certificate" : string.Join(", ", chain?.ChainStatus.Select(status => status.Status) ?? []));
                return false;
            },
    };
}
