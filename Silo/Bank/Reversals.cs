using System.Diagnostics;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Bank;

/// <summary>
/// The steps of a reversal: 0420, then 0421 with growing pauses until the bank's 0430, for as long as it takes. The queue is the
/// database's, so this survives everything; any silo may send any reversal.
/// </summary>
/// <remarks>It knows no database and no line but its ports.</remarks>
/// <param name="random">Spreads the repeats.</param>
public sealed class Reversals(IReversalRows queue, IBankLine bank, IOptions<BankLinkOptions> options, Random random, ILogger<Reversals> log)
{
    /// <summary>Few at a time: what is taken must be sent before its lease ends, and waits for a free place until then.</summary>
    public const int Limit = 16;

    private static readonly Backoff Repeats = new(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1), Jitter: 0.5);

    // One time-out to get a place among those in flight, one to be answered, one to spare.
    private readonly TimeSpan _lease = options.Value.ReversalTimeout * 3;

    /// <returns>At most <see cref="Limit"/> reversals that are due; they are this silo's until their lease ends.</returns>
    public Task<IReadOnlyList<ReversalRow>> TakeDue(CancellationToken stop) => queue.TakeDue(_lease, Limit, stop);

    /// <summary>Looks for approvals that came late and need a reversal of their own.</summary>
    /// <returns>How many there are; each of them must not happen.</returns>
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

    /// <summary>Throws nothing: what cannot be sent or recorded is due again when its lease ends, and holds up nobody else.</summary>
    public async Task Send(ReversalRow reversal, CancellationToken stop)
    {
        using var span = Instrumentation.Continue("bank.reverse", ActivityKind.Client, reversal.TraceId);
        span?.SetTag("lakala.rrn", Rrn.ToText(reversal.Rrn));
        span?.SetTag(Instrumentation.StateTag, StateNames.Of(AttemptState.Reversing));
        try
        {
            if (await bank.Reverse(reversal))
            {
                await queue.Acknowledged(reversal.Rrn);
                span?.SetTag(Instrumentation.StateTag, StateNames.Of(AttemptState.Reversed));
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
