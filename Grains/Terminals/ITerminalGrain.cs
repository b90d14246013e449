using Lakala.Bills;
using Lakala.Grains.Bills;

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
    /// <exception cref="Storage.DatabaseAwayException">It cannot be found out now.</exception>
    [Alias("find")]
    Task<TerminalRow?> Find();

    /// <summary>Sign-on: stores the next key set, which becomes current with the first message authenticated under it.</summary>
    /// <returns>Null: it signs on too often.</returns>
    /// <exception cref="Storage.DatabaseAwayException">Sign on again later.</exception>
    [Alias("sign-on")]
    Task<KeySet?> SignOn(byte[] wrappedPinKey, byte[] wrappedMacKey, string language);

    [Alias("sign-off")]
    Task<Refusal?> SignOff(int keySet);

    [Alias("echo")]
    Task<Refusal?> Echo(int keySet);

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

/// <summary>Working keys of one sign-on, wrapped under the key-encryption key.</summary>
[GenerateSerializer, Immutable, Alias("key-set")]
public sealed record KeySet([property: Id(0)] int Number, [property: Id(1)] byte[] PinKey, [property: Id(2)] byte[] MacKey)
{
    public override string ToString() => $"key set {Number}";
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

/// <summary>How a terminal is.</summary>
/// <param name="Report">All that it said, as JSON.</param>
/// <param name="IsInOrder">It can take a payment and hand out a receipt, as far as it knows.</param>
/// <param name="Essence">What somebody could act on: while it stays the same, only now and then a row is written.</param>
/// <param name="Parameters">The version that it has; null: it takes none.</param>
/// <param name="Attention">What somebody should see to, in words; empty when there is nothing.</param>
/// <param name="IsTampered">Its case has been opened: it blocks itself.</param>
[GenerateSerializer, Immutable, Alias("health-state")]
public sealed record HealthState([property: Id(0)] string Report, [property: Id(1)] bool IsInOrder, [property: Id(2)] string Essence, [property: Id(3)] int? Parameters = null,
    [property: Id(4)] string Attention = "", [property: Id(5)] bool IsTampered = false);

/// <summary>What the terminal is to do at its next free moment.</summary>
public enum TerminalTask
{
    None,

    /// <summary>Its working keys are old.</summary>
    SignOn,

    /// <summary>Nobody here knows how it is.</summary>
    SendStatus,

    /// <summary>Its parameters are not the newest.</summary>
    FetchParameters,
}

/// <summary>What operators ask of a terminal at its next free moment.</summary>
[Flags]
public enum AskedOf
{
    Nothing = 0,
    NewKeys = 1,
    NewParameters = 2,
    Status = 4,
}

[GenerateSerializer, Immutable, Alias("heartbeat-answer")]
public sealed record Heartbeat([property: Id(0)] Refusal? Refusal, [property: Id(1)] TerminalTask Task);

[GenerateSerializer, Immutable, Alias("terminal-row")]
public sealed record TerminalRow(
    [property: Id(0)] string Id,
    [property: Id(1)] string Store,
    [property: Id(2)] string StoreName,
    [property: Id(3)] bool Blocked,
    [property: Id(4)] byte[] MasterKey,
    [property: Id(5)] KeySet? Current,
    [property: Id(6)] KeySet? Next,
    [property: Id(7)] string Language,
    [property: Id(8)] DateTimeOffset? SignedOnAt,
    [property: Id(9)] int Parameters,
    [property: Id(10)] AskedOf Asked = AskedOf.Nothing)
{
    public KeySet? Find(int keySet) => Current?.Number == keySet ? Current : Next?.Number == keySet ? Next : null;

    public override string ToString() => $"terminal {Id}";
}
