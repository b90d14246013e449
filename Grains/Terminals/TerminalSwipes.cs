using System.Diagnostics;
using Lakala.Grains.Bills;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging;

namespace Lakala.Grains.Terminals;

/// <summary>
/// The requests of one terminal about bills and swipes: their quotas, which must not run at once, and the answers
/// while the database is down. The caller has authenticated the terminal.
/// </summary>
/// <remarks>It uses grains, database and clock only through its ports. Its state lives as long as the terminal's grain.</remarks>
public sealed class TerminalSwipes(
    string terminal, ISwipeKeyReader known, SwipeKeys keys, IBillGrains bills, TerminalQuota quota, TimeProvider time, ILogger log)
{
    private readonly StanWindow _stans = new();
    private readonly LookupThrottle _throttle = new(time);
    private readonly TokenBucket _told = new(1, TimeSpan.FromMinutes(1), time);

    // The batches of the payments under way, one entry for each payment; and the batch that is being closed.
    private readonly List<int> _paying = [];
    private int? _closing;

    /// <summary>A new session: its STANs begin again.</summary>
    public void BeginSession() => _stans.Clear();

    /// <param name="bill">Null when the check digits are wrong.</param>
    public async Task<BillFound> Lookup(SwipeKey key, long? bill)
    {
        Refusal? no = !_stans.Accept(key) ? Refusal.StanReplayed
            : !_throttle.Accept() ? Refusal.TooManyRequests
            : bill is null ? Refusal.BillMistyped
            : null;
        if (no is { } reason)
        {
            return new BillFound(null, reason, TimeSpan.Zero);
        }

        try
        {
            var found = await bills.GetBill(bill!.Value).Lookup(bill.Value);
            Guessed(found.Refusal);
            return found;
        }
        catch (Exception fault) when (fault is DatabaseAwayException or CommitQueueFullException or CommitUnknownException)
        {
            return new BillFound(null, Refusal.TryLater, TimeSpan.Zero);
        }
    }

    public async Task<SwipeAnswer> Pay(PayBill swipe)
    {
        if (await WhyNotBegin(swipe) is { } tooMuch)
        {
            return Activity.Current.RecordAnswer(SwipeAnswer.Refused(tooMuch));
        }

        // A close under way would not see this payment, and this payment would not see the close.
        if (_closing == swipe.Key.Batch)
        {
            return SwipeAnswer.Refused(Refusal.InProgress);
        }

        _paying.Add(swipe.Key.Batch);
        try
        {
            var answer = await bills.GetBill(swipe.Bill).Pay(swipe);
            Guessed(answer.Reason);
            return Activity.Current.RecordAnswer(answer);
        }
        finally
        {
            _paying.Remove(swipe.Key.Batch);
        }
    }

    /// <summary>A swipe that cannot be processed: its final refusal is stored under its key.</summary>
    public Task<SwipeAnswer> Refuse(SwipeKey key, Refusal reason) => Ask(key, () => keys.Refuse(key, reason, null, null, null));

    public Task<SwipeAnswer> Enquire(SwipeKey key, long bill, Money amount) => Ask(key, () => keys.Enquire(key, bill, amount));

    public Task<SwipeAnswer> Abandon(SwipeKey key) => Ask(key, () => keys.Abandon(key));

    /// <summary>From this call to <see cref="EndClosing"/> no payment of the batch begins.</summary>
    /// <returns>Why the batch cannot be closed now; null: it is being closed.</returns>
    public Refusal? BeginClosing(int batch)
    {
        if (_closing is not null || _paying.Contains(batch))
        {
            return Refusal.InProgress;
        }

        if (!quota.TryTakeBatch(batch))
        {
            return TooMuch();
        }

        _closing = batch;
        return null;
    }

    public void EndClosing() => _closing = null;

    /// <summary>Logs once a minute that the terminal is above its quota: somebody may be testing stolen cards there, or a
    /// program pays faster than its network expects.</summary>
    public Refusal TooMuch()
    {
        if (_told.TryTake())
        {
            log.LogWarning("{Terminal}: it begins more than a terminal may, and hears 91.", terminal);
        }

        return Refusal.TooManyRequests;
    }

    // A payment that has begun is always answered. A repeat has probably begun, so its key is looked up before it is counted.
    private async Task<Refusal?> WhyNotBegin(PayBill swipe)
    {
        try
        {
            var mayBegin = (swipe.IsRepeat && await known.HasKey(swipe.Key))
                || (!_throttle.IsGuessing && quota.TryTakePayment(swipe.Key.Batch))
                || (!swipe.IsRepeat && await known.HasKey(swipe.Key));
            return mayBegin ? null : TooMuch();
        }
        catch (DatabaseAwayException)
        {
            return Refusal.TryLater;
        }
    }

    // For an unknown key the answer becomes a new row, which is counted. A known key is answered without counting.
    private async Task<SwipeAnswer> Ask(SwipeKey key, Func<Task<SwipeAnswer>> question)
    {
        try
        {
            var mayAsk = quota.TryTake(key.Batch) || await known.HasKey(key);
            return Activity.Current.RecordAnswer(mayAsk ? await question() : SwipeAnswer.Refused(TooMuch()));
        }
        catch (Exception fault) when (fault is DatabaseAwayException or CommitQueueFullException)
        {
            return Activity.Current.RecordAnswer(SwipeAnswer.Refused(Refusal.TryLater));
        }
        catch (CommitUnknownException)
        {
            return Activity.Current.RecordAnswer(SwipeAnswer.Silence);
        }
    }

    private void Guessed(Refusal? reason)
    {
        if (reason is Refusal.BillUnknown)
        {
            _throttle.Missed();
        }
    }
}
