using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Lakala.Wire.Tls;

/// <summary>The server's certificate, or one above it, is not valid at the time of this machine's clock.</summary>
/// <param name="message">Why it is not accepted.</param>
/// <param name="goodFrom">The time from which the whole chain is valid.</param>
/// <param name="goodUntil">The time until which it is valid.</param>
/// <param name="inner">The exception of the handshake.</param>
public sealed class UntimelyCertificateException(string message, DateTimeOffset goodFrom, DateTimeOffset goodUntil, Exception inner) : AuthenticationException(message, inner)
{
    public DateTimeOffset GoodFrom { get; } = goodFrom;

    public DateTimeOffset GoodUntil { get; } = goodUntil;
}

/// <summary>Lines with or without TLS, and the TLS options of both sides.</summary>
public static class TlsLine
{
    public const SslProtocols Protocols = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>Only suites with an ephemeral key for each line (ECDHE) and an authenticated cipher (AEAD).</summary>
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

    // On Windows the system decides the suites.
    private static readonly CipherSuitesPolicy? Policy = OperatingSystem.IsWindows() ? null : new CipherSuitesPolicy(Suites);

    public static async Task<Stream> ConnectPlain(string host, int port, CancellationToken stop) =>
        new NetworkStream(await TcpConnect.ToHost(host, port, TimeProvider.System, stop), ownsSocket: true);

    /// <summary>TLS 1.2 or newer; the server's certificate must come from these CAs and name the host, whatever the machine trusts.</summary>
    /// <param name="own">For networks that ask their terminals for a certificate.</param>
    /// <exception cref="UntimelyCertificateException">The certificate is not valid now; this machine's clock may be wrong.</exception>
    /// <exception cref="AuthenticationException">The server's certificate is not accepted.</exception>
    public static async Task<Stream> Connect(string host, int port, TrustedCas cas, OwnCertificate? own, CancellationToken stop)
    {
        var tls = new SslStream(await ConnectPlain(host, port, stop));
        Func<Exception, AuthenticationException>? refusal = null;
        try
        {
            var options = Client(cas, own);
            options.TargetHost = host;

            // This callback accepts no more than the default does; it only reads the certificates, which are gone afterwards.
            options.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            {
                refusal = errors == SslPolicyErrors.None ? null : Refusal(certificate, chain, errors);
                return errors == SslPolicyErrors.None;
            };
            await tls.AuthenticateAsClientAsync(options, stop);
            return tls;
        }
        catch (AuthenticationException fault) when (refusal is not null)
        {
            await tls.DisposeAsync();
            throw refusal(fault);
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    private static Func<Exception, AuthenticationException> Refusal(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var message = $"The server's certificate is not accepted: {Why(certificate, chain, errors)}.";
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || chain!.ChainStatus.Any(status => status.Status != X509ChainStatusFlags.NotTimeValid))
        {
            return fault => new AuthenticationException(message, fault);
        }

        DateTimeOffset goodFrom = chain.ChainElements.Max(element => element.Certificate.NotBefore);
        DateTimeOffset goodUntil = chain.ChainElements.Min(element => element.Certificate.NotAfter);
        return fault => new UntimelyCertificateException($"{message} It is good from {goodFrom:u} to {goodUntil:u}.", goodFrom, goodUntil, fault);
    }

    private static string Why(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is null ? "it shows no certificate"
        : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? "it names another host"
        : string.Join(", ", chain?.ChainStatus.Select(status => status.Status) ?? []);

    public static SslClientAuthenticationOptions Client(TrustedCas cas, OwnCertificate? own = null) => new()
    {
        EnabledSslProtocols = Protocols,
        CipherSuitesPolicy = Policy,
        CertificateChainPolicy = cas.ChainPolicy(),

        // For a certificate without a chain .NET would look for issuers, also on the network.
        ClientCertificateContext = own?.Current,
    };

    /// <param name="offersTls13">What the client's <see cref="ClientHello"/> says.</param>
    /// <param name="clients">The CAs of clients that may connect; null: no client certificate is required.</param>
    /// <param name="refused">Called with the reason when a client's certificate is not accepted.</param>
    /// <remarks>
    /// Lines share the context of OpenSSL, some 20 KB, only when no suites are chosen. With TLS 1.3 none need be: all of its suites are
    /// good. A line that asks for a client's certificate has a context of its own, so that no earlier session takes the place of one.
    /// </remarks>
    public static SslServerAuthenticationOptions Server(OwnCertificate own, bool offersTls13, TrustedCas? clients = null, Action<string>? refused = null)
    {
        var isShared = clients is null && offersTls13;
        return new SslServerAuthenticationOptions
        {
            EnabledSslProtocols = isShared ? SslProtocols.Tls13 : Protocols,
            CipherSuitesPolicy = isShared ? null : Policy,
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

                    refused?.Invoke(Why(certificate, chain, errors));
                    return false;
                },
        };
    }
}
