using System.Globalization;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Terminal;

/// <summary>0810 to a request for parameters: 0800, field 70 = 062.</summary>
/// <param name="Version">0: there are none.</param>
/// <param name="Json">An object; null when there are none.</param>
public sealed record ParametersAnswer(Origin To, Verdict Verdict, int Version, string? Json)
{
    /// <summary>The longest JSON in bytes of UTF-8 that fits beside the texts.</summary>
    public const int MaxJson = 640;

    public Iso8583Message ToIso() => To.On(Mti.NetworkAnswer).Set(39, Verdict.Code).Set(70, NetworkCode.Parameters)
        .Set(48, Verdict.AddTo(new PrivateData()
            .Add(Tags.ParametersVersion, Version.ToString(CultureInfo.InvariantCulture)).Add(Tags.Parameters, Json)).ToBytes());

    public static ParametersAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.ReadFrom(message);
        return new ParametersAnswer(Origin.ReadFrom(message), Verdict.ReadFrom(message, data), data.RequireNumber(Tags.ParametersVersion), data[Tags.Parameters]);
    }
}
