using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lakala.Wire.Tls;

namespace Lakala.Wire.Tests;

/// <summary>A certificate that may sign others, and its key: a root, or an intermediate below one.</summary>
internal sealed class TestCa
{
    private readonly X509Certificate2 _certificate;

    private TestCa(X509Certificate2 certificate) => _certificate = certificate;

    public string Pem => _certificate.ExportCertificatePem() + "\n";

    public static TestCa Root(string name) => new(Sign(name, null, isCa: true, DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(150), null, null));

    public TestCa Intermediate(string name) => new(Sign(name, _certificate, isCa: true, _certificate.NotBefore, _certificate.NotAfter, null, null));

    /// <param name="issuerAddress">The address of the issuer's certificate in the certificate (AIA).</param>
    public X509Certificate2 Issue(string name, DateTimeOffset? until = null, string? use = null, string? issuerAddress = null) =>
        Sign(name, _certificate, isCa: false, _certificate.NotBefore, until ?? _certificate.NotAfter, use, issuerAddress);

    private static X509Certificate2 Sign(
        string name, X509Certificate2? issuer, bool isCa, DateTimeOffset from, DateTimeOffset until, string? use, string? issuerAddress)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isCa, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (issuer is null)
        {
            return request.CreateSelfSigned(from, until);
        }

        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        if (use is not null)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], false));
        }

        if (issuerAddress is not null)
        {
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(null, [issuerAddress], false));
        }

        using var certificate = request.Create(issuer, from, until, RandomNumberGenerator.GetBytes(16));
        return certificate.CopyWithPrivateKey(key);
    }
}

/// <summary>PEM files in a separate folder.</summary>
internal sealed class PemFiles : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("lakala-pem");

    public string Certificate => Path.Combine(_folder.FullName, "own.pem");

    public string Key => Path.Combine(_folder.FullName, "own.key");

    /// <returns>The files as one of our servers uses them.</returns>
    public OwnCertificate Show(TimeProvider time, X509Certificate2 own, params TestCa[] chain)
    {
        Write(own, chain);
        return new OwnCertificate(Certificate, Key, time);
    }

    public void Write(X509Certificate2 own, params TestCa[] chain)
    {
        WriteCertificate(own, chain);
        using var key = own.GetECDsaPrivateKey()!;
        File.WriteAllText(Key, key.ExportPkcs8PrivateKeyPem());
    }

    public void WriteCertificate(X509Certificate2 own, params TestCa[] chain) =>
        File.WriteAllText(Certificate, own.ExportCertificatePem() + "\n" + string.Concat(chain.Select(ca => ca.Pem)));

    public TrustedCas Trust(params TestCa[] cas)
    {
        var file = Path.Combine(_folder.FullName, "cas.pem");
        File.WriteAllText(file, string.Concat(cas.Select(ca => ca.Pem)));
        return TrustedCas.Read(file);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
