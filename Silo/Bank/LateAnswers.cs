using Lakala.Grains.Bills;
using Lakala.Rules.Attempts;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Silo.Bank;

/// <summary>
/// The bank's answers for which no request waits: late, duplicate, or over another line than their request. An approval whose
/// attempt is still SENT, and before its deadline, settles it; every answer is recorded.
/// </summary>
public sealed class LateAnswers(
    IAttemptReader attempts, IReversalRows reversals, IBillGrains grains, TimeProvider time, ILogger<LateAnswers> log) : IDisposable
{
    private const int MaxInHand = 1_024;

    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private int _inHand;
    private long _taken;

    /// <summary>The number of such answers.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Never throws, and is not awaited. Above a bound of answers that wait to be recorded they are only logged.</summary>
    /// <param name="answer">An authenticated answer.</param>
    public void Take(long rrn, BankAnswer answer)
    {
        Interlocked.Increment(ref _taken);
        if (Interlocked.Increment(ref _inHand) > MaxInHand)
        {
            Interlocked.Decrement(ref _inHand);
            Lost(rrn, answer, "too many wait already");
            return;
        }

        _ = Handle(rrn, answer);
    }

    /// <summary>An answer to a refund changes nothing: a refund that is not decided is repeated, and the bank gives the same answer again.</summary>
    public void PassOver(string? refundRrn, string? responseCode)
    {
        Interlocked.Increment(ref _taken);
        log.LogInformation("Nobody waited for the answer {Code} to the refund with RRN {Rrn}.", responseCode, refundRrn);
    }

    public void Dispose() => _stop.Cancel();

    private async Task Handle(long rrn, BankAnswer answer)
    {
        try
        {
            await Settle(rrn, answer);
            await Record(rrn, answer);
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

    private async Task Record(long rrn, BankAnswer answer)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await reversals.RecordLateAnswer(rrn, answer.ResponseCode, answer.AuthorisationCode);
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
