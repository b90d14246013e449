using System.Net;

namespace Lakala.Silo.Hosting;

/// <summary>Decides whether an address is on this machine: only there may data go in the clear.</summary>
internal static class ThisMachine
{
    /// <summary>Decides by the text of the setting: names are not resolved, because a name may have another address later.</summary>
    public static bool Is(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address));

    /// <summary>An http address of another machine.</summary>
    public static bool IsPlainElsewhere(Uri address) => address.Scheme == Uri.UriSchemeHttp && !Is(address.IdnHost);
}
