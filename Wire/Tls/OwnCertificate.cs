using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Lakala.Wire.Tls;

/// <summary>
/// The certificate of one of our programs with its key and the chain above it, from PEM files. When the files change, new
/// connections get the new certificate; with invalid files the old one stays in use.
/// </summary>
public sealed class OwnCertificate
{
    /// <summary>The least time between two checks of the files.</summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(10);

    private readonly string _certificateFile;
    private readonly string _keyFile;
    private readonly TimeProvider _time;
    private readonly Lock _looking = new();
    private Files _inForce;
    private volatile SslStreamCertificateContext _current;
    private string? _refusal;
    private long _lookedAt;

    /// <exception cref="CryptographicException">The files do not hold a certificate.</exception>
    /// <exception cref="ArgumentException">The key belongs to another certificate.</exception>
    public OwnCertificate(string certificateFile, string keyFile, TimeProvider time)
    {
        (_certificateFile, _keyFile, _time) = (certificateFile, keyFile, time);
        _inForce = Files.Read(certificateFile, keyFile);
        _current = _inForce.ToContext();
        _lookedAt = time.GetTimestamp();
    }

    /// <summary>Raised when the files have changed, with the result.</summary>
    public Action<string>? Changed { get; set; }

    /// <summary>For the next connection.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            lock (_looking)
            {
                if (_time.GetElapsedTime(_lookedAt) >= LookInterval)
                {
                    _lookedAt = _time.GetTimestamp();
                    Look();
                }
            }

            return _current;
        }
    }

    public DateTimeOffset NotAfter => Current.TargetCertificate.NotAfter;

    private void Look()
    {
        var refusal = Take();
        if (refusal is not null && refusal != _refusal)
        {
            Changed?.Invoke($"{_certificateFile} or {_keyFile} has changed and is not taken, the old certificate stays: {refusal}");
        }

        _refusal = refusal;
    }

    /// <returns>Why the files are not used; null when they are.</returns>
    private string? Take()
    {
        try
        {
            var files = Files.Read(_certificateFile, _keyFile);
            if (files == _inForce)
            {
                return null;
            }

            var fresh = files.ToContext();
            if (WhyNotNow(fresh.TargetCertificate) is { } why)
            {
                return why;
            }

            (_inForce, _current) = (files, fresh);
            Changed?.Invoke($"{_certificateFile} has changed and is shown from now on. It is good until {Utc(fresh.TargetCertificate.NotAfter)}.");
            return null;
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            return fault.Message;
        }
    }

    private string? WhyNotNow(X509Certificate2 certificate)
    {
        var now = _time.GetUtcNow();
        return now < certificate.NotBefore ? $"It is good from {Utc(certificate.NotBefore)} on."
            : now > certificate.NotAfter ? $"It was good until {Utc(certificate.NotAfter)}."
            : null;
    }

    private static string Utc(DateTimeOffset moment) => moment.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private sealed record Files(string Certificates, string Key)
    {
        public static Files Read(string certificateFile, string keyFile) => new(File.ReadAllText(certificateFile), File.ReadAllText(keyFile));

        // Throws unless the first certificate belongs to the key; the others are the intermediate ones up to the CA.
        public SslStreamCertificateContext ToContext()
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(Certificates);
            return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(Certificates, Key), chain, offline: true);
        }

        public override string ToString() => "certificate and key";
    }
}
