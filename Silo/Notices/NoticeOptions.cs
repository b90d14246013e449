using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Notices;

public sealed class NoticeOptions
{
    /// <summary>True: receivers may be in private networks and on this machine, also over plain HTTP. For the demo and for tests.</summary>
    public bool AllowPrivateAddresses { get; set; }

    /// <summary>False: this silo sends no notices; other silos do, or the notices wait.</summary>
    public bool Dispatch { get; set; } = true;

    /// <summary>The ports that a merchant's endpoint may have, separated by commas. Not checked while private addresses are allowed.</summary>
    public string Ports { get; set; } = "443,8443";

    /// <summary>The network's own public ranges, such as 198.51.100.0/24, separated by commas: no merchant's endpoint is called there.</summary>
    public string OwnNetworks { get; set; } = "";

    /// <summary>The time for a connection to a receiver: DNS, TCP and, over HTTP, TLS.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The time for a receiver's answer over HTTP, after the connection.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The time after which another silo takes the notices of a silo that died. A running silo renews its lease.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The longest pause between two tries. If it is shorter than the schedule's 15 hours, a notice is parked earlier.</summary>
    public TimeSpan LongestPause { get; set; } = RetrySchedule.Pauses.Max();

    /// <summary>The interval of reads of the database when no commit of this silo makes a notice.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The least time between two reads, so that notices under load come in batches.</summary>
    public TimeSpan BatchInterval { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>The most notices in flight from this silo.</summary>
    public int MaxInFlight { get; set; } = 256;

    /// <summary>The most notices in flight to one receiver, so that a slow receiver delays only itself.</summary>
    public int MaxInFlightPerReceiver { get; set; } = 32;

    public bool IsPortAllowed(int port) => AllowPrivateAddresses || ReadPorts().Contains(port);

    public bool IsAddressAllowed(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return (AllowPrivateAddresses || PublicAddress.Is(plain)) && !ReadOwnNetworks().Any(network => network.Range?.Contains(plain) is true);
    }

    // An invalid number becomes -1, which is not a port.
    private IEnumerable<int> ReadPorts() => Ports.Split(',', StringSplitOptions.TrimEntries)
        .Select(port => ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : -1);

    private IEnumerable<(string Text, IPNetwork? Range)> ReadOwnNetworks() => OwnNetworks.Length == 0
        ? []
        : OwnNetworks.Split(',', StringSplitOptions.TrimEntries).Select(static text => (text, ReadNetwork(text)));

    // .NET reads 203.0.113/24 as 203.0.0.113 and a number that begins with 0 as octal: the range would not be the intended one. An
    // IPv4 range that is written as IPv6 would contain nothing.
    private static IPNetwork? ReadNetwork(string text) =>
        IPNetwork.TryParse(text, out var network)
        && text[..text.IndexOf('/', StringComparison.Ordinal)] is var first
        && IPAddress.TryParse(first, out var address) && address.Equals(network.BaseAddress)
        && (address.AddressFamily == AddressFamily.InterNetwork ? first == address.ToString() : !address.IsIPv4MappedToIPv6)
            ? network
            : null;

    public sealed class Validator : IValidateOptions<NoticeOptions>
    {
        public ValidateOptionsResult Validate(string? name, NoticeOptions options)
        {
            var wrong = new List<string>();
            if (options.Timeout <= TimeSpan.Zero || options.ConnectTimeout <= TimeSpan.Zero)
            {
                wrong.Add("Notices: Timeout and ConnectTimeout must be positive.");
            }

            if (options.Lease < options.PollInterval * 6)
            {
                wrong.Add(
                    $"Notices: Lease must be at least six times PollInterval, to be renewed in time, but they are {options.Lease} and {options.PollInterval}.");
            }

            if (options.ReadPorts().Contains(-1))
            {
                wrong.Add($"Notices: Ports are numbers from 1 to 65535 apart by commas; '{options.Ports}' are none.");
            }

            wrong.AddRange(options.ReadOwnNetworks().Where(static network => network.Range is null).Select(static network =>
                $"Notices: OwnNetworks must be ranges such as 198.51.100.0/24 or 2001:db8::/32 separated by commas, each with its first address; '{network.Text}' is not one."));

            if (options.LongestPause <= TimeSpan.Zero)
            {
                wrong.Add("Notices: LongestPause must be positive.");
            }

            if (options.PollInterval <= TimeSpan.Zero || options.BatchInterval < TimeSpan.Zero)
            {
                wrong.Add("Notices: PollInterval must be positive, and BatchInterval not negative.");
            }

            if (options.MaxInFlight < 1 || options.MaxInFlightPerReceiver < 1)
            {
                wrong.Add("Notices: MaxInFlight and MaxInFlightPerReceiver must be at least 1.");
            }

            return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
        }
    }
}
