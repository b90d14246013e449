using System.Diagnostics.Metrics;
using Lakala.Silo.Gateway;
using Lakala.Storage;
using Lakala.Wire.Tls;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Security;

/// <summary>The certificate of this silo for other silos.</summary>
public sealed record ClusterCertificate(OwnCertificate Own);

/// <summary>The certificates of this silo: logs their changes, and exports the time until they expire.</summary>
public sealed class OwnCertificates
{
    private static readonly Meter Meter = new(Instrumentation.Name);

    public OwnCertificates(IOptions<TerminalGatewayOptions> options, TimeProvider time, ILogger<OwnCertificates> log, ClusterCertificate? cluster = null)
    {
        Gateway = new OwnCertificate(options.Value.Certificate, options.Value.CertificateKey, time);
        var all = new Dictionary<string, OwnCertificate> { ["gateway"] = Gateway };
        if (cluster is not null)
        {
            all["cluster"] = cluster.Own;
        }

        foreach (var own in all.Values)
        {
            own.Changed = what => log.LogWarning("{What}", what);
        }

        Meter.CreateObservableGauge("lakala.certificate.remaining", () => all.Select(shown => new Measurement<double>(
            (shown.Value.NotAfter - time.GetUtcNow()).TotalSeconds, new KeyValuePair<string, object?>("use", shown.Key))), "s");
    }

    /// <summary>The certificate for terminals.</summary>
    public OwnCertificate Gateway { get; }
}
