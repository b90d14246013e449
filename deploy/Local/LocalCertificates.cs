using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lakala.Wire.Files;

namespace Lakala.Local;

/// <summary>
/// The gateway's certificate and the CA that terminals trust, as PEM files in one folder: made once and kept across restarts.
/// The certificate is renewed under the same CA before it expires.
/// </summary>
public sealed record LocalCertificates(string Authority, string Certificate, string CertificateKey)
{
    private static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(3650), CertificateLife = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30), ClockSkew = TimeSpan.FromHours(1);

    public static LocalCertificates Ensure(string folder, TimeProvider time)
    {
        var files = new LocalCertificates(
            Path.Combine(folder, "ca.pem"), Path.Combine(folder, "gateway.pem"), Path.Combine(folder, "gateway.key"));
        var authorityKey = Path.Combine(folder, "ca.key");
        var now = time.GetUtcNow();
        var renewed = !IsFresh(files.Authority, authorityKey, now);
        if (renewed)
        {
            using var authority = MakeAuthority(now);
            Write(authority, files.Authority, authorityKey);
        }

        if (renewed || !IsFresh(files.Certificate, files.CertificateKey, now))
        {
            using var authority = X509Certificate2.CreateFromPemFile(files.Authority, authorityKey);
            using var certificate = MakeCertificate(authority, now);
            Write(certificate, files.Certificate, files.CertificateKey);
        }

        return files;
    }

    private static bool IsFresh(string certificateFile, string keyFile, DateTimeOffset now)
    {
        if (!File.Exists(certificateFile) || !File.Exists(keyFile))
        {
            return false;
        }

        using var certificate = X509CertificateLoader.LoadCertificateFromFile(certificateFile);
        return certificate.NotAfter > (now + RenewBefore).LocalDateTime;
    }

    private static X509Certificate2 MakeAuthority(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Lakala local authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 1, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(now - ClockSkew, now + AuthorityLife);
    }

    private static X509Certificate2 MakeCertificate(X509Certificate2 authority, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        var request = new CertificateRequest("CN=Lakala terminal gateway", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        // For server and client: silos use the same certificate in both directions.
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new Oid("1.3.6.1.5.5.7.3.1", "serverAuth"), new Oid("1.3.6.1.5.5.7.3.2", "clientAuth")], false));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        using var certificate = request.Create(authority, now - ClockSkew, now + CertificateLife, RandomNumberGenerator.GetBytes(16));
        return certificate.CopyWithPrivateKey(key);
    }

    private static void Write(X509Certificate2 certificate, string certificateFile, string keyFile)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        AtomicFile.Write(keyFile, key.ExportPkcs8PrivateKeyPem() + "\n");
        AtomicFile.Write(certificateFile, certificate.ExportCertificatePem() + "\n", AtomicFile.ReadByAll);
    }
}
