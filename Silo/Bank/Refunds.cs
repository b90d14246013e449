using Lakala.Rules.Refunds;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Bank;

/// <summary>
/// The steps of a refund towards the bank: 0220, then 0221 with growing pauses until the bank's word is final, always under the same
/// RRN. It is never reversed: nobody waits for it, and the reversal of a credit that worked would be a second loss.
/// </summary>
/// <remarks>It uses database and line only through its ports.</remarks>
/// <param name="random">Spreads the repeats.</param>
public sealed class Refunds(IRefundRows queue, IRrnSource rrns, IRefundLine bank, IOptions<BankLinkOptions> options, Random random, ILogger<Refunds> log)
{
    /// <summary>The most at a time: a refund that is taken waits for a free place, and must be sent before its lease ends.</summary>
    public const int Limit = 16;

    private static readonly Backoff Repeats = new(TimeSpan.FromSeconds(2), TimeSpan.FromHours(1), Jitter: 0.5);

    // One time-out for the wait for a place, one for the answer, and one as a reserve.
    private readonly TimeSpan _lease = options.Value.ReversalTimeout * 3;

    /// <returns>At most <see cref="Limit"/> due refunds, which are SENT, and which this silo has until their lease ends.</returns>
    public Task<IReadOnlyList<RefundToSend>> TakeDue(CancellationToken stop) => queue.TakeDue(_lease, Limit, stop);

    /// <summary>Makes the refunds of goods that were never shipped, and sets the money aside for those that wait for it.</summary>
    public async Task Prepare(CancellationToken stop)
    {
        await queue.CloseOverdue(Limit, rrns.Next, stop);
        await queue.CoverQueued(Limit, stop);
    }

    /// <summary>Never throws: a refund that cannot be sent or recorded is due again when its lease ends, and delays no other.</summary>
    public async Task Send(RefundToSend refund, CancellationToken stop)
    {
        try
        {
            var code = await bank.Refund(refund);
            if (Refund.Decide(code) is not { } state)
            {
                await queue.TryAgain(refund.Rrn, code, Repeats.PauseAfter(refund.Tries, random.NextDouble()));
            }
            else
            {
                log.LogFinalWord(await queue.Finish(refund.Rrn, state, code!), refund.Rrn, state, code!);
            }
        }
        catch (Exception fault) when (!stop.IsCancellationRequested)
        {
            log.LogWarning("Refund {Rrn} will be tried again: {Reason}", Rrn.ToText(refund.Rrn), fault.Message);
        }
    }
}
