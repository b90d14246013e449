using System.Security.Cryptography.X509Certificates;

namespace Lakala.Silo;

/// <summary>Of those who must show where they come from: terminals, in networks that ask for it, and other silos.</summary>
public static class PeerCertificates
{
    public static bool ComesFrom(X509Certificate2 ca, X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(ca);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }
}
