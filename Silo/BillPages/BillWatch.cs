using System.Threading.Channels;
using Lakala.Grains.Bills;
using Lakala.Grains.Notices;
using Orleans.Concurrency;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace Lakala.Silo.BillPages;

/// <summary>A silo's listeners, for the other silos.</summary>
[Alias("bill-watch")]
internal interface IBillWatch : IGrainService
{
    /// <summary>The bills have changed at the caller's silo.</summary>
    [Alias("changed"), OneWay]
    Task Changed([Immutable] long[] bills);
}

internal sealed class BillWatch(GrainId id, Orleans.Runtime.Silo silo, ILoggerFactory logs, Listeners listeners) : GrainService(id, silo, logs), IBillWatch
{
    public Task Changed(long[] bills)
    {
        Array.ForEach(bills, listeners.Wake);
        return Task.CompletedTask;
    }
}

/// <summary>
/// Wakes this silo's listeners at once, and has the other silos wake theirs: what changes while a message is sent, or within the
/// pause after it, goes with the next one.
/// </summary>
/// <remarks>A listener reads the row when it is woken, and now and then by itself: a lost message delays a page, and no more.</remarks>
internal sealed class BillChanges(
    Listeners listeners, IClusterManifestProvider cluster, ILocalSiloDetails self, IServiceProvider services, TimeProvider time, ILogger<BillChanges> log)
    : BackgroundService, IBillChanges
{
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Changes above it are not passed on.</summary>
    public const int Capacity = 16_384;

    private readonly Channel<long> _changed = Channel.CreateBounded<long>(
        new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private Peers? _peers;

    public void Report(long bill)
    {
        listeners.Wake(bill);
        _changed.Writer.TryWrite(bill);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await _changed.Reader.WaitToReadAsync(stoppingToken))
        {
            var bills = new HashSet<long>();
            while (_changed.Reader.TryRead(out var bill))
            {
                bills.Add(bill);
            }

            await PassOn([.. bills]);
            await Task.Delay(Pause, time, stoppingToken);
        }
    }

    private async Task PassOn(long[] bills)
    {
        try
        {
            await Task.WhenAll(Others().Select(silo => (_peers ??= new Peers(services)).Find(silo).Changed(bills)));
        }
        catch (Exception fault) when (fault is OrleansException or TimeoutException)
        {
            log.LogWarning("Pages at other silos show {Count} changed bills later: {Reason}", bills.Length, fault.Message);
        }
    }

    // While the cluster is upgraded, a silo of a version without this service also lacks this grain.
    private IEnumerable<SiloAddress> Others() =>
        cluster.Current.Silos.Where(silo => !silo.Key.Equals(self.SiloAddress) && silo.Value.Grains.ContainsKey(BillGrains.Type)).Select(silo => silo.Key);

    private sealed class Peers(IServiceProvider services) : GrainServiceClient<IBillWatch>(services)
    {
        public IBillWatch Find(SiloAddress silo) => GetGrainService(silo);
    }
}
