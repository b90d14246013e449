using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Lakala.Wire.Tls;

/// <summary>All CAs of a file: while a CA is changed, certificates of both are valid.</summary>
public sealed class TrustedCas
{
    private readonly X509Certificate2Collection _cas;

    private TrustedCas(X509Certificate2Collection cas) => _cas = cas;

    public int Count => _cas.Count;

    /// <summary>A PEM file of any number of certificates, or a DER file of one.</summary>
    /// <exception cref="CryptographicException">The file has no certificate.</exception>
    public static TrustedCas Read(string file)
    {
        var cas = new X509Certificate2Collection();
        cas.ImportFromPemFile(file);
        if (cas.Count == 0)
        {
            cas.Add(X509CertificateLoader.LoadCertificateFromFile(file));
        }

        return new TrustedCas(cas);
    }

    /// <summary>
    /// The policy for one chain: it must end at one of these CAs, whatever the machine trusts. Missing certificates are not
    /// downloaded, because the other side chooses the address.
    /// </summary>
    public X509ChainPolicy ChainPolicy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(_cas);
        policy.ExtraStore.AddRange(_cas);
        return policy;
    }
}
