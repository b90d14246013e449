using Lakala.Grains.Bills;
using Lakala.Grains.Refunds;
using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;
using Lakala.Storage.Stores;
using Lakala.Vocabulary;

namespace Lakala.Grains.Terminals;

/// <summary>A refund that a terminal asks for: 0220, or a whole 0221.</summary>
/// <param name="Amount">Minor units.</param>
/// <param name="Supervisor">Who signs, with the password.</param>
[GenerateSerializer, Immutable, Alias("refund-at-counter")]
public sealed record RefundAtCounter(
    [property: Id(0)] SwipeKey Key,
    [property: Id(1)] string Store,
    [property: Id(2)] long Bill,
    [property: Id(3)] long Amount,
    [property: Id(4)] string MaskedCard,
    [property: Id(5)] string Clerk,
    [property: Id(6)] string Supervisor,
    [property: Id(7)] ClerkPassword Password);

/// <summary>The refunds of one terminal: their bounds, and the two people who answer for each. The caller has authenticated the terminal.</summary>
/// <param name="verify">Verifies a clerk of the terminal's store, within the bounds of wrong passwords.</param>
public sealed class TerminalRefunds(CounterRefunds refunds, ClerkRows clerks, TerminalSwipes swipes, TerminalQuota quota, Func<string, ClerkPassword, Task<ClerkSignedIn>> verify)
{
    private readonly HashSet<SwipeKey> _underWay = [];

    /// <summary>What of a payment can be given back; it is named by its bill's number or by its RRN.</summary>
    public Task<BillFound> Lookup(SwipeKey key, long? bill, long? rrn) => swipes.Lookup(
        key,
        isWhole: bill is not null || rrn is not null,
        async () =>
        {
            var (row, refusal) = await refunds.Find(bill, rrn);
            return new BillFound(row, refusal, TimeSpan.Zero);
        });

    /// <summary>Makes the refund, or stores why not under its key. A known key gets its answer, without a look at the password.</summary>
    public Task<CounterRefundAnswer> Give(RefundAtCounter asked) => Ask(async () =>
    {
        if (await refunds.Find(asked.Key, asked.Bill, asked.Amount, asked.MaskedCard) is { } known)
        {
            return known;
        }

        // A second look at the password would count as a second try.
        if (!_underWay.Add(asked.Key))
        {
            return CounterRefundAnswer.Refused(Refusal.InProgress);
        }

        try
        {
            return quota.TryTakePayment(asked.Key.Batch)
                ? await swipes.InOpenBatch(asked.Key.Batch, () => Decide(asked), CounterRefundAnswer.Refused(Refusal.InProgress))
                : CounterRefundAnswer.Refused(swipes.TooMuch());
        }
        finally
        {
            _underWay.Remove(asked.Key);
        }
    });

    /// <summary>A refund that cannot be processed: its final refusal is stored under its key.</summary>
    public Task<CounterRefundAnswer> Refuse(SwipeKey key, Refusal why) => Ask(async () =>
        quota.TryTake(key.Batch) ? await refunds.Refuse(key, why, null, null, null) : CounterRefundAnswer.Refused(swipes.TooMuch()));

    /// <summary>0221 without a password: the outcome of a key. An unknown key is voided.</summary>
    public Task<CounterRefundAnswer> Enquire(SwipeKey key, long bill, long amount) => Ask(async () =>
        await refunds.Find(key, bill, amount, null)
        ?? (_underWay.Contains(key) ? CounterRefundAnswer.Refused(Refusal.InProgress)
            : quota.TryTake(key.Batch) ? await refunds.Enquire(key, bill, amount)
            : CounterRefundAnswer.Refused(swipes.TooMuch())));

    private async Task<CounterRefundAnswer> Decide(RefundAtCounter asked)
    {
        var why = await refunds.WhyNot(asked.Bill, asked.Amount, asked.MaskedCard) ?? await WhyNotSigned(asked);
        return why is not { } no ? await refunds.Make(asked.Key, asked.Store, asked.Bill, asked.Amount, asked.MaskedCard, asked.Clerk, asked.Supervisor)
            : no.IsFinal() ? await refunds.Refuse(asked.Key, no, asked.Bill, asked.Amount, asked.MaskedCard)
            : CounterRefundAnswer.Refused(no);
    }

    private async Task<Refusal?> WhyNotSigned(RefundAtCounter asked)
    {
        if (!await clerks.IsKnown(asked.Store, asked.Clerk))
        {
            return Refusal.ClerkUnknown;
        }

        if (asked.Clerk == asked.Supervisor)
        {
            return Refusal.SignedAlone;
        }

        var signed = await verify(asked.Supervisor, asked.Password);
        return signed.Refusal switch
        {
            null => signed.IsSupervisor ? null : Refusal.NoSupervisor,
            Refusal.ClerkRefused => Refusal.NotSigned,
            Refusal.ClerkLocked or Refusal.TooManySignIns => Refusal.SignerLocked,
            _ => signed.Refusal,
        };
    }

    private static async Task<CounterRefundAnswer> Ask(Func<Task<CounterRefundAnswer>> question)
    {
        try
        {
            return await question();
        }
        catch (DatabaseAwayException)
        {
            return CounterRefundAnswer.Refused(Refusal.TryLater);
        }
    }
}
