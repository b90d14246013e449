namespace Lakala.Silo.Hosting;

public sealed class ManagementOptions
{
    /// <summary>Loopback port of <c>/metrics</c>; 0 turns it off.</summary>
    public int Port { get; set; }
}
