namespace Lakala.Rules.Trades;

/// <summary>How the goods reach the shopper.</summary>
public enum DeliveryMethod
{
    /// <summary>Delivered by the shop's program at once.</summary>
    Auto,

    /// <summary>Something without a parcel: a code, a service.</summary>
    Virtual,

    /// <summary>The shopper fetches it.</summary>
    Pickup,

    Express,

    /// <summary>By ordinary post or a freight line.</summary>
    Surface,
}

/// <summary>What was agreed when an escrow bill was made. Never changes.</summary>
/// <param name="Delivery">The method that the shopper expects.</param>
/// <param name="ShipWithin">From the payment, until the merchant has to ship.</param>
/// <param name="ConfirmWithin">From the shipping, until the goods count as received.</param>
public sealed record EscrowTerms(DeliveryMethod Delivery, TimeSpan ShipWithin, TimeSpan ConfirmWithin)
{
    public static readonly TimeSpan UsualShipTime = TimeSpan.FromHours(72);
    public static readonly TimeSpan ShortestShipTime = TimeSpan.FromHours(1);
    public static readonly TimeSpan ShortestConfirmTime = TimeSpan.FromDays(1);
    public static readonly TimeSpan LongestTime = TimeSpan.FromDays(45);

    public static TimeSpan UsualConfirmTime(DeliveryMethod method) => method switch
    {
        DeliveryMethod.Auto => TimeSpan.FromDays(1),
        DeliveryMethod.Virtual or DeliveryMethod.Pickup => TimeSpan.FromDays(3),
        DeliveryMethod.Express => TimeSpan.FromDays(10),
        DeliveryMethod.Surface => TimeSpan.FromDays(30),
        _ => throw new ArgumentOutOfRangeException(nameof(method), method, "No such method."),
    };

    /// <summary>The time for the shopper's confirmation of goods that were sent by this method.</summary>
    /// <remarks>Never shorter than what she was shown when she paid, although the merchant chooses the method afterwards.</remarks>
    public TimeSpan ConfirmTime(DeliveryMethod method) =>
        method == Delivery || ConfirmWithin > UsualConfirmTime(method) ? ConfirmWithin : UsualConfirmTime(method);
}
