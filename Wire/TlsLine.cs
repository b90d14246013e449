using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Lakala.Wire;

/// <summary>Connections to the other side, with or without TLS.</summary>
public static class TlsLine
{
    public static async Task<Stream> ConnectPlain(string host, int port, CancellationToken stop)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>TLS 1.2 or newer; the server's certificate must come from this CA and name the host, whatever the machine trusts.</summary>
    /// <param name="client">For networks that ask their terminals for a certificate.</param>
    /// <exception cref="AuthenticationException">The server is not who it should be.</exception>
    public static async Task<Stream> Connect(string host, int port, X509Certificate2 pinnedCa, X509Certificate2? client, CancellationToken stop)
    {
        var tls = new SslStream(await ConnectPlain(host, port, stop));
        var trust = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        trust.CustomTrustStore.Add(pinnedCa);
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    CertificateChainPolicy = trust,
                    ClientCertificates = client is null ? null : [client],
                },
                stop);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }
}
