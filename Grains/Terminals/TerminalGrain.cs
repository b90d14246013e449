using Lakala.Grains.Bills;
using Lakala.Grains.Refunds;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage;
using Lakala.Storage.Postgres;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Lakala.Grains.Terminals;

/// <summary>
/// Reentrant: an enquiry or an abandonment must not wait for a payment that waits for the bank. The database keeps
/// them consistent, by the key.
/// </summary>
[Reentrant, PreferLocalPlacement]
public sealed class TerminalGrain(
    TerminalRows terminals,
    HealthRows healths,
    ClerkRows clerks,
    SwipeKeys keys,
    IBillGrains bills,
    CounterRefunds refunds,
    IOptions<TerminalQuotaOptions> quota,
    TimeProvider time,
    ILogger<TerminalGrain> log) : Grain, ITerminalGrain
{
    /// <summary>The age at which working keys are replaced at the terminal's next free moment.</summary>
    public static readonly TimeSpan KeyLifetime = TimeSpan.FromHours(24);

    // The cached row is read again after this: a block or new keys take effect within it.
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(30);

    private readonly SignInThrottle _signIns = new(time);
    private readonly TerminalQuota _quota = new(quota.Value, time);

    private TerminalRow? _row;
    private HealthState? _health;
    private HealthState? _recorded;
    private long _recordedAt;
    private long _readAt;

    private TerminalSwipes Swipes => field ??= new TerminalSwipes(this.GetPrimaryKeyString(), terminals, keys, bills, _quota, time, log);

    private TerminalRefunds Refunds => field ??= new TerminalRefunds(refunds, clerks, Swipes, _quota, VerifyClerk);

    public async Task<TerminalRow?> Find()
    {
        var row = IsFresh ? _row : await Read();
        if (row is null)
        {
            // An unknown terminal is not cached, because it may be provisioned meanwhile.
            DeactivateOnIdle();
        }

        return row;
    }

    public async Task<KeySet?> SignOn(byte[] wrappedPinKey, byte[] wrappedMacKey, string language)
    {
        if (!_quota.TryTake())
        {
            Swipes.TooMuch();
            return null;
        }

        var row = await Find() ?? throw new InvalidOperationException($"Terminal {this.GetPrimaryKeyString()} is not known.");
        var next = await terminals.PutNext(row.Id, wrappedPinKey, wrappedMacKey, language);
        await Read();
        return next;
    }

    public async Task<Refusal?> SignOff(int keySet)
    {
        if (await CheckKeySet(keySet) is { } no)
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

    public async Task<Heartbeat> Beat(int keySet, HealthState? health)
    {
        if (await CheckKeySet(keySet) is { } no)
        {
            return new Heartbeat(no, TerminalTasks.None);
        }

        _health = health ?? _health;
        var isAskedFor = health is not null && _row!.Tasks.HasFlag(TerminalTasks.SendStatus);
        var isNews = health is not null && (isAskedFor || health.Essence != _recorded?.Essence || time.GetElapsedTime(_recordedAt) >= HealthRows.Silence);
        var isRecorded = isNews && _quota.TryTake();
        if (isRecorded)
        {
            (_recorded, _recordedAt) = (health, time.GetTimestamp());
            Record(health!).Ignore();
        }

        if (health is { IsTampered: true })
        {
            return new Heartbeat(await BlockTampered(), TerminalTasks.None);
        }

        // A report that is not recorded now comes again with the next heartbeat.
        if (isAskedFor && isRecorded)
        {
            await RecordDone(TerminalTasks.SendStatus);
        }

        var tasks = _row!.Tasks;
        var task = time.GetUtcNow() - _row.SignedOnAt > KeyLifetime || tasks.HasFlag(TerminalTasks.SignOn) ? TerminalTasks.SignOn
            : _health is null || tasks.HasFlag(TerminalTasks.SendStatus) ? TerminalTasks.SendStatus
            : tasks.HasFlag(TerminalTasks.FetchParameters) || (_health.Parameters is { } version && version != _row.Parameters) ? TerminalTasks.FetchParameters
            : TerminalTasks.None;
        return new Heartbeat(null, task);
    }

    public async Task<ParametersGiven> Parameters(int keySet)
    {
        if (await CheckKeySet(keySet) is { } no)
        {
            return new ParametersGiven(no, 0, null);
        }

        try
        {
            var version = _row!.Parameters;
            var body = version == 0 ? null : await terminals.Parameters(_row.Id);
            if (_row.Tasks.HasFlag(TerminalTasks.FetchParameters))
            {
                await RecordDone(TerminalTasks.FetchParameters);
            }

            return new ParametersGiven(null, version, body);
        }
        catch (DatabaseAwayException)
        {
            return new ParametersGiven(Refusal.TryLater, 0, null);
        }
    }

    public async Task<BillFound> Lookup(int keySet, SwipeKey key, long? bill) =>
        await CheckKeySet(keySet) is { } no ? new BillFound(null, no, TimeSpan.Zero) : await Swipes.Lookup(key, bill);

    public Task<SwipeAnswer> Pay(int keySet, PayBill swipe) => Ask(keySet, () => Swipes.Pay(swipe));

    public Task<SwipeAnswer> Refuse(int keySet, SwipeKey key, Refusal reason) => Ask(keySet, () => Swipes.Refuse(key, reason));

    public Task<SwipeAnswer> Enquire(int keySet, SwipeKey key, long bill, Money amount) => Ask(keySet, () => Swipes.Enquire(key, bill, amount));

    public Task<SwipeAnswer> Abandon(int keySet, SwipeKey key) => Ask(keySet, () => Swipes.Abandon(key));

    public async Task<ClerkSignedIn> SignInClerk(int keySet, string number, ClerkPassword password)
    {
        return await CheckKeySet(keySet) is { } no ? new ClerkSignedIn(no, null, false) : await VerifyClerk(number, password);
    }

    public async Task<BillFound> LookupRefund(int keySet, SwipeKey key, long? bill, long? rrn) =>
        await CheckKeySet(keySet) is { } no ? new BillFound(null, no, TimeSpan.Zero) : await Refunds.Lookup(key, bill, rrn);

    public Task<CounterRefundAnswer> Refund(int keySet, RefundAtCounter refund) => AskRefunds(keySet, () => Refunds.Give(refund));

    public Task<CounterRefundAnswer> RefuseRefund(int keySet, SwipeKey key, Refusal reason) => AskRefunds(keySet, () => Refunds.Refuse(key, reason));

    public Task<CounterRefundAnswer> EnquireRefund(int keySet, SwipeKey key, long bill, long amount) => AskRefunds(keySet, () => Refunds.Enquire(key, bill, amount));

    private async Task<ClerkSignedIn> VerifyClerk(string number, ClerkPassword password)
    {
        if (!_signIns.Accept())
        {
            return new ClerkSignedIn(Refusal.TooManySignIns, null, false);
        }

        try
        {
            // Counted before the check, so that concurrent tries cannot exceed the bound.
            _signIns.Failed();
            var (clerk, why) = await clerks.Verify(_row!.Store, number, password.Text, _row.Id);
            if (clerk is null)
            {
                if (why is Refusal.ClerkLocked)
                {
                    // No password was checked, so the terminal's count is given back: another clerk may sign in here.
                    _signIns.Succeeded();
                }

                return new ClerkSignedIn(why, null, false);
            }

            _signIns.Succeeded();
            return new ClerkSignedIn(null, clerk.Name, clerk.Supervisor);
        }
        catch (Exception fault) when (fault is DatabaseAwayException or SignInsBusyException)
        {
            _signIns.Succeeded();
            return new ClerkSignedIn(Refusal.TryLater, null, false);
        }
    }

    public async Task<ClosedBatch> CloseBatch(int keySet, int batch, int count, long amount, int? listAfter, int refunds = 0, long refunded = 0)
    {
        if (await CheckKeySet(keySet) is { } no)
        {
            return new ClosedBatch(no, 0, 0, []);
        }

        if (Swipes.BeginClosing(batch) is { } notNow)
        {
            return new ClosedBatch(notNow, 0, 0, []);
        }

        try
        {
            var terminal = this.GetPrimaryKeyString();
            if (await terminals.CloseBatch(terminal, batch, new BatchSums(count, amount, refunds, refunded)) is not { Sums: var ours, Agrees: var agrees })
            {
                return new ClosedBatch(Refusal.InProgress, 0, 0, []);
            }

            var list = listAfter is { } stan ? await terminals.ListAfter(terminal, batch, stan, BatchLimits.MostListed) : [];
            return new ClosedBatch(agrees ? null : Refusal.TotalsDiffer, ours.Count, ours.Amount, list, ours.Refunds, ours.Refunded);
        }
        catch (DatabaseAwayException)
        {
            return new ClosedBatch(Refusal.TryLater, 0, 0, []);
        }
        finally
        {
            Swipes.EndClosing();
        }
    }

    public async Task Refresh()
    {
        try
        {
            await Read();
        }
        catch (DatabaseAwayException)
        {
            _row = null;
        }
    }

    private async Task<SwipeAnswer> Ask(int keySet, Func<Task<SwipeAnswer>> question) =>
        await CheckKeySet(keySet) is { } no ? SwipeAnswer.Refused(no) : await question();

    private async Task<CounterRefundAnswer> AskRefunds(int keySet, Func<Task<CounterRefundAnswer>> question) =>
        await CheckKeySet(keySet) is { } no ? CounterRefundAnswer.Refused(no) : await question();

    // No card is accepted in an opened case, however late an operator sees the alarm.
    private async Task<Refusal> BlockTampered()
    {
        try
        {
            await terminals.BlockTampered(this.GetPrimaryKeyString());
            await Read();
            return Refusal.TerminalBlocked;
        }
        catch (DatabaseAwayException)
        {
            return Refusal.TryLater;
        }
    }

    // If this write fails, the command is sent again: every command may be carried out twice.
    private async Task RecordDone(TerminalTasks task)
    {
        try
        {
            await terminals.RecordDone(_row!.Id, task);
            _row = _row with { Tasks = _row.Tasks & ~task };
        }
        catch (DatabaseAwayException fault)
        {
            log.LogWarning("{Terminal}: a task that it has done could not be recorded: {Reason}", _row!.Id, fault.Message);
        }
    }

    // The answer to the echo does not wait for it: a report that is not stored now comes again with the next heartbeat.
    private async Task Record(HealthState health)
    {
        try
        {
            await healths.Reported.Submit(new HealthRow(this.GetPrimaryKeyString(), time.GetUtcNow(), health));
        }
        catch (Exception fault)
        {
            _recorded = null;
            log.LogWarning("{Terminal}: its health could not be stored, the next heartbeat tries again: {Reason}", this.GetPrimaryKeyString(), fault.Message);
        }
    }

    private bool IsFresh => _row is not null && time.GetElapsedTime(_readAt) < Freshness;

    // Not on activation: there Orleans would wrap the fault in another exception.
    private async Task<TerminalRow?> Read()
    {
        _row = await terminals.Find(this.GetPrimaryKeyString());
        _readAt = time.GetTimestamp();
        return _row;
    }

    // The newest key set of a terminal decides, whichever connection it came from; an older one is signed off.
    private async ValueTask<Refusal?> CheckKeySet(int keySet)
    {
        try
        {
            // The gateway read this key set from the database, so a cached row without it is old.
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

    // The first message under the next key set proves that the terminal has it: it becomes the current one.
    private async Task<Refusal?> Promote(int keySet)
    {
        if (await terminals.Promote(this.GetPrimaryKeyString(), keySet))
        {
            Swipes.BeginSession();
            if (_row!.Tasks.HasFlag(TerminalTasks.SignOn))
            {
                await terminals.RecordDone(_row.Id, TerminalTasks.SignOn);
            }
        }

        return (await Read())?.Current?.Number == keySet ? null : Refusal.SignOnFirst;
    }
}
