using Lakala.Bills;
using Lakala.Grains.Bills;
using Lakala.Grains.Storage;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Lakala.Grains.Terminals;

/// <summary>
/// Reentrant: an enquiry or an abandonment must not wait behind a payment that waits for the bank. What must hold between
/// them is held by the database, under the key.
/// </summary>
[Reentrant, PreferLocalPlacement]
public sealed class TerminalGrain(TerminalStore terminals, SwipeKeys keys, TimeProvider time) : Grain, ITerminalGrain
{
    // For so long a block or new keys from the operator may go unseen.
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(30);

    private readonly StanWindow _stans = new();
    private readonly LookupThrottle _throttle = new(time);
    private TerminalRow? _row;
    private long _readAt;

    public async Task<TerminalRow?> Find()
    {
        var row = IsFresh ? _row : await Read();
        if (row is null)
        {
            // Somebody may provision it meanwhile; an unknown terminal is not worth remembering.
            DeactivateOnIdle();
        }

        return row;
    }

    public async Task<KeySet> SignOn(byte[] wrappedPinKey, byte[] wrappedMacKey, string language)
    {
        var row = await Find() ?? throw new InvalidOperationException($"Terminal {this.GetPrimaryKeyString()} is not known.");
        var next = await terminals.PutNext(row.Id, wrappedPinKey, wrappedMacKey, language);
        await Read();
        return next;
    }

    public async Task<Refusal?> SignOff(int keySet)
    {
        if (await WhyNot(keySet) is { } no)
        {
            return no;
        }

        try
        {
            await terminals.SignOff(this.GetPrimaryKeyString(), keySet);
            await Read();
            return null;
        }
        catch (DatabaseAwayException)
        {
            return Refusal.TryLater;
        }
    }

    public Task<Refusal?> Echo(int keySet) => WhyNot(keySet).AsTask();

    public async Task<BillFound> Lookup(int keySet, SwipeKey key, long? bill)
    {
        var no = await WhyNot(keySet)
            ?? (!_stans.Accept(key) ? Refusal.StanReplayed
                : !_throttle.Accept() ? Refusal.TooManyLookups
                : bill is null ? Refusal.BillMistyped
                : null);
        if (no is { } reason)
        {
            return new BillFound(null, reason, TimeSpan.Zero);
        }

        try
        {
            var found = await GrainFactory.GetBill(bill!.Value).Lookup();
            Guessed(found.Refusal);
            return found;
        }
        catch (Exception fault) when (fault is DatabaseAwayException or CommitQueueFullException or CommitUnknownException)
        {
            return new BillFound(null, Refusal.TryLater, TimeSpan.Zero);
        }
    }

    public async Task<SwipeAnswer> Pay(int keySet, PayBill swipe)
    {
        if (await WhyNot(keySet) is { } no)
        {
            return SwipeAnswer.Refused(no);
        }

        if (_throttle.IsGuessing)
        {
            return SwipeAnswer.Refused(Refusal.TooManyLookups);
        }

        var answer = await GrainFactory.GetBill(swipe.Bill).Pay(swipe);
        Guessed(answer.Reason);
        return answer;
    }

    public Task<SwipeAnswer> Refuse(int keySet, SwipeKey key, Refusal reason) =>
        Ask(keySet, () => keys.Refuse(key, reason, null, null, null));

    public Task<SwipeAnswer> Enquire(int keySet, SwipeKey key, long bill, Money amount) =>
        Ask(keySet, () => keys.Enquire(key, bill, amount));

    public Task<SwipeAnswer> Abandon(int keySet, SwipeKey key) => Ask(keySet, async () =>
    {
        var (answer, moved) = await keys.Abandon(key);
        if (moved is { } bill)
        {
            await GrainFactory.GetBill(bill).Refresh();
        }

        return answer;
    });

    private async Task<SwipeAnswer> Ask(int keySet, Func<Task<SwipeAnswer>> question)
    {
        if (await WhyNot(keySet) is { } no)
        {
            return SwipeAnswer.Refused(no);
        }

        try
        {
            return await question();
        }
        catch (Exception fault) when (fault is DatabaseAwayException or CommitQueueFullException)
        {
            return SwipeAnswer.Refused(Refusal.TryLater);
        }
        catch (CommitUnknownException)
        {
            return SwipeAnswer.Silence;
        }
    }

    private bool IsFresh => _row is not null && time.GetElapsedTime(_readAt) < Freshness;

    // Not on activation: what fails there reaches the caller as another fault than it is.
    private async Task<TerminalRow?> Read()
    {
        _row = await terminals.Find(this.GetPrimaryKeyString());
        _readAt = time.GetTimestamp();
        return _row;
    }

    private async ValueTask<Refusal?> WhyNot(int keySet)
    {
        try
        {
            // The gateway knows this key set from the database: a row that does not has been overtaken.
            var row = IsFresh && _row!.Find(keySet) is not null ? _row : await Read();
            return row is null ? Refusal.UnknownTerminal
                : row.Blocked ? Refusal.TerminalBlocked
                : row.Current?.Number == keySet ? null
                : row.Next?.Number == keySet ? await Promote(keySet)
                : Refusal.SignOnFirst;
        }
        catch (DatabaseAwayException)
        {
            return Refusal.TryLater;
        }
    }

    // The first message under the next key set proves that the terminal has it: now it is the current one.
    private async Task<Refusal?> Promote(int keySet)
    {
        if (await terminals.Promote(this.GetPrimaryKeyString(), keySet))
        {
            _stans.Clear();
        }

        return (await Read())?.Current?.Number == keySet ? null : Refusal.SignOnFirst;
    }

    private void Guessed(Refusal? reason)
    {
        if (reason is Refusal.BillUnknown)
        {
            _throttle.Missed();
        }
    }
}
