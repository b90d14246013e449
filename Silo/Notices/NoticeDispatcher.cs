using System.Diagnostics.Metrics;
using Lakala.Grains.Notices;
using Lakala.Storage;
using Lakala.Storage.Notices;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lakala.Silo.Notices;

/// <summary>
/// Takes due notices from the database, a batch at a time, sends them, and records the result of each. Any number of
/// silos may do so. A silo renews the lease of its notices in flight; a notice of a silo that died is due again when its lease ends.
/// </summary>
internal sealed class NoticeDispatcher(
    DeliveryRows deliveries,
    EndpointRows endpoints,
    IEnumerable<INoticeChannel> channels,
    ShopperLimits limits,
    NoticeSignal signal,
    IOptions<NoticeOptions> options,
    TimeProvider time,
    ILogger<NoticeDispatcher> log) : BackgroundService
{
    private static readonly Meter Meter = new(Instrumentation.Name);
    private static readonly Counter<long> Delivered = Meter.CreateCounter<long>("lakala.notices.delivered");
    private static readonly Counter<long> Failed = Meter.CreateCounter<long>("lakala.notices.failed");
    private static readonly Counter<long> Skipped = Meter.CreateCounter<long>("lakala.notices.skipped");
    private static readonly Counter<long> Parked = Meter.CreateCounter<long>("lakala.notices.parked");

    private readonly NoticeOptions _options = options.Value;
    private readonly Lock _lock = new();
    private readonly HashSet<Notice> _inFlight = new(ReferenceEqualityComparer.Instance);

    // Receivers whose channel has its own bound; 0 when this silo has no channel for them.
    private readonly Dictionary<string, int> _bounds = new[] { ShopperReceivers.Mail, ShopperReceivers.Sms }.ToDictionary(
        receiver => receiver,
        receiver => channels.SingleOrDefault(channel => channel.Serves(receiver)) is { } channel
            ? Math.Min(channel.MaxInFlight ?? int.MaxValue, options.Value.MaxInFlightPerReceiver)
            : 0);

    private long _renewedAt = time.GetTimestamp();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!_options.Dispatch)
        {
            return;
        }

        // Zero is published at the start, so that rate() sees the first increment.
        foreach (var count in new[] { Delivered, Failed, Skipped, Parked })
        {
            count.Add(0);
        }

        try
        {
            while (true)
            {
                await Claim();
                await signal.Wait(_options.PollInterval, stoppingToken);
                await Task.Delay(_options.BatchInterval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Notices in flight may finish, as long as the host waits; each try has its own time-outs.
            while (OnTheirWay().Length > 0)
            {
                await signal.Wait(_options.PollInterval, CancellationToken.None);
                await Renew();
            }
        }
    }

    private Notice[] OnTheirWay()
    {
        lock (_lock)
        {
            return [.. _inFlight];
        }
    }

    private async Task Claim()
    {
        await Renew();
        var onTheirWay = OnTheirWay();
        var free = _options.MaxInFlight - onTheirWay.Length;
        if (free == 0)
        {
            return;
        }

        var room = new Dictionary<string, int>(_bounds);
        foreach (var notice in onTheirWay)
        {
            room[notice.Receiver] = room.GetValueOrDefault(notice.Receiver, _options.MaxInFlightPerReceiver) - 1;
        }

        try
        {
            foreach (var notice in await deliveries.Claim(free, _options.MaxInFlightPerReceiver, _options.Lease, room))
            {
                _ = Send(notice);
            }
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            log.LogWarning(fault, "Due notices cannot be read; trying again.");
        }
    }

    // A mail may be in flight for longer than a lease; without the renewal another silo would send it again.
    private async Task Renew()
    {
        var onTheirWay = OnTheirWay();
        if (onTheirWay.Length == 0 || time.GetElapsedTime(_renewedAt) < _options.Lease / 3)
        {
            return;
        }

        try
        {
            await deliveries.Renew(onTheirWay, _options.Lease);
            _renewedAt = time.GetTimestamp();
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            log.LogWarning(fault, "Notices on their way cannot be renewed; trying again.");
        }
    }

    // It is not awaited, so it never throws. A result that cannot be recorded is due again when the lease ends.
    private async Task Send(Notice notice)
    {
        lock (_lock)
        {
            _inFlight.Add(notice);
        }

        try
        {
            await Record(notice, await Try(notice));
        }
        catch (Exception fault)
        {
            log.LogWarning(fault, "{Notice}: what became of it could not be recorded; it will be sent again.", notice);
        }
        finally
        {
            lock (_lock)
            {
                _inFlight.Remove(notice);
            }

            // There is a free place, for which another notice may wait.
            signal.Raise();
        }
    }

    // A fault of ours counts as a failed try, so that it is bounded and visible.
    private async Task<NoticeAnswer> Try(Notice notice)
    {
        if (notice.Bill is { } bill && ShopperReceivers.WhyMoot(notice.Type, bill.Bill.State) is { } moot)
        {
            return NoticeAnswer.Skipped(moot);
        }

        var serving = channels.Where(channel => channel.Serves(notice.Receiver)).ToList();
        if (serving is not [var channel])
        {
            return new NoticeAnswer(
                NoticeOutcome.Failed, Error: $"there is {(serving.Count == 0 ? "no way" : "more than one way")} to reach {notice.Receiver} here");
        }

        if (await limits.WhyNot(notice) is { } held)
        {
            return NoticeAnswer.Skipped(held);
        }

        try
        {
            return await channel.Send(notice);
        }
        catch (Exception fault)
        {
            log.LogError(fault, "{Notice} could not be sent.", notice);
            return new NoticeAnswer(NoticeOutcome.Failed, Error: "could not be sent, for a reason on our side");
        }
    }

    private async Task Record(Notice notice, NoticeAnswer answer)
    {
        var retryIn = RetrySchedule.PauseAfter(notice, answer, Random.Shared.NextDouble(), _options.LongestPause);
        var (state, count, next) = answer.Outcome switch
        {
            NoticeOutcome.Accepted => (DeliveryState.Accepted, Delivered, ""),
            NoticeOutcome.Skipped or NoticeOutcome.Gone => (DeliveryState.Skipped, Skipped, "skipped"),
            _ when retryIn is null => (DeliveryState.Parked, Parked, "parked"),
            _ => (DeliveryState.Pending, Failed, $"again in {retryIn:c}"),
        };
        count.Add(1);
        if (answer.Outcome != NoticeOutcome.Accepted)
        {
            log.LogInformation("{Notice}: {Error}; {Next}.", notice, answer.Error, next);
        }

        if (answer.Outcome == NoticeOutcome.Gone)
        {
            await endpoints.Disable(notice.Receiver, answer.Error!);
        }

        await deliveries.RecordNotices.Submit(new TriedNotice(
            notice.EventId,
            notice.Receiver,
            notice.Tries,
            state,
            retryIn,
            answer.Status,
            answer.Error,
            answer.Outcome == NoticeOutcome.Uncertain));
    }
}
