using System.Net;
using System.Net.Security;
using Lakala.Silo.Security;
using Lakala.Storage.Silos;
using Lakala.Storage.Swipes;
using Lakala.Wire.Tls;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Connections.Security;

namespace Lakala.Silo.Hosting;

/// <summary>How silos find each other.</summary>
public enum Membership
{
    /// <summary>This silo is alone.</summary>
    Alone,

    /// <summary>Through a table in the database of the books.</summary>
    PostgreSql,
}

/// <summary>The settings of this silo in its cluster.</summary>
public sealed class SiloClusterOptions
{
    public Membership Membership { get; set; } = Membership.Alone;

    /// <summary>Silos with the same id are one cluster.</summary>
    public string Id { get; set; } = "lakala";

    /// <summary>The IP address at which the other silos reach this one.</summary>
    public string Address { get; set; } = "127.0.0.1";

    public int SiloPort { get; set; } = 11111;

    /// <summary>PEM files of this silo's certificate and its key, for the other silos. Empty: no TLS, on this machine only.</summary>
    public string Certificate { get; set; } = "";

    public string CertificateKey { get; set; } = "";

    /// <summary>PEM file of the CAs of all silos' certificates: a peer with a certificate of theirs is a silo.</summary>
    public string Ca { get; set; } = "";

    public bool UsesTls => Certificate.Length > 0;

    public sealed class Validator : IValidateOptions<SiloClusterOptions>
    {
        public ValidateOptionsResult Validate(string? name, SiloClusterOptions options) =>
            Fault(options) is { } fault ? ValidateOptionsResult.Fail(fault) : ValidateOptionsResult.Success;

        private static string? Fault(SiloClusterOptions options) =>
            !IPAddress.TryParse(options.Address, out var address) ? $"Cluster:Address must be an IP address; it is '{options.Address}'."
            : options.SiloPort is <= 0 or > 65535 ? "Cluster:SiloPort must be 1 to 65535."
            : options.Id.Length == 0 ? "Cluster:Id is empty: silos with the same id are one cluster."
            : options.UsesTls ? Missing("Certificate", options.Certificate) ?? Missing("CertificateKey", options.CertificateKey) ?? Missing("Ca", options.Ca)
            : options.Membership != Membership.Alone && !IPAddress.IsLoopback(address)
                ? "Cluster:Certificate, CertificateKey and Ca are needed: cards pass between silos, over TLS wherever they leave this machine."
            : null;

        private static string? Missing(string key, string path) => File.Exists(path) ? null : $"Cluster:{key} must name a PEM file; there is no file '{path}'.";
    }
}

internal static class Cluster
{
    // Grains are reentrant: a grain with this many waiting calls is being flooded.
    private const int MaxQueueOfAGrain = 1_000;

    /// <summary>Adds grains, the time-outs of their calls, and the membership of the cluster.</summary>
    public static void AddCluster(this WebApplicationBuilder builder) => builder.UseOrleans(silo =>
    {
        var cluster = builder.Configuration.GetSection("Cluster").Get<SiloClusterOptions>() ?? new SiloClusterOptions();
        if (cluster.Membership == Membership.Alone)
        {
            silo.UseLocalhostClustering(cluster.SiloPort, gatewayPort: 0, serviceId: cluster.Id, clusterId: cluster.Id);
        }
        else
        {
            Join(silo, cluster);
        }

        silo.Services.AddOptions<SiloMessagingOptions>().Configure<IOptions<SwipeOptions>>((messaging, swipe) =>
        {
            // A swipe may take until the sweeper takes it; a call of three times that length is stuck.
            messaging.ResponseTimeout = swipe.Value.SweepAfter;
            messaging.MaxRequestProcessingTime = 3 * swipe.Value.SweepAfter;
            messaging.MaxEnqueuedRequestsHardLimit = messaging.MaxEnqueuedRequestsHardLimit_StatelessWorker = MaxQueueOfAGrain;
        });
        silo.Configure<GrainCollectionOptions>(options =>
        {
            options.CollectionQuantum = TimeSpan.FromSeconds(30);
            options.CollectionAge = TimeSpan.FromMinutes(5);
        });
    });

    private static void Join(ISiloBuilder silo, SiloClusterOptions cluster)
    {
        silo.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = cluster.Id);
        silo.ConfigureEndpoints(IPAddress.Parse(cluster.Address), cluster.SiloPort, gatewayPort: 0);
        silo.Services.AddSingleton<SiloRows>();
        silo.Services.AddSingleton<SiloTable>();
        silo.Services.AddSingleton<IMembershipTable>(provider => provider.GetRequiredService<SiloTable>());
        silo.Services.AddHostedService<CutOffWatch>();
        silo.Configure<ClusterMembershipOptions>(options =>
        {
            // The others declare a silo dead about eight seconds after its last message: three probes without an answer, and nothing
            // on any connection for three times the longest probe.
            options.ProbeTimeout = TimeSpan.FromSeconds(2);
            options.MinProbeTimeout = TimeSpan.FromSeconds(1);
            options.MaxProbeTimeout = TimeSpan.FromSeconds(2.5);
            options.NumMissedProbesLimit = 3;
            options.NumVotesForDeathDeclaration = 2;
            options.TableRefreshTimeout = TimeSpan.FromSeconds(10);

            // After the loss of a whole cluster, the rows of dead silos delay the first silo for at most three times this.
            options.IAmAliveTablePublishTimeout = CutOffWatch.Interval;
        });
        if (cluster.UsesTls)
        {
            UseTls(silo, cluster);
        }
    }

    private static void UseTls(ISiloBuilder silo, SiloClusterOptions cluster)
    {
        var cas = TrustedCas.Read(cluster.Ca);
        var own = new OwnCertificate(cluster.Certificate, cluster.CertificateKey, TimeProvider.System);
        silo.Services.AddSingleton(new NamedCertificate("cluster", own));
        silo.UseTls(own.Current.TargetCertificate, tls =>
        {
            tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
            tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;

            // A peer with a certificate of these CAs is a silo, whatever its name.
            tls.RemoteCertificateValidation = (_, _, errors) => (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None;
            tls.OnAuthenticateAsServer = (_, server) =>
            {
                var (options, ours) = ((SslServerAuthenticationOptions)server.SslServerAuthenticationOptions, TlsLine.Server(own, offersTls13: false, cas));
                (options.ServerCertificate, options.ServerCertificateSelectionCallback) = (null, null);
                options.ServerCertificateContext = ours.ServerCertificateContext;
                options.CertificateChainPolicy = ours.CertificateChainPolicy;
                options.CipherSuitesPolicy = ours.CipherSuitesPolicy;
                options.EnabledSslProtocols = ours.EnabledSslProtocols;
            };
            tls.OnAuthenticateAsClient = (_, client) =>
            {
                var (options, ours) = ((SslClientAuthenticationOptions)client.SslClientAuthenticationOptions, TlsLine.Client(cas, own));
                options.TargetHost = cluster.Id;
                (options.ClientCertificates, options.LocalCertificateSelectionCallback) = (null, null);
                options.ClientCertificateContext = ours.ClientCertificateContext;
                options.CertificateChainPolicy = ours.CertificateChainPolicy;
                options.CipherSuitesPolicy = ours.CipherSuitesPolicy;
                options.EnabledSslProtocols = ours.EnabledSslProtocols;
            };
        });
    }
}
