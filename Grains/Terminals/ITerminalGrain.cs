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
    /// <exception cref="Storage.DatabaseAwayException">Sign on again later.</exception>
    [Alias("sign-on")]
    Task<KeySet> SignOn(byte[] wrappedPinKey, byte[] wrappedMacKey, string language);

    [Alias("sign-off")]
    Task<Refusal?> SignOff(int keySet);

    [Alias("echo")]
    Task<Refusal?> Echo(int keySet);

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
}

/// <summary>Working keys of one sign-on, wrapped under the key-encryption key.</summary>
[GenerateSerializer, Immutable, Alias("key-set")]
public sealed record KeySet([property: Id(0)] int Number, [property: Id(1)] byte[] PinKey, [property: Id(2)] byte[] MacKey)
{
    public override string ToString() => $"key set {Number}";
}

[GenerateSerializer, Immutable, Alias("terminal-row")]
public sealed record TerminalRow(
    [property: Id(0)] string Id,
    [property: Id(1)] string Store,
    [property: Id(2)] string StoreName,
    [property: Id(3)] bool Blocked,
    [property: Id(4)] byte[] MasterKey,
    [property: Id(5)] KeySet? Current,
    [property: Id(6)] KeySet? Next,
    [property: Id(7)] string Language)
{
    public KeySet? Find(int keySet) => Current?.Number == keySet ? Current : Next?.Number == keySet ? Next : null;

    public override string ToString() => $"terminal {Id}";
}
