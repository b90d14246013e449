using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Bank;

/// <summary>
/// Works off the reversal queue: 0420, then 0421 with growing pauses until the bank's 0430, for as long as it takes. The
/// queue is the database's, so this survives everything; any silo may send any reversal. Before that it looks for approvals
/// that came late and need a reversal of their own.
/// </summary>
public sealed class ReversalSender : BackgroundService
{
    private const int MaxInFlight = 64;

    // Few at a time: what is taken must be sent before its lease ends, and waits for a free place until then.
    private const int Limit = 16;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly Backoff Repeats = new(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1), Jitter: 0.5);

    private readonly ReversalRows _reversals;
    private readonly IBankLine _bank;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly TimeSpan _lease;
    private readonly Counter<long> _falseApprovals;
    private (long Count, TimeSpan OldestAge) _outstanding;

    public ReversalSender(
        ReversalRows reversals, IBankLine bank, IOptions<BankLinkOptions> options, IMeterFactory meters, TimeProvider time, ILogger<ReversalSender> log)
    {
        // One time-out to get a place among those in flight, one to be answered, one to spare.
        _lease = options.Value.ReversalTimeout * 3;
        _reversals = reversals;
        _bank = bank;
        _time = time;
        _log = log;
        var meter = meters.Create(Instrumentation.Name);
        _falseApprovals = meter.CreateCounter<long>("lakala.bank.false_approvals");
        meter.CreateObservableGauge("lakala.reversals.outstanding", () => _outstanding.Count);
        meter.CreateObservableGauge("lakala.reversals.oldest_age", () => _outstanding.OldestAge.TotalSeconds, "s");
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Parallel.ForEachAsync(
        Due(stoppingToken),
        new ParallelOptions { MaxDegreeOfParallelism = MaxInFlight, CancellationToken = stoppingToken },
        async (reversal, stop) => await Send(reversal, stop));

    private async IAsyncEnumerable<ReversalRow> Due([EnumeratorCancellation] CancellationToken stop)
    {
        var counted = _time.GetTimestamp();

        // Zero is published at the start, so that rate() sees the first increment.
        _falseApprovals.Add(0);
        while (true)
        {
            IReadOnlyList<ReversalRow> due = [];
            try
            {
                due = await _reversals.TakeDue(_lease, Limit, stop);
                if (due.Count < Limit || _time.GetElapsedTime(counted) > Interval)
                {
                    await ReverseFalseApprovals(stop);
                    _outstanding = await _reversals.Outstanding(stop);
                    counted = _time.GetTimestamp();
                }
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                _log.LogWarning("The reversal queue cannot be read; trying again: {Reason}", fault.Message);
            }

            foreach (var reversal in due)
            {
                yield return reversal;
            }

            if (due.Count < Limit)
            {
                await Task.Delay(Interval, _time, stop);
            }
        }
    }

    private async Task ReverseFalseApprovals(CancellationToken stop)
    {
        foreach (var (rrn, isReversing) in await _reversals.ReverseFalseApprovals(Limit, stop))
        {
            _falseApprovals.Add(1);
            if (isReversing)
            {
                _log.LogError(
                    "The bank approves RRN {Rrn}, which it declined or was never sent. The answer given stands; the approval is being reversed.",
                    Rrn.ToText(rrn));
            }
            else
            {
                _log.LogError("The bank approves RRN {Rrn}, which no attempt has: it cannot be reversed from here. Ask the bank.", Rrn.ToText(rrn));
            }
        }
    }

    // Throws nothing: what cannot be sent or recorded is due again when its lease ends, and holds up nobody else.
    private async Task Send(ReversalRow reversal, CancellationToken stop)
    {
        using var span = Instrumentation.Continue("bank.reverse", ActivityKind.Client, reversal.TraceId);
        span?.SetTag("lakala.rrn", Rrn.ToText(reversal.Rrn));
        span?.SetTag(Instrumentation.StateTag, StateNames.Of(AttemptState.Reversing));
        try
        {
            if (await _bank.Reverse(reversal, stop))
            {
                await _reversals.Acknowledged(reversal.Rrn);
                span?.SetTag(Instrumentation.StateTag, StateNames.Of(AttemptState.Reversed));
                _log.LogInformation("Reversal of RRN {Rrn} is acknowledged after {Tries} tries.", Rrn.ToText(reversal.Rrn), reversal.Tries + 1);
                return;
            }

            await _reversals.TryAgain(reversal.Rrn, Repeats.PauseAfter(reversal.Tries, Random.Shared.NextDouble()));
        }
        catch (Exception fault) when (!stop.IsCancellationRequested)
        {
            _log.LogWarning("Reversal of RRN {Rrn} will be tried again: {Reason}", Rrn.ToText(reversal.Rrn), fault.Message);
        }
    }
}
