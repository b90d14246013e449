using System.Globalization;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Wire.Bank;

/// <summary>Field 90: the original 0200 by message type, STAN, transmission time, acquiring and forwarding institution (4 + 6 + 10 + 11 + 11 digits).</summary>
internal static class OriginalData
{
    private const int StanAt = 4, TimeAt = 10, InstitutionAt = 20;

    public static string Compose(int stan, DateTimeOffset time, string institution) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Mti.PayRequest}{stan:D6}{Field.TransmissionTime(time)}{institution.PadLeft(11, '0')}{new string('0', 11)}");

    public static int StanOf(string data) => int.Parse(data.AsSpan(StanAt, TimeAt - StanAt), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <exception cref="Iso8583Exception">It has no time.</exception>
    public static DateTimeOffset TimeOf(string data, DateTimeOffset now) =>
        Field.TryTransmissionTime(data[TimeAt..InstitutionAt], now, out var time) ? time : throw new Iso8583Exception(90, "holds no transmission time");
}
