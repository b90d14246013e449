using System.Globalization;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Terminal;

internal static class Field
{
    private const int MaxBatch = 999_999;
    private const int MaxBill = 32;
    private const int MaxClerk = 8;
    private const int AmountDigits = 12;

    public static string TransmissionTime(DateTimeOffset time) => time.UtcDateTime.ToString("MMddHHmmss", CultureInfo.InvariantCulture);

    /// <summary>The wire has no year: the latest such moment, at most a day after <paramref name="now"/>, because clocks differ.</summary>
    public static bool TryTransmissionTime(string text, DateTimeOffset now, out DateTimeOffset time)
    {
        // The 29th of February comes at least every eighth year.
        time = default;
        for (var year = now.Year + 1; year >= now.Year - 8; year--)
        {
            if (DateTimeOffset.TryParseExact(
                    string.Create(CultureInfo.InvariantCulture, $"{year:D4}{text}"), "yyyyMMddHHmmss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time)
                && time <= now.AddDays(1))
            {
                return true;
            }
        }

        return false;
    }

    public static string Batch(int batch) => batch.ToString("D6", CultureInfo.InvariantCulture);

    /// <exception cref="Iso8583Exception">Absent, not a number, or of more than six digits.</exception>
    public static int BatchOf(PrivateData data) => data.RequireNumber(Tags.Batch) is var batch and <= MaxBatch
        ? batch
        : throw new Iso8583Exception(48, $"holds more than six digits in the element {Tags.Batch}");

    /// <summary>The input as keyed in, right or wrong. Bounded, because the answer repeats it beside its own texts.</summary>
    /// <exception cref="Iso8583Exception">Absent, or too long.</exception>
    public static string BillOf(PrivateData data) => data.Require(Tags.BillNumber) is { Length: <= MaxBill } bill
        ? bill
        : throw new Iso8583Exception(48, $"holds more than {MaxBill} characters in the element {Tags.BillNumber}");

    /// <exception cref="Iso8583Exception">Absent, or longer than a clerk's number.</exception>
    public static string ClerkOf(PrivateData data, string tag) => data.Require(tag) is { Length: > 0 and <= MaxClerk } clerk
        ? clerk
        : throw new Iso8583Exception(48, $"holds no clerk's number in the element {tag}");

    /// <exception cref="Iso8583Exception">Absent, or not twelve digits.</exception>
    public static long AmountOf(PrivateData data, string tag) =>
        data.Require(tag) is { Length: AmountDigits } digits && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var amount)
            ? amount
            : throw new Iso8583Exception(48, $"holds no amount in the element {tag}");

    /// <exception cref="Iso8583Exception">The processing code is another.</exception>
    public static void RequireRefund(Iso8583Message message)
    {
        if (message.RequireNumber(3) != ProcessingCode.Refund)
        {
            throw new Iso8583Exception(3, "is not that of a refund");
        }
    }
}
