using Lakala.Grains.Bills;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;

namespace Lakala.Grains.Terminals;

/// <summary>A terminal: its keys, its session and what it may ask. Its key is the terminal id (field 41).</summary>
/// <remarks>
/// The gateway has checked the MAC under the key set it names before it calls, so a grain never sees a forged message.
/// Whether that key set is still the terminal's is decided here, on every call.
/// </remarks>
[Alias("terminal")]
public interface ITerminalGrain : IGrainWithStringKey
{
    /// <summary>Null when there is no such terminal.</summary>
    /// <exception cref="DatabaseAwayException">It cannot be found out now.</exception>
    [Alias("find")]
    Task<TerminalRow?> Find();

    /// <summary>Sign-on: stores the next key set, which becomes current with the first message authenticated under it.</summary>
    /// <returns>Null: it signs on too often.</returns>
    /// <exception cref="DatabaseAwayException">Sign on again later.</exception>
    [Alias("sign-on")]
    Task<KeySet?> SignOn(byte[] wrappedPinKey, byte[] wrappedMacKey, string language);

    [Alias("sign-off")]
    Task<Refusal?> SignOff(int keySet);

    /// <summary>An echo that says how the terminal is. The last one is kept here, what changes in the database.</summary>
    /// <param name="health">Null: it did not say.</param>
    [Alias("heartbeat")]
    Task<Heartbeat> Beat(int keySet, HealthState? health);

    /// <param name="bill">Null when the check digits are wrong.</param>
    [Alias("lookup")]
    Task<BillFound> Lookup(int keySet, SwipeKey key, long? bill);

    [Alias("pay")]
    Task<SwipeAnswer> Pay(int keySet, PayBill swipe);

    /// <summary>A swipe that cannot even be asked: its final refusal is stored under its key.</summary>
    [Alias("refuse")]
    Task<SwipeAnswer> Refuse(int keySet, SwipeKey key, Refusal reason);

    /// <summary>0201 without card: what became of a key. A key that was never seen is voided.</summary>
    [Alias("enquire")]
    Task<SwipeAnswer> Enquire(int keySet, SwipeKey key, long bill, Money amount);

    /// <summary>0420: the terminal gives the key up. <see cref="SwipeAnswer.State"/> says what it found.</summary>
    [Alias("abandon")]
    Task<SwipeAnswer> Abandon(int keySet, SwipeKey key);

    /// <summary>The network's parameters for this terminal.</summary>
    [Alias("parameters")]
    Task<ParametersGiven> Parameters(int keySet);

    /// <summary>Whether this is a clerk of the terminal's store.</summary>
    [Alias("sign-in-clerk")]
    Task<ClerkSignedIn> SignInClerk(int keySet, string number, ClerkPassword password);

    /// <summary>What stands in the database of this terminal has changed: it is read again before the next answer.</summary>
    [Alias("refresh")]
    Task Refresh();

    /// <summary>
    /// Closes a batch, once: whatever is said of it later hears the same. A batch with a payment that is not decided stays open (09).
    /// </summary>
    /// <param name="listAfter">Our approved payments after this STAN are wanted too.</param>
    [Alias("close-batch")]
    Task<ClosedBatch> CloseBatch(int keySet, int batch, int count, long amount, int? listAfter);
}

/// <param name="Count">How many payments of the batch we have approved, and <paramref name="Amount"/> their sum in minor units.</param>
/// <param name="Refusal">Null when the terminal's totals agree; <see cref="Refusal.TotalsDiffer"/>: closed too. Any other: not closed.</param>
/// <param name="List">STAN and amount of what was asked for.</param>
[GenerateSerializer, Immutable, Alias("closed-batch")]
public sealed record ClosedBatch(
    [property: Id(0)] Refusal? Refusal, [property: Id(1)] int Count, [property: Id(2)] long Amount, [property: Id(3)] IReadOnlyList<(int Stan, long Amount)> List);

/// <param name="Version">0: there are none.</param>
/// <param name="Body">A JSON object; null when there are none.</param>
[GenerateSerializer, Immutable, Alias("parameters-given")]
public sealed record ParametersGiven([property: Id(0)] Refusal? Refusal, [property: Id(1)] int Version, [property: Id(2)] string? Body);

/// <summary>Prints itself masked.</summary>
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
