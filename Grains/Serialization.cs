using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Vocabulary;

namespace Lakala.Grains;

// Rules does not reference Orleans: these surrogates serialize its values between silos.

[GenerateSerializer, Alias("money")]
public readonly record struct MoneySurrogate([property: Id(0)] long Minor, [property: Id(1)] string Currency);

[RegisterConverter]
public sealed class MoneyConverter : IConverter<Money, MoneySurrogate>
{
    public Money ConvertFromSurrogate(in MoneySurrogate surrogate) => new(surrogate.Minor, surrogate.Currency);

    public MoneySurrogate ConvertToSurrogate(in Money value) => new(value.Minor, value.Currency);
}

[GenerateSerializer, Alias("bill-state")]
public readonly record struct BillSurrogate(
    [property: Id(0)] BillState State,
    [property: Id(1)] Money Amount,
    [property: Id(2)] DateTimeOffset ExpiresAt,
    [property: Id(3)] DateTimeOffset? HeldUntil,
    [property: Id(4)] int Holds);

[RegisterConverter]
public sealed class BillConverter : IConverter<Bill, BillSurrogate>
{
    public Bill ConvertFromSurrogate(in BillSurrogate surrogate) =>
        new(surrogate.State, surrogate.Amount, surrogate.ExpiresAt, surrogate.HeldUntil, surrogate.Holds);

    public BillSurrogate ConvertToSurrogate(in Bill value) => new(value.State, value.Amount, value.ExpiresAt, value.HeldUntil, value.Holds);
}

[GenerateSerializer, Alias("swipe-key")]
public readonly record struct SwipeKeySurrogate([property: Id(0)] string Terminal, [property: Id(1)] int Batch, [property: Id(2)] int Stan);

[RegisterConverter]
public sealed class SwipeKeyConverter : IConverter<SwipeKey, SwipeKeySurrogate>
{
    public SwipeKey ConvertFromSurrogate(in SwipeKeySurrogate surrogate) => new(surrogate.Terminal, surrogate.Batch, surrogate.Stan);

    public SwipeKeySurrogate ConvertToSurrogate(in SwipeKey value) => new(value.Terminal, value.Batch, value.Stan);
}

[GenerateSerializer, Alias("bank-answer")]
public readonly record struct BankAnswerSurrogate(
    [property: Id(0)] string ResponseCode,
    [property: Id(1)] string? AuthorisationCode,
    [property: Id(2)] Money? Amount,
    [property: Id(3)] string? Rrn,
    [property: Id(4)] string? Terminal);

[RegisterConverter]
public sealed class BankAnswerConverter : IConverter<BankAnswer, BankAnswerSurrogate>
{
    public BankAnswer ConvertFromSurrogate(in BankAnswerSurrogate surrogate) =>
        new(surrogate.ResponseCode, surrogate.AuthorisationCode, surrogate.Amount, surrogate.Rrn, surrogate.Terminal);

    public BankAnswerSurrogate ConvertToSurrogate(in BankAnswer value) =>
        new(value.ResponseCode, value.AuthorisationCode, value.Amount, value.Rrn, value.Terminal);
}

/// <summary>A card is sent between silos only inside a grain call, over TLS outside the demo; it is never stored.</summary>
[GenerateSerializer, Alias("presented-card")]
public readonly record struct PresentedCardSurrogate(
    [property: Id(0)] string MaskedPan,
    [property: Id(1)] string Track2,
    [property: Id(2)] byte[] PinBlock,
    [property: Id(3)] string Terminal,
    [property: Id(4)] int KeySet,
    [property: Id(5)] byte[] WrappedPinKey)
{
    public override string ToString() => MaskedPan;
}

[RegisterConverter]
public sealed class PresentedCardConverter : IConverter<PresentedCard, PresentedCardSurrogate>
{
    public PresentedCard ConvertFromSurrogate(in PresentedCardSurrogate surrogate) =>
        new(surrogate.MaskedPan, surrogate.Track2, surrogate.PinBlock, new PinKey(surrogate.Terminal, surrogate.KeySet, surrogate.WrappedPinKey));

    public PresentedCardSurrogate ConvertToSurrogate(in PresentedCard value) =>
        new(value.MaskedPan, value.Track2, value.PinBlock, value.PinKey.Terminal, value.PinKey.KeySet, value.PinKey.Wrapped);
}
