using System.Globalization;
using Microsoft.Extensions.Options;

namespace Lakala.Grains.Notices;

public sealed class NoticeOptions
{
    /// <summary>Receivers in private networks and on this machine, over plain HTTP too. For the demo and for tests.</summary>
    public bool AllowPrivateAddresses { get; set; }

    /// <summary>False: this silo sends no notices; others do, or they wait.</summary>
    public bool Dispatch { get; set; } = true;

    /// <summary>The ports that a merchant's endpoint may have, apart by commas. Not asked while private addresses are allowed.</summary>
    public string Ports { get; set; } = "443,8443";

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

    // A number that is none is -1, which no port is.
    private IEnumerable<int> ReadPorts() => Ports.Split(',', StringSplitOptions.TrimEntries)
        .Select(port => ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : -1);

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
