using System.Diagnostics;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Bank;

/// <summary>
/// The steps of a reversal: 0420, then 0421 with growing pauses until the bank's 0430, without an end. The queue is in the
/// database, so it survives every crash; any silo may send any reversal.
/// </summary>
/// <remarks>It uses database and line only through its ports.</remarks>
/// <param name="random">Spreads the repeats.</param>
public sealed class Reversals(IReversalRows queue, IBankLine bank, IOptions<BankLinkOptions> options, Random random, ILogger<Reversals> log)
{
    /// <summary>The most at a time: a reversal that is taken waits for a free place, and must be sent before its lease ends.</summary>
    public const int Limit = 16;

    private static readonly Backoff Repeats = new(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1), Jitter: 0.5);

    // One time-out for the wait for a place, one for the answer, and one as a reserve.
    private readonly TimeSpan _lease = options.Value.ReversalTimeout * 3;

    /// <returns>At most <see cref="Limit"/> due reversals, which this silo has until their lease ends.</returns>
    public Task<IReadOnlyList<ReversalRow>> TakeDue(CancellationToken stop) => queue.TakeDue(_lease, Limit, stop);

    /// <summary>Finds late approvals that need their own reversal.</summary>
    /// <returns>Their number; none should ever happen.</returns>
    public async Task<int> ReverseFalseApprovals(CancellationToken stop)
    {
        var approvals = await queue.ReverseFalseApprovals(Limit, stop);
        foreach (var (rrn, isReversing) in approvals)
        {
            if (isReversing)
            {
                log.LogError(
                    "The bank approves RRN {Rrn}, which it declined or was never sent. The answer given stands; the approval is being reversed.",
                    Rrn.ToText(rrn));
            }
            else
            {
                log.LogError("The bank approves RRN {Rrn}, which no attempt has: it cannot be reversed from here. Ask the bank.", Rrn.ToText(rrn));
            }
        }

        return approvals.Count;
    }

    /// <summary>Never throws: a reversal that cannot be sent or recorded is due again when its lease ends, and delays no other.</summary>
    public async Task Send(ReversalRow reversal, CancellationToken stop)
    {
        using var span = Instrumentation.Continue("bank.reverse", ActivityKind.Client, reversal.TraceId);
        span?.SetTag("lakala.rrn", Rrn.ToText(reversal.Rrn));
        span?.SetTag(Instrumentation.StateTag, StateNames.Format(AttemptState.Reversing));
        try
        {
            if (await bank.Reverse(reversal))
            {
                await queue.Acknowledged(reversal.Rrn);
                span?.SetTag(Instrumentation.StateTag, StateNames.Format(AttemptState.Reversed));
                log.LogInformation("Reversal of RRN {Rrn} is acknowledged after {Tries} tries.", Rrn.ToText(reversal.Rrn), reversal.Tries + 1);
                return;
            }

            await queue.TryAgain(reversal.Rrn, Repeats.PauseAfter(reversal.Tries, random.NextDouble()));
        }
        catch (Exception fault) when (!stop.IsCancellationRequested)
        {
            log.LogWarning("Reversal of RRN {Rrn} will be tried again: {Reason}", Rrn.ToText(reversal.Rrn), fault.Message);
        }
    }
}
