using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;

namespace Lakala.Wire.Bank;

/// <summary>
/// 0800 on the bank line, authenticated under the zone master key's sign-on key. The silo makes fresh zone keys for each
/// line and sends them wrapped; the bank only accepts them.
/// </summary>
public sealed record ZoneSignOnRequest(int Stan, DateTimeOffset Time, byte[] Nonce, WrappedKey PinKey, WrappedKey MacKey)
{
    public Iso8583Message ToIso() => new Iso8583Message(Iso8583Spec.Lakala, Mti.NetworkRequest).Set(7, Field.TransmissionTime(Time)).Set(11, Stan).Set(70, NetworkCode.SignOn)
        .Set(48, new PrivateData()
            .Add(Tags.Nonce, Convert.ToHexString(Nonce))
            .Add(Tags.PinKey, Convert.ToHexString(PinKey.Data))
            .Add(Tags.PinKeyCheck, Convert.ToHexString(PinKey.Check))
            .Add(Tags.MacKey, Convert.ToHexString(MacKey.Data))
            .Add(Tags.MacKeyCheck, Convert.ToHexString(MacKey.Check))
            .ToBytes());

    public static ZoneSignOnRequest FromIso(Iso8583Message message, TimeProvider time)
    {
        var data = PrivateData.ReadFrom(message);
        return new ZoneSignOnRequest(
            (int)message.RequireNumber(11),
            time.GetUtcNow(),
            data.RequireHex(Tags.Nonce),
            new WrappedKey(data.RequireHex(Tags.PinKey), data.RequireHex(Tags.PinKeyCheck)),
            new WrappedKey(data.RequireHex(Tags.MacKey), data.RequireHex(Tags.MacKeyCheck)));
    }
}

/// <summary>0800 for an echo, and 0810 to it and to the sign-on.</summary>
/// <param name="ResponseCode">Null in a request.</param>
/// <param name="Nonce">Repeated in the answer to a sign-on.</param>
public sealed record BankNetworkMessage(int Stan, int Code, string? ResponseCode = null, byte[]? Nonce = null)
{
    public Iso8583Message ToIso() => new Iso8583Message(Iso8583Spec.Lakala, ResponseCode is null ? Mti.NetworkRequest : Mti.NetworkAnswer)
        .Set(11, Stan).Set(39, ResponseCode).Set(70, Code)
        .Set(48, Nonce is null ? null : new PrivateData().Add(Tags.Nonce, Convert.ToHexString(Nonce)).ToBytes());

    public static BankNetworkMessage FromIso(Iso8583Message message) => new(
        (int)message.RequireNumber(11),
        (int)message.RequireNumber(70),
        message.Text(39),
        message.Has(48) ? PrivateData.ReadFrom(message).RequireHex(Tags.Nonce) : null);
}
