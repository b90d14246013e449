using System.Diagnostics;
using Lakala.Grains.Bills;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Silo.Hosting;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Swipes;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Sweeping;

/// <summary>
/// Finds in the database what no answer came for: attempts that are SENT past their time are moved to REVERSING, open
/// bills past theirs expire, and shoppers are reminded before. Every silo sweeps; the guards in SQL make it harmless.
/// </summary>
public sealed class Sweeper(
    AttemptRows attempts,
    BillRows bills,
    SwipeKeys keys,
    IGrainFactory grains,
    IOptions<SwipeOptions> options,
    TimeProvider time,
    ILogger<Sweeper> log) : PeriodicWork(time, log)
{
    private const int Limit = 500;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly ILogger _log = log;

    protected override string FailureText => "The sweep failed and will be tried again";

    // Apart from each other: an expiry that waits for a grain holds up no reversal.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(
            Repeat(Interval, ReverseOverdue, stoppingToken), Repeat(Interval, Expire, stoppingToken), Repeat(Interval, Remind, stoppingToken));

    private async Task ReverseOverdue(CancellationToken stop)
    {
        var grace = options.Value.SweepAfter - options.Value.CommitDeadline;
        IReadOnlyList<AttemptRow> overdue;
        do
        {
            overdue = await attempts.Overdue(grace, Limit, stop);
            await Task.WhenAll(overdue.Select(Reverse));
        }
        while (overdue.Count == Limit);
    }

    private async Task Reverse(AttemptRow attempt)
    {
        using var span = Instrumentation.Continue("attempt.reverse", ActivityKind.Internal, attempt.TraceId);
        span?.SetTag(Instrumentation.StateTag, StateNames.Of(AttemptState.Reversing));
        if ((await keys.Reverse(attempt)).Moved)
        {
            _log.LogInformation("{Key}: no outcome in time, is being reversed.", attempt.Key);
            await grains.GetBill(attempt.Bill!.Value).Refresh();
        }
    }

    private async Task Expire(CancellationToken stop) =>
        await Task.WhenAll((await bills.Expiring(Limit, stop)).Select(number => grains.GetBill(number).Expire()));

    private async Task Remind(CancellationToken stop) =>
        await Task.WhenAll((await bills.Reminding(Limit, stop)).Select(number => grains.GetBill(number).Remind()));
}
