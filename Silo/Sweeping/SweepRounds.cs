using System.Diagnostics;
using Lakala.Grains.Bills;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Swipes;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Sweeping;

/// <summary>
/// Finds due rows in the database: attempts that are SENT past their time are moved to REVERSING, open bills past their time
/// expire, and shoppers are reminded before. Every silo sweeps; the guards in SQL make that safe.
/// </summary>
/// <remarks>It uses grains and database only through its ports. A round that fails has done a part; the next one finds the rest.</remarks>
public sealed class SweepRounds(
    IAttemptReader attempts, IDueBills bills, SwipeKeys keys, IBillGrains grains, IOptions<SwipeOptions> options, ILogger<SweepRounds> log)
{
    private const int Limit = 500;

    public async Task ReverseOverdue(CancellationToken stop)
    {
        IReadOnlyList<AttemptRow> overdue;
        do
        {
            overdue = await attempts.Overdue(options.Value.SweepGrace, Limit, stop);
            await Task.WhenAll(overdue.Select(Reverse));
        }
        while (overdue.Count == Limit);
    }

    public async Task Expire(CancellationToken stop) =>
        await Task.WhenAll((await bills.Expiring(Limit, stop)).Select(number => grains.GetBill(number).Expire(number)));

    public async Task Remind(CancellationToken stop) =>
        await Task.WhenAll((await bills.Reminding(Limit, stop)).Select(number => grains.GetBill(number).Remind(number)));

    private async Task Reverse(AttemptRow attempt)
    {
        using var span = Instrumentation.Continue("attempt.reverse", ActivityKind.Internal, attempt.TraceId);
        span?.SetTag(Instrumentation.StateTag, StateNames.Format(AttemptState.Reversing));
        if ((await keys.Reverse(attempt)).Moved)
        {
            log.LogInformation("{Key}: no outcome in time, is being reversed.", attempt.Key);
        }
    }
}
