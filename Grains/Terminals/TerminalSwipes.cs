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

    // The batches of the payments and refunds under way, one entry for each; and the batch that is being closed.
    private readonly List<int> _paying = [];
    private int? _closing;

    /// <summary>A new session: its STANs begin again.</summary>
    public void BeginSession() => _stans.Clear();

    /// <param name="bill">Null when the check digits are wrong.</param>
    public Task<BillFound> Lookup(SwipeKey key, long? bill) => Lookup(key, bill is not null, () => bills.GetBill(bill!.Value).Lookup(bill.Value));

    /// <summary>A lookup within the terminal's bounds, which keep it from guessing numbers.</summary>
    /// <param name="isWhole">False when the check digits are wrong.</param>
    public async Task<BillFound> Lookup(SwipeKey key, bool isWhole, Func<Task<BillFound>> find)
    {
        Refusal? no = !_stans.Accept(key) ? Refusal.StanReplayed
            : !_throttle.Accept() ? Refusal.TooManyRequests
            : !isWhole ? Refusal.BillMistyped
            : null;
        if (no is { } reason)
        {
            return new BillFound(null, reason, TimeSpan.Zero);
        }

        try
        {
            var found = await find();
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

        return await InOpenBatch(
            swipe.Key.Batch,
            async () =>
            {
                var answer = await bills.GetBill(swipe.Bill).Pay(swipe);
                Guessed(answer.Reason);
                return Activity.Current.RecordAnswer(answer);
            },
            SwipeAnswer.Refused(Refusal.InProgress));
    }

    /// <summary>A payment or a refund, while the batch is not being closed: the close would not see it, and it would not see the close.</summary>
    /// <param name="closing">The answer when the batch is being closed.</param>
    public async Task<T> InOpenBatch<T>(int batch, Func<Task<T>> work, T closing)
    {
        if (_closing == batch)
        {
            return closing;
        }

        _paying.Add(batch);
        try
        {
            return await work();
        }
        finally
        {
            _paying.Remove(batch);
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
        if (reason is Refusal.BillUnknown or Refusal.PaymentUnknown)
        {
            _throttle.Missed();
        }
    }
}
