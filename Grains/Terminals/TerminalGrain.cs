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
    private readonly StanWindow _stans = new();
    private readonly LookupThrottle _throttle = new(time);
    private TerminalRow? _row;

    public override async Task OnActivateAsync(CancellationToken cancellationToken) => _row = await terminals.Find(this.GetPrimaryKeyString());

    public Task<TerminalRow?> Find()
    {
        if (_row is null)
        {
            // Somebody may provision it meanwhile; an unknown terminal is not worth remembering.
            DeactivateOnIdle();
        }

        return Task.FromResult(_row);
    }

    public async Task<KeySet> SignOn(byte[] wrappedPinKey, byte[] wrappedMacKey, string language)
    {
        var next = await terminals.PutNext(Known.Id, wrappedPinKey, wrappedMacKey, language);
        _row = Known with { Next = next, Language = language };
        return next;
    }

    public async Task<Refusal?> SignOff(int keySet)
    {
        if (await WhyNot(keySet) is { } no)
        {
            return no;
        }

        await terminals.SignOff(Known.Id, keySet);
        _row = Known with { Current = null };
        return null;
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

        var found = await GrainFactory.GetGrain<IBillGrain>(bill!.Value).Lookup();
        Guessed(found.Refusal);
        return found;
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

        var answer = await GrainFactory.GetGrain<IBillGrain>(swipe.Bill).Pay(swipe);
        Guessed(answer.Reason);
        return answer;
    }

    public async Task<SwipeAnswer> Refuse(int keySet, SwipeKey key, Refusal reason) =>
        await WhyNot(keySet) is { } no ? SwipeAnswer.Refused(no) : await keys.Refuse(key, reason, null, null, null);

    public async Task<SwipeAnswer> Enquire(int keySet, SwipeKey key, long bill, Money amount) =>
        await WhyNot(keySet) is { } no ? SwipeAnswer.Refused(no) : await keys.Enquire(key, bill, amount);

    public async Task<SwipeAnswer> Abandon(int keySet, SwipeKey key)
    {
        if (await WhyNot(keySet) is { } no)
        {
            return SwipeAnswer.Refused(no);
        }

        var (answer, moved) = await keys.Abandon(key);
        if (moved is { } bill)
        {
            await GrainFactory.GetGrain<IBillGrain>(bill).Refresh();
        }

        return answer;
    }

    private TerminalRow Known => _row ?? throw new InvalidOperationException($"Terminal {this.GetPrimaryKeyString()} is not known.");

    private ValueTask<Refusal?> WhyNot(int keySet) =>
        _row is null ? new(Refusal.UnknownTerminal)
        : _row.Blocked ? new(Refusal.TerminalBlocked)
        : _row.Current?.Number == keySet ? new((Refusal?)null)
        : _row.Next?.Number == keySet ? new(Promote(keySet))
        : new(Refusal.SignOnFirst);

    // The first message under the next key set proves that the terminal has it: now it is the current one.
    private async Task<Refusal?> Promote(int keySet)
    {
        var promoted = await terminals.Promote(Known.Id, keySet);
        _row = await terminals.Find(Known.Id);
        _stans.Clear();
        return promoted || _row?.Current?.Number == keySet ? null : Refusal.SignOnFirst;
    }

    private void Guessed(Refusal? reason)
    {
        if (reason is Refusal.BillUnknown)
        {
            _throttle.Missed();
        }
    }
}
