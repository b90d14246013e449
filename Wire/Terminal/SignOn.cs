using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;

namespace Lakala.Wire.Terminal;

/// <summary>0800, field 70 = 001, authenticated under the sign-on key.</summary>
/// <param name="Nonce">16 random bytes that the answer repeats.</param>
/// <param name="Language"><c>en</c> or <c>zh</c>: the language of the texts in answers.</param>
public sealed record SignOnRequest(Origin From, DateTimeOffset Time, byte[] Nonce, string SoftwareVersion, string Language)
{
    public const int NonceLength = 16;

    public Iso8583Message ToIso() => From.On(Mti.NetworkRequest).Set(7, Field.TransmissionTime(Time)).Set(70, NetworkCode.SignOn).Set(48, new PrivateData()
        .Add(Tags.Nonce, Convert.ToHexString(Nonce))
        .Add(Tags.SoftwareVersion, SoftwareVersion)
        .Add(Tags.Language, Language)
        .ToBytes());

    public static SignOnRequest FromIso(Iso8583Message message, TimeProvider time)
    {
        var data = PrivateData.ReadFrom(message);
        return new SignOnRequest(
            Origin.ReadFrom(message),
            time.GetUtcNow(),
            data.RequireHex(Tags.Nonce) is { Length: NonceLength } nonce ? nonce : throw new Iso8583Exception(48, $"holds no nonce of {NonceLength} bytes"),
            data[Tags.SoftwareVersion] ?? "",
            data[Tags.Language] ?? "en");
    }
}

/// <summary>0810 to a sign-on, authenticated under the sign-on key.</summary>
/// <param name="KeySet">The number of the working keys, for field 53 of all later messages.</param>
public sealed record SignOnAnswer(
    Origin To, Verdict Verdict, byte[] Nonce, int KeySet, WrappedKey PinKey, WrappedKey MacKey, DateTimeOffset ServerTime, string StoreName)
{
    private const int MaxStoreName = 120;

    public Iso8583Message ToIso() => To.On(Mti.NetworkAnswer).Set(39, Verdict.Code).Set(53, SecurityControl.Compose(KeySet)).Set(70, NetworkCode.SignOn)
        .Set(48, Verdict.AddTo(new PrivateData()
            .Add(Tags.Nonce, Convert.ToHexString(Nonce))
            .Add(Tags.PinKey, Convert.ToHexString(PinKey.Data))
            .Add(Tags.PinKeyCheck, Convert.ToHexString(PinKey.Check))
            .Add(Tags.MacKey, Convert.ToHexString(MacKey.Data))
            .Add(Tags.MacKeyCheck, Convert.ToHexString(MacKey.Check))
            .Add(Tags.ServerTime, ServerTime)
            .AddText(Tags.StoreName, StoreName, MaxStoreName)).ToBytes());

    public static SignOnAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.ReadFrom(message);
        return new SignOnAnswer(
            Origin.ReadFrom(message),
            Verdict.ReadFrom(message, data),
            data.RequireHex(Tags.Nonce),
            SecurityControl.KeySetOf(message),
            new WrappedKey(data.RequireHex(Tags.PinKey), data.RequireHex(Tags.PinKeyCheck)),
            new WrappedKey(data.RequireHex(Tags.MacKey), data.RequireHex(Tags.MacKeyCheck)),
            data.Time(Tags.ServerTime) ?? throw new Iso8583Exception(48, $"lacks the element {Tags.ServerTime}"),
            data[Tags.StoreName] ?? "");
    }
}

/// <summary>0810 to a sign-on that is refused although its MAC is right, authenticated under the sign-on key.</summary>
public sealed record SignOnRefusal(Origin To, Verdict Verdict, byte[] Nonce)
{
    public Iso8583Message ToIso() => To.On(Mti.NetworkAnswer).Set(39, Verdict.Code).Set(70, NetworkCode.SignOn)
        .Set(48, Verdict.AddTo(new PrivateData().Add(Tags.Nonce, Convert.ToHexString(Nonce))).ToBytes());

    public static SignOnRefusal FromIso(Iso8583Message message)
    {
        var data = PrivateData.ReadFrom(message);
        return new SignOnRefusal(Origin.ReadFrom(message), Verdict.ReadFrom(message, data), data.RequireHex(Tags.Nonce));
    }
}
