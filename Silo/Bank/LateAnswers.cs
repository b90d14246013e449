using Lakala.Grains.Bills;
using Lakala.Rules.Attempts;
using Lakala.Rules.Refunds;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Silo.Bank;

/// <summary>
/// The bank's answers for which no request waits: late, duplicate, or over another line than their request. An approval whose
/// attempt is still SENT, and before its deadline, settles it; every answer is recorded. A final answer to a refund that is SENT decides it;
/// one that contradicts what decided it is kept for an operator.
/// </summary>
public sealed class LateAnswers(
    IAttemptReader attempts, IReversalRows reversals, ILateRefunds refunds, IBillGrains grains, TimeProvider time, ILogger<LateAnswers> log) : IDisposable
{
    private const int MaxInHand = 1_024;

    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private int _inHand;
    private long _taken;

    /// <summary>The number of such answers.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>The number of those that are not dealt with yet.</summary>
    public int InHand => Volatile.Read(ref _inHand);

    /// <summary>Never throws, and is not awaited. Above a bound of answers that wait to be recorded they are only logged.</summary>
    /// <param name="answer">An authenticated answer.</param>
    public void Take(long rrn, BankAnswer answer) => Begin(rrn, answer, async () =>
    {
        await Settle(rrn, answer);
        await Record(rrn, answer, () => reversals.RecordLateAnswer(rrn, answer.ResponseCode, answer.AuthorisationCode));
    });

    /// <summary>The same for an answer to a refund. One that is not final changes nothing, because the refund is sent again.</summary>
    /// <param name="answer">An authenticated answer.</param>
    public void TakeOfRefund(long rrn, BankAnswer answer) => Begin(rrn, answer, async () =>
    {
        if (Refund.Decide(answer.ResponseCode) is not { } state)
        {
            log.LogInformation("Nobody waited for the answer {Code} to the refund with RRN {Rrn}.", answer.ResponseCode, Rrn.ToText(rrn));
            return;
        }

        await Record(rrn, answer, async () => log.LogFinalWord(await refunds.TakeLate(rrn, state, answer), rrn, state, answer.ResponseCode));
    });

    public void Dispose() => _stop.Cancel();

    private void Begin(long rrn, BankAnswer answer, Func<Task> handle)
    {
        Interlocked.Increment(ref _taken);
        if (Interlocked.Increment(ref _inHand) > MaxInHand)
        {
            Interlocked.Decrement(ref _inHand);
            Lost(rrn, answer, "too many wait already");
            return;
        }

        _ = Handle(handle);
    }

    private async Task Handle(Func<Task> handle)
    {
        try
        {
            await handle();
        }
        finally
        {
            Interlocked.Decrement(ref _inHand);
        }
    }

    // Settled before it is recorded, because the attempt has a deadline and the record has none.
    private async Task Settle(long rrn, BankAnswer answer)
    {
        if (answer.ResponseCode != Attempt.ApprovedCode)
        {
            return;
        }

        try
        {
            if (await attempts.FindByRrn(rrn, _stop.Token) is { State: AttemptState.Sent, Bill: { } bill }
                && await grains.GetBill(bill).SettleLate(rrn, answer))
            {
                log.LogInformation("RRN {Rrn} is settled by an approval that nobody waited for.", Rrn.ToText(rrn));
            }
        }
        catch (Exception fault)
        {
            log.LogWarning("A late approval of RRN {Rrn} may not have settled, and is then reversed: {Reason}", Rrn.ToText(rrn), fault.Message);
        }
    }

    private async Task Record(long rrn, BankAnswer answer, Func<Task> record)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await record();
                return;
            }
            catch (Exception fault)
            {
                if (tries == 1)
                {
                    log.LogWarning(
                        "A late answer to RRN {Rrn} with code {Code} could not be recorded and will be tried again: {Reason}",
                        Rrn.ToText(rrn), answer.ResponseCode, fault.Message);
                }
            }

            await Task.Delay(RetryPause, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stop.IsCancellationRequested)
            {
                Lost(rrn, answer, "the silo stops");
                return;
            }
        }
    }

    private void Lost(long rrn, BankAnswer answer, string why) => log.LogError(
        "A late answer to RRN {Rrn} with code {Code} is not recorded, {Reason}: compare it with the bank's book.",
        Rrn.ToText(rrn), answer.ResponseCode, why);
}
