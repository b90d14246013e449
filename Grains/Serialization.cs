using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Rules.Trades;
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

[GenerateSerializer, Alias("escrow-terms")]
public readonly record struct EscrowTermsSurrogate(
    [property: Id(0)] DeliveryMethod Delivery, [property: Id(1)] TimeSpan ShipWithin, [property: Id(2)] TimeSpan ConfirmWithin);

[RegisterConverter]
public sealed class EscrowTermsConverter : IConverter<EscrowTerms, EscrowTermsSurrogate>
{
    public EscrowTerms ConvertFromSurrogate(in EscrowTermsSurrogate surrogate) => new(surrogate.Delivery, surrogate.ShipWithin, surrogate.ConfirmWithin);

    public EscrowTermsSurrogate ConvertToSurrogate(in EscrowTerms value) => new(value.Delivery, value.ShipWithin, value.ConfirmWithin);
}

[GenerateSerializer, Alias("shipping")]
public readonly record struct ShippingSurrogate([property: Id(0)] DeliveryMethod Method, [property: Id(1)] string Carrier, [property: Id(2)] string TrackingNumber);

[RegisterConverter]
public sealed class ShippingConverter : IConverter<Shipping, ShippingSurrogate>
{
    public Shipping ConvertFromSurrogate(in ShippingSurrogate surrogate) => new(surrogate.Method, surrogate.Carrier, surrogate.TrackingNumber);

    public ShippingSurrogate ConvertToSurrogate(in Shipping value) => new(value.Method, value.Carrier, value.TrackingNumber);
}

[GenerateSerializer, Alias("trade")]
public readonly record struct TradeSurrogate(
    [property: Id(0)] EscrowTerms Terms,
    [property: Id(1)] TradeState State,
    [property: Id(2)] long Held,
    [property: Id(3)] DateTimeOffset HeldSince,
    [property: Id(4)] DateTimeOffset? DueAt,
    [property: Id(5)] long Released,
    [property: Id(6)] int Releases,
    [property: Id(7)] bool IsOverdue,
    [property: Id(8)] Shipping? Shipping,
    [property: Id(9)] DateTimeOffset? ShippedAt,
    [property: Id(10)] bool IsCorrected,
    [property: Id(11)] int? ShopperExtended,
    [property: Id(12)] int? MerchantExtended,
    [property: Id(13)] TimeSpan? Left,
    [property: Id(14)] DateTimeOffset? LeasedUntil,
    [property: Id(15)] int Leases,
    [property: Id(16)] string? FrozenBy,
    [property: Id(17)] DateTimeOffset? EndedAt,
    [property: Id(18)] int Moves);

[RegisterConverter]
public sealed class TradeConverter : IConverter<Trade, TradeSurrogate>
{
    public Trade ConvertFromSurrogate(in TradeSurrogate surrogate) => new(
        surrogate.Terms,
        surrogate.State,
        surrogate.Held,
        surrogate.HeldSince,
        surrogate.DueAt,
        surrogate.Released,
        surrogate.Releases,
        surrogate.IsOverdue,
        surrogate.Shipping,
        surrogate.ShippedAt,
        surrogate.IsCorrected,
        surrogate.ShopperExtended,
        surrogate.MerchantExtended,
        surrogate.Left,
        surrogate.LeasedUntil,
        surrogate.Leases,
        surrogate.FrozenBy,
        surrogate.EndedAt,
        surrogate.Moves);

    public TradeSurrogate ConvertToSurrogate(in Trade value) => new(
        value.Terms,
        value.State,
        value.Held,
        value.HeldSince,
        value.DueAt,
        value.Released,
        value.Releases,
        value.IsOverdue,
        value.Shipping,
        value.ShippedAt,
        value.IsCorrected,
        value.ShopperExtended,
        value.MerchantExtended,
        value.Left,
        value.LeasedUntil,
        value.Leases,
        value.FrozenBy,
        value.EndedAt,
        value.Moves);
}

[GenerateSerializer, Alias("rates")]
public readonly record struct RatesSurrogate([property: Id(0)] int FeeBasisPoints, [property: Id(1)] int CommissionPercent);

[RegisterConverter]
public sealed class RatesConverter : IConverter<Rates, RatesSurrogate>
{
    public Rates ConvertFromSurrogate(in RatesSurrogate surrogate) => new(surrogate.FeeBasisPoints, surrogate.CommissionPercent);

    public RatesSurrogate ConvertToSurrogate(in Rates value) => new(value.FeeBasisPoints, value.CommissionPercent);
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
