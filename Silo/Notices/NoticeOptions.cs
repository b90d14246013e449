using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Notices;

public sealed class NoticeOptions
{
    /// <summary>Receivers in private networks and on this machine, over plain HTTP too. For the demo and for tests.</summary>
    public bool AllowPrivateAddresses { get; set; }

    /// <summary>False: this silo sends no notices; others do, or they wait.</summary>
    public bool Dispatch { get; set; } = true;

    /// <summary>The ports that a merchant's endpoint may have, apart by commas. Not asked while private addresses are allowed.</summary>
    public string Ports { get; set; } = "443,8443";

    /// <summary>Public ranges that are the network's own, such as 198.51.100.0/24, apart by commas: no merchant's endpoint is called there.</summary>
    public string OwnNetworks { get; set; } = "";

    /// <summary>How long a connection to a receiver may take: its name, TCP and, over HTTP, TLS.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a receiver may take to answer over HTTP, once it is connected.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a claimed notice is left to a silo that is not heard of any more. A silo that lives renews it.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The longest pause between two tries. Shorter than the schedule's own 15 hours, a notice is parked the sooner.</summary>
    public TimeSpan LongestPause { get; set; } = RetrySchedule.Pauses.Max();

    /// <summary>How often the database is looked into when no commit of this silo brings a notice.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The least time between two looks, so that notices under load come in batches.</summary>
    public TimeSpan BatchInterval { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Notices on their way at once, in all.</summary>
    public int MaxInFlight { get; set; } = 256;

    /// <summary>Notices on their way at once to one receiver, so that a slow one holds up only itself.</summary>
    public int MaxInFlightPerReceiver { get; set; } = 32;

    public bool IsPortAllowed(int port) => AllowPrivateAddresses || ReadPorts().Contains(port);

    public bool IsAddressAllowed(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return (AllowPrivateAddresses || PublicAddress.Is(plain)) && !ReadOwnNetworks().Any(network => network.Range?.Contains(plain) is true);
    }

    // A number that is none is -1, which no port is.
    private IEnumerable<int> ReadPorts() => Ports.Split(',', StringSplitOptions.TrimEntries)
        .Select(port => ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : -1);

    private IEnumerable<(string Text, IPNetwork? Range)> ReadOwnNetworks() => OwnNetworks.Length == 0
        ? []
        : OwnNetworks.Split(',', StringSplitOptions.TrimEntries).Select(static text => (text, ReadNetwork(text)));

    // .NET reads 203.0.113/24 as 203.0.0.113 and a number that begins with 0 as octal: that would be another range than the one that
    // is meant. An IPv4 range that is written as IPv6 would hold nothing.
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
                $"Notices: OwnNetworks are ranges such as 198.51.100.0/24 or 2001:db8::/32 apart by commas, each with its first address; '{network.Text}' is none."));

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
