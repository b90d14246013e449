namespace Lakala.Silo;

/// <summary>Merchant API and bill pages; plain HTTP on loopback, TLS is a front's business.</summary>
public sealed class HttpOptions
{
    public int Port { get; set; } = 8080;
}

public sealed class ManagementOptions
{
    /// <summary>Loopback port of <c>/metrics</c>; 0 turns it off.</summary>
    public int Port { get; set; }
}

/// <summary>The ports that silos and their clients use among themselves.</summary>
public sealed class ClusterOptions
{
    public int SiloPort { get; set; } = 11111;

    public int GatewayPort { get; set; } = 30000;
}
