using System.Globalization;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Terminal;

/// <summary>The money of the bill is held until the customer has the goods. The terminal shows it before the payment.</summary>
/// <param name="ShipWithin">From the payment, whole seconds.</param>
/// <param name="CheckWithin">From the shipping until the merchant gets the money, whole seconds.</param>
public readonly record struct Guarantee(TimeSpan ShipWithin, TimeSpan CheckWithin)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(long)ShipWithin.TotalSeconds} {(long)CheckWithin.TotalSeconds}");

    /// <returns>Null: the money of the bill is not held.</returns>
    /// <exception cref="Iso8583Exception">Not two numbers.</exception>
    internal static Guarantee? ReadFrom(PrivateData data) => data[Tags.Guarantee] is not { } text ? null
        : text.Split(' ') is [var ship, var check] && TryRead(ship, out var shipWithin) && TryRead(check, out var checkWithin)
            ? new Guarantee(shipWithin, checkWithin)
        : throw new Iso8583Exception(48, $"holds no two times in the element {Tags.Guarantee}");

    private static bool TryRead(string digits, out TimeSpan time)
    {
        var isTime = int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds);
        time = TimeSpan.FromSeconds(seconds);
        return isTime;
    }
}
