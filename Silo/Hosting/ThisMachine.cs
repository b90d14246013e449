using System.Net;

namespace Lakala.Silo.Hosting;

/// <summary>What may go in the clear: what does not leave this machine.</summary>
internal static class ThisMachine
{
    /// <summary>By what the setting says: no name is looked up, since a name may lead elsewhere tomorrow.</summary>
    public static bool Is(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address));

    /// <summary>An http address of another machine.</summary>
    public static bool IsPlainElsewhere(Uri address) => address.Scheme == Uri.UriSchemeHttp && !Is(address.IdnHost);
}
