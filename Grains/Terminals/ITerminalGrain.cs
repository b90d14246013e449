using Lakala.Grains.Bills;
using Lakala.Grains.Refunds;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;

namespace Lakala.Grains.Terminals;

/// <summary>A terminal: its keys, its session and its quotas. Its key is the terminal id (field 41).</summary>
/// <remarks>
/// The gateway has checked the MAC under the named key set before it calls, so a grain never gets a forged message.
/// The grain decides on every call whether that key set is still the terminal's.
/// </remarks>
[Alias("terminal")]
public interface ITerminalGrain : IGrainWithStringKey
{
    /// <summary>Null when there is no such terminal.</summary>
    /// <exception cref="DatabaseAwayException">It cannot be read now.</exception>
    [Alias("find")]
    Task<TerminalRow?> Find();

    /// <summary>Sign-on: stores the next key set, which becomes current with the first message authenticated under it.</summary>
    /// <returns>Null: it signs on too often.</returns>
    /// <exception cref="DatabaseAwayException">Sign on again later.</exception>
    [Alias("sign-on")]
    Task<KeySet?> SignOn(byte[] wrappedPinKey, byte[] wrappedMacKey, string language);

    [Alias("sign-off")]
    Task<Refusal?> SignOff(int keySet);

    /// <summary>An echo with the terminal's health. The grain keeps the last one in memory, and changes in the database.</summary>
    /// <param name="health">Null: the echo had none.</param>
    [Alias("heartbeat")]
    Task<Heartbeat> Beat(int keySet, HealthState? health);

    /// <param name="bill">Null when the check digits are wrong.</param>
    [Alias("lookup")]
    Task<BillFound> Lookup(int keySet, SwipeKey key, long? bill);

    [Alias("pay")]
    Task<SwipeAnswer> Pay(int keySet, PayBill swipe);

    /// <summary>A swipe that cannot be processed: its final refusal is stored under its key.</summary>
    [Alias("refuse")]
    Task<SwipeAnswer> Refuse(int keySet, SwipeKey key, Refusal reason);

    /// <summary>0201 without card: the outcome of a key. An unknown key is voided.</summary>
    [Alias("enquire")]
    Task<SwipeAnswer> Enquire(int keySet, SwipeKey key, long bill, Money amount);

    /// <summary>0420: the terminal gives the key up. <see cref="SwipeAnswer.State"/> is the state of its row.</summary>
    [Alias("abandon")]
    Task<SwipeAnswer> Abandon(int keySet, SwipeKey key);

    /// <summary>The network's parameters for this terminal.</summary>
    [Alias("parameters")]
    Task<ParametersGiven> Parameters(int keySet);

    /// <summary>Verifies a clerk of the terminal's store.</summary>
    [Alias("sign-in-clerk")]
    Task<ClerkSignedIn> SignInClerk(int keySet, string number, ClerkPassword password);

    /// <summary>What of a payment can be given back at a counter.</summary>
    /// <param name="bill">The number of its bill; null when it is named by its RRN, or when the check digits are wrong.</param>
    [Alias("lookup-refund")]
    Task<BillFound> LookupRefund(int keySet, SwipeKey key, long? bill, long? rrn);

    /// <summary>Gives money of a payment back to its card. A known key gets its stored answer.</summary>
    [Alias("refund")]
    Task<CounterRefundAnswer> Refund(int keySet, RefundAtCounter refund);

    /// <summary>A refund that cannot be processed: its final refusal is stored under its key.</summary>
    [Alias("refuse-refund")]
    Task<CounterRefundAnswer> RefuseRefund(int keySet, SwipeKey key, Refusal reason);

    /// <summary>0221 without a password: the outcome of a key. An unknown key is voided.</summary>
    [Alias("enquire-refund")]
    Task<CounterRefundAnswer> EnquireRefund(int keySet, SwipeKey key, long bill, long amount);

    /// <summary>The terminal's row has changed: it is read again before the next answer.</summary>
    [Alias("refresh")]
    Task Refresh();

    /// <summary>
    /// Closes a batch once: every later close gets the same answer. A batch with a payment that is not decided stays open (09).
    /// </summary>
    /// <param name="listAfter">The answer also lists our payments and refunds after this STAN; null: it does not.</param>
    /// <param name="refunds">The number of refunds that the terminal has; <paramref name="refunded"/> is their sum.</param>
    [Alias("close-batch")]
    Task<ClosedBatch> CloseBatch(int keySet, int batch, int count, long amount, int? listAfter, int refunds = 0, long refunded = 0);
}

/// <param name="Count">The number of our approved payments of the batch; <paramref name="Amount"/> is their sum in minor units.</param>
/// <param name="Refusal">Null when the terminal's totals agree; <see cref="Refusal.TotalsDiffer"/>: closed too. Any other: not closed.</param>
/// <param name="List">STAN and amount of the requested payments, and of refunds with an amount below 0.</param>
/// <param name="Refunds">The number of our refunds of the batch; <paramref name="Refunded"/> is their sum in minor units.</param>
[GenerateSerializer, Immutable, Alias("closed-batch")]
public sealed record ClosedBatch(
    [property: Id(0)] Refusal? Refusal, [property: Id(1)] int Count, [property: Id(2)] long Amount, [property: Id(3)] IReadOnlyList<(int Stan, long Amount)> List,
    [property: Id(4)] int Refunds = 0, [property: Id(5)] long Refunded = 0);

/// <param name="Version">0: there are none.</param>
/// <param name="Body">A JSON object; null when there are none.</param>
[GenerateSerializer, Immutable, Alias("parameters-given")]
public sealed record ParametersGiven([property: Id(0)] Refusal? Refusal, [property: Id(1)] int Version, [property: Id(2)] string? Body);

/// <summary>Its <c>ToString</c> is masked.</summary>
[GenerateSerializer, Immutable, Alias("clerk-password")]
public sealed record ClerkPassword([property: Id(0)] string Text)
{
    public override string ToString() => "***";
}

/// <param name="Name">Null when refused.</param>
[GenerateSerializer, Immutable, Alias("clerk-signed-in")]
public sealed record ClerkSignedIn([property: Id(0)] Refusal? Refusal, [property: Id(1)] string? Name, [property: Id(2)] bool IsSupervisor);

/// <param name="Task">One task at the most.</param>
/// <remarks>Under id 1 an earlier version had the task with other numbers.</remarks>
[GenerateSerializer, Immutable, Alias("heartbeat-answer")]
public sealed record Heartbeat([property: Id(0)] Refusal? Refusal, [property: Id(2)] TerminalTasks Task);
