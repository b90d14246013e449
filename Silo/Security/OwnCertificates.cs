using System.Diagnostics.Metrics;
using Lakala.Storage;
using Lakala.Wire.Tls;

namespace Lakala.Silo.Security;

/// <summary>A certificate of this silo.</summary>
/// <param name="Use">Its use, as a label of the metric.</param>
public sealed record NamedCertificate(string Use, OwnCertificate Own);

/// <summary>The certificates of this silo: logs their changes, and exports the time until they expire.</summary>
public sealed class OwnCertificates
{
    private static readonly Meter Meter = new(Instrumentation.Name);

    private readonly Dictionary<string, OwnCertificate> _all;

    public OwnCertificates(IEnumerable<NamedCertificate> certificates, TimeProvider time, ILogger<OwnCertificates> log)
    {
        _all = certificates.ToDictionary(static entry => entry.Use, static entry => entry.Own);
        foreach (var own in _all.Values)
        {
            own.Changed = what => log.LogWarning("{What}", what);
        }

        Meter.CreateObservableGauge("lakala.certificate.remaining", () => _all.Select(entry => new Measurement<double>(
            (entry.Value.NotAfter - time.GetUtcNow()).TotalSeconds, new KeyValuePair<string, object?>("use", entry.Key))), "s");
    }

    /// <exception cref="KeyNotFoundException">There is none for this use.</exception>
    public OwnCertificate Find(string use) => _all[use];
}
