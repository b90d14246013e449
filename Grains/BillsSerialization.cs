using Lakala.Bills;

namespace Lakala.Grains;

// Bills knows no Orleans: these carry its values between silos.

[GenerateSerializer, Alias("money")]
public struct MoneySurrogate
{
    [Id(0)] public long Minor;
    [Id(1)] public string Currency;
}

[RegisterConverter]
public sealed class MoneyConverter : IConverter<Money, MoneySurrogate>
{
    public Money ConvertFromSurrogate(in MoneySurrogate surrogate) => new(surrogate.Minor, surrogate.Currency);

    public MoneySurrogate ConvertToSurrogate(in Money value) => new() { Minor = value.Minor, Currency = value.Currency };
}

[GenerateSerializer, Alias("bill-state")]
public struct BillSurrogate
{
    [Id(0)] public BillState State;
    [Id(1)] public Money Amount;
    [Id(2)] public DateTimeOffset ExpiresAt;
    [Id(3)] public DateTimeOffset? HeldUntil;
    [Id(4)] public int Holds;
}

[RegisterConverter]
public sealed class BillConverter : IConverter<Bill, BillSurrogate>
{
    public Bill ConvertFromSurrogate(in BillSurrogate surrogate) =>
        new(surrogate.State, surrogate.Amount, surrogate.ExpiresAt, surrogate.HeldUntil, surrogate.Holds);

    public BillSurrogate ConvertToSurrogate(in Bill value) => new()
    {
        State = value.State,
        Amount = value.Amount,
        ExpiresAt = value.ExpiresAt,
        HeldUntil = value.HeldUntil,
        Holds = value.Holds,
    };
}

[GenerateSerializer, Alias("swipe-key")]
public struct SwipeKeySurrogate
{
    [Id(0)] public string Terminal;
    [Id(1)] public int Batch;
    [Id(2)] public int Stan;
}

[RegisterConverter]
public sealed class SwipeKeyConverter : IConverter<SwipeKey, SwipeKeySurrogate>
{
    public SwipeKey ConvertFromSurrogate(in SwipeKeySurrogate surrogate) => new(surrogate.Terminal, surrogate.Batch, surrogate.Stan);

    public SwipeKeySurrogate ConvertToSurrogate(in SwipeKey value) => new() { Terminal = value.Terminal, Batch = value.Batch, Stan = value.Stan };
}

/// <summary>Crosses silos only inside a grain call, over TLS outside the demo; nothing stores it.</summary>
[GenerateSerializer, Alias("presented-card")]
public struct PresentedCardSurrogate
{
    [Id(0)] public string MaskedPan;
    [Id(1)] public string Track2;
    [Id(2)] public byte[] PinBlock;
    [Id(3)] public string Terminal;
    [Id(4)] public int KeySet;
    [Id(5)] public byte[] WrappedPinKey;
}

[RegisterConverter]
public sealed class PresentedCardConverter : IConverter<PresentedCard, PresentedCardSurrogate>
{
    public PresentedCard ConvertFromSurrogate(in PresentedCardSurrogate surrogate) =>
        new(surrogate.MaskedPan, surrogate.Track2, surrogate.PinBlock, new PinKey(surrogate.Terminal, surrogate.KeySet, surrogate.WrappedPinKey));

    public PresentedCardSurrogate ConvertToSurrogate(in PresentedCard value) => new()
    {
        MaskedPan = value.MaskedPan,
        Track2 = value.Track2,
        PinBlock = value.PinBlock,
        Terminal = value.PinKey.Terminal,
        KeySet = value.PinKey.KeySet,
        WrappedPinKey = value.PinKey.Wrapped,
    };
}
